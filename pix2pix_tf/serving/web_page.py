"""The development server's page: index.html with the model's name and palette, and the files that it loads."""

import json
from collections.abc import Callable
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parent / "page"
SETTINGS = '{"model": "model", "palette": null, "size": null}'  # What index.html holds in the place of its model's.
HEADERS = {
    # The page may ask another server, such as TensorFlow Serving, for outputs; it loads nothing from there.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # A browser asks whether a file has changed, so that all are of one version.
}


def routes(model_name: str, card: Callable[[], dict]) -> list[BaseRoute]:
    """The routes of the page: `/`, and its files below `/page`.

    Args:
      model_name: what the model is called in `/v1/models/NAME`, the only routes that the page asks.
      card: gives the model card of the version that is served now. Of it, the page takes `palette`, {class name: RGB
        of 0 to 255} of the label maps that the model takes, or None if it takes something else; and the training size.
    """

    async def index(_):
        return HTMLResponse(_page(model_name, card()), headers=HEADERS)

    return [Route("/", index), Mount("/page", _Files(directory=PAGE))]


def _page(model_name, card):
    if not _shows_rgb(card):
        return _why_not(model_name, card)
    # Within a script element, "<" may end it or start a comment; in JSON it only occurs in strings.
    size = card.get("config", {}).get("image_size")
    settings = json.dumps({"model": model_name, "palette": card.get("palette"), "size": size}).replace("<", "\\u003c")
    return (PAGE / "index.html").read_text(encoding="utf-8").replace(SETTINGS, settings)


def _shows_rgb(card):
    usual = {"channels": 3, "dtype": "uint8", "low": 0.0, "high": 255.0}
    return all(card.get(side, usual) == usual for side in ("input", "output"))


def _why_not(model_name, card):
    """A page that says which images the model takes, and how to send them."""
    kinds = [
        f"{card[side]['channels']} × {card[side]['dtype']} from {card[side]['low']:g} to {card[side]['high']:g}"
        for side in ("input", "output")
    ]
    return (
        f"<!doctype html><meta charset=utf-8><title>{model_name}</title><p>The model {model_name} takes images of "
        f"{kinds[0]} and makes images of {kinds[1]}. This page shows RGB of 8 bits only; send arrays to "
        f"<code>/v1/models/{model_name}:predict</code>, signature <code>translate</code>, or by gRPC.\n"
    )


class _Files(StaticFiles):
    """Static files with HEADERS."""

    def file_response(self, *args, **kwargs):
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response

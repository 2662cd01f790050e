"""The development server's page: index.html with the model's name and palette, and the files that it loads."""

import json
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


def routes(model_name: str, card: dict) -> list[BaseRoute]:
    """The routes of the page: `/`, and its files below `/page`.

    Args:
      model_name: what the model is called in `/v1/models/NAME`, the only routes that the page asks.
      card: the model card. Of it, the page takes `palette`, {class name: RGB of 0 to 255} of the label maps that the
        model takes, or None if it takes something else; and the training size.
    """
    # Within a script element, "<" may end it or start a comment; in JSON it only occurs in strings.
    size = card.get("config", {}).get("image_size")
    settings = json.dumps({"model": model_name, "palette": card.get("palette"), "size": size}).replace("<", "\\u003c")
    html = (PAGE / "index.html").read_text(encoding="utf-8").replace(SETTINGS, settings)

    async def index(_):
        return HTMLResponse(html, headers=HEADERS)

    return [Route("/", index), Mount("/page", _Files(directory=PAGE))]


class _Files(StaticFiles):
    """Static files with HEADERS."""

    def file_response(self, *args, **kwargs):
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response

"""index.html in the output folder: input | output (| target) of each image, to be opened from the disk.

It needs nothing outside of that folder: inputs and targets, which a browser may not be able to show, are there as
thumbnails, and so are large outputs.
"""

import contextlib
import dataclasses
import hashlib
import html
import os
import string
import urllib.parse
from pathlib import Path

from PIL import Image

from pix2pix_tf import array_files, display
from pix2pix_tf.config import Config
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.errors import UserError
from pix2pix_tf.folder_translation.items import Item
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.utils.atomic import atomic_path, write_text
from pix2pix_tf.utils.image_files import THUMBNAILS

THUMBNAIL = 512  # pixels, the longer side at most
LONGEST_NAME = 255  # bytes, on most disks
PAGE = Path(__file__).parent / "page" / "gallery.html"


@dataclasses.dataclass(frozen=True)
class Row:
    """One input of the page.

    `size` is that of the output, as people write it; `shown` is {"input", "output" or "target": (path below the output
    folder, (width, height))}; `unreadable` are sentences on what cannot be shown.
    """

    item: Item
    size: str
    shown: dict[str, tuple[str, tuple[int, int]]]
    unreadable: list[str]


def write_gallery(output: str, items: list[Item], settings: dict, kinds: Config) -> tuple[str, list[str]]:
    """Writes index.html on these items, and the thumbnails that are not there yet.

    Of `settings`, those of the `Model`, the page shows `model`, `seed`, and `step` if it is known; `kinds` are that
    model's.

    Returns:
      (The path of index.html, a sentence on each image that cannot be read.)
    """
    path = os.path.join(output, "index.html")
    try:
        rows = list(in_parallel(lambda item: _row(item, output, kinds), items, "gallery"))
        write_text(path, _page(rows, any(item.target for item in items), settings))
    except OSError as error:
        raise UserError(
            f"the gallery in {output} cannot be written ({error}); check the folder and its disk."
        ) from None
    return path, [sentence for row in rows for sentence in row.unreadable]


def _row(item, output, kinds):
    made = os.path.join(output, item.output)
    header, shown, unreadable = None, {}, []
    with _noted(unreadable):
        header = array_files.read_header(made)
    sides = {"input": input_side(kinds), "output": output_side(kinds), "target": output_side(kinds)}
    images = {"input": (item.source, item.files[0])}
    images["output"] = (lambda: array_files.read(made, sides["output"])), made
    if item.target:
        images["target"] = item.target, item.files[1]
    for kind, (read, file) in images.items():
        with _noted(unreadable):
            is_shown = header and max(header.width, header.height) <= THUMBNAIL and sides["output"].is_rgb
            if kind == "output" and is_shown and item.output.endswith(".png"):
                shown[kind] = item.output, (header.width, header.height)
            elif kind != "output" or header:
                path = _thumbnail_path(kind, item.output)
                shown[kind] = path, _thumbnail(read, sides[kind], kinds, file, os.path.join(output, path))
    return Row(item, f"{header.width} × {header.height}" if header else "", shown, unreadable)


@contextlib.contextmanager
def _noted(sentences):
    try:
        yield
    except UserError as error:
        sentences.append(str(error))


def _thumbnail_path(kind, output):
    """Below the output folder; a name that would be too long for the disk becomes its checksum."""
    folder, name = os.path.split(output)
    name = f"{name}.jpg"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.jpg"
    return os.path.join(THUMBNAILS, kind, folder, name)


def _thumbnail(read, side, kinds, file, path):
    """Makes the thumbnail `path` of an image, unless it is there and has the time of its file → (width, height)."""
    time = os.stat(file).st_mtime_ns if file else 0
    if not os.path.exists(path) or os.stat(path).st_mtime_ns != time:
        thumbnail = Image.fromarray(display.preview(read(), side, kinds))
        thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with atomic_path(path) as temporary:
            thumbnail.save(temporary, "JPEG", quality=90, subsampling=0)
            os.utime(temporary, ns=(time, time))
    with Image.open(path) as thumbnail:
        return thumbnail.size


def _page(rows, with_targets, settings):
    model = Path(settings["model"])
    noise = "without noise" if settings["seed"] is None else f"noise of seed {settings['seed']}"
    about = [f"{len(rows):,} images" if len(rows) != 1 else "1 image"]
    about += [f"step {settings['step']:,}"] if "step" in settings else []
    kinds = ["input", "output", *(["target"] if with_targets else [])]
    return string.Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=_text(f"{model.parent.name}/{model.name}" if model.name.isdecimal() else model.name),
        about=_text(" · ".join([*about, noise])),
        layout="three" if with_targets else "two",
        rows="\n".join(_article(row, kinds) for row in rows),
    )


def _article(row, kinds):
    figures = "".join(f"<figure><figcaption>{kind}</figcaption>{_image(row, kind)}</figure>" for kind in kinds)
    return f"    <article>{figures}<h2>{_text(row.item.name)} <span>{row.size}</span></h2></article>"


def _image(row, kind):
    if kind not in row.shown:
        return '<div class="none">none</div>'
    path, (width, height) = row.shown[kind]
    image = (
        f'<img src="{_url(path)}" width="{width}" height="{height}" alt="{kind}: {_text(row.item.name)}" '
        'loading="lazy" decoding="async">'
    )
    return f'<a href="{_url(row.item.output)}">{image}</a>' if kind == "output" else image


def _text(name):
    """A file name, which may hold anything, as text of the page."""
    return html.escape(os.fsencode(name).decode("utf-8", "replace"))


def _url(path):
    """A path below the output folder as a relative address; the `./` keeps a colon from ending a scheme."""
    return "./" + urllib.parse.quote(os.fsencode(path))

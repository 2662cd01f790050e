"""index.html in the output folder: input | output (| target) of each image, to be opened from the disk.

It needs nothing outside of that folder: inputs and targets, which a browser may not be able to show, are there as
thumbnails, and so are large outputs.
"""

import dataclasses
import html
import os
import string
import urllib.parse
from pathlib import Path

from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.errors import UserError
from pix2pix_tf.folder_translation.image_names import list_images

THUMBNAIL = 512  # pixels, the longer side at most
FOLDER = "gallery"  # of the thumbnails
PAGE = Path(__file__).parent / "page" / "gallery.html"


@dataclasses.dataclass(frozen=True)
class Row:
    """One input of the page.

    Attributes:
      name, answer: the paths of input and output in their folders.
      size: of the output, as people write it.
      shown: {"input", "output" or "target": (path below the output folder, (width, height)) of what is shown}.
      unreadable: a sentence on each of these that cannot be shown.
    """

    name: str
    answer: str
    size: str
    shown: dict[str, tuple[str, tuple[int, int]]]
    unreadable: list[str]


def write_gallery(output: str, root: str, answers: dict[str, str], target: str | None, settings: dict):
    """Writes index.html, and the thumbnails that are not there yet.

    Args:
      output: the output folder.
      root: the folder of the inputs.
      answers: {path of an input in `root`: path of its answer in `output`}, in the order of the page.
      target: folder of targets, which have the path of their input, if need be with another ending; or None.
      settings: what the page says of the model: `model`, `seed`, and `step` if it is known.

    Returns:
      (The path of index.html, a sentence on each image that cannot be read.)
    """
    targets = list_images(target) if target else []
    by_name = {_stem(path): path for path in targets} | {path: path for path in targets}

    def row(name):
        files = {"input": os.path.join(root, name), "output": os.path.join(output, answers[name])}
        partner = by_name.get(name, by_name.get(_stem(name)))
        if partner:
            files["target"] = os.path.join(target, partner)
        return _row(name, answers[name], files, output)

    path = os.path.join(output, "index.html")
    try:
        rows = list(in_parallel(row, list(answers), "gallery"))
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            file.write(_page(rows, bool(targets), settings))
        os.replace(path + ".tmp", path)
    except OSError as error:
        raise UserError(
            f"the gallery in {output} cannot be written ({error}); see to the folder and its disk."
        ) from None
    return path, [sentence for row in rows for sentence in row.unreadable]


def _row(name, answer, files, output):
    size, shown, unreadable = "", {}, []
    for kind, file in files.items():
        try:
            header = images.read_header(file)
            if kind == "output":
                size = f"{header.width} × {header.height}"
            if kind == "output" and max(header.width, header.height) <= THUMBNAIL:
                shown[kind] = answer, (header.width, header.height)
            else:
                path = os.path.join(FOLDER, kind, f"{answer}.jpg")
                shown[kind] = path, _thumbnail(file, os.path.join(output, path))
        except UserError as error:
            unreadable.append(str(error))
    return Row(name, answer, size, shown, unreadable)


def _thumbnail(file, path):
    """Makes the thumbnail `path` of an image, unless it is there and has the image's time → (width, height)."""
    time = os.stat(file).st_mtime_ns
    if not os.path.exists(path) or os.stat(path).st_mtime_ns != time:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        thumbnail = Image.fromarray(images.read_image(file))
        thumbnail.thumbnail((THUMBNAIL, THUMBNAIL))
        thumbnail.save(path + ".tmp", "JPEG", quality=90, subsampling=0)
        os.utime(path + ".tmp", ns=(time, time))
        os.replace(path + ".tmp", path)
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
    return f"    <article>{figures}<h2>{_text(row.name)} <span>{row.size}</span></h2></article>"


def _image(row, kind):
    if kind not in row.shown:
        return '<div class="none">none</div>'
    path, (width, height) = row.shown[kind]
    image = (
        f'<img src="{_url(path)}" width="{width}" height="{height}" alt="{kind}: {_text(row.name)}" '
        'loading="lazy" decoding="async">'
    )
    return f'<a href="{_url(row.answer)}">{image}</a>' if kind == "output" else image


def _text(name):
    """A file name, which may hold anything, as text of the page."""
    return html.escape(os.fsencode(name).decode("utf-8", "replace"))


def _url(path):
    """A path below the output folder as a relative address; the `./` keeps a colon from ending a scheme."""
    return "./" + urllib.parse.quote(os.fsencode(path))


def _stem(path):
    return os.path.splitext(path)[0]

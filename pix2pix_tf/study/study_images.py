"""The folders of a study: which images they hold, whether they fit together, and the form in which they are sent."""

import dataclasses
import hashlib
import io
import os
import re

from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.image_files import EXAMPLES, list_images


@dataclasses.dataclass(frozen=True)
class StudyImages:
    """The images of a study: {name: path}, the name being the path in its folder without the ending.

    Attributes:
      real: the photographs.
      fakes: {algorithm: its images}.
    """

    real: dict[str, str]
    fakes: dict[str, dict[str, str]]

    def fingerprint(self) -> str:
        """Equal for images of the same names."""
        names = [(algorithm, *found) for algorithm, found in (("", self.real), *sorted(self.fakes.items()))]
        return hashlib.sha256(repr(names).encode()).hexdigest()


def parse_fakes(given: list[str]) -> dict[str, str]:
    """["cgan:out/cgan", …] → {"cgan": "out/cgan", …}; raises UserError where a name or a folder is missing."""
    fakes = {}
    for text in given:
        name, _, folder = text.partition(":")
        if not folder or not re.fullmatch(r"[\w.+ -]+", name):
            raise UserError(
                "--fake must be NAME:DIR, such as cgan:out/cgan, with a NAME of letters, digits, spaces and . + - _. "
                f"Received: {text!r}."
            )
        if name in fakes:
            raise UserError(f"--fake gives {name} twice; give each algorithm a name of its own.")
        fakes[name] = os.path.expanduser(folder)
    return fakes


def open_study_images(real: str, fakes: dict[str, str], same_input: bool, at_least: int) -> StudyImages:
    """Finds the images of a study and decodes each of them once, so that no participant meets a broken one.

    `real` is their folder, `fakes` are {algorithm: folder}. With `same_input` a fake is shown beside the real image of
    its own name. A participant sees `at_least` images of either kind.

    Raises:
      UserError: a folder is missing, empty or too small; an image cannot be decoded, has a namesake in its folder
        or no partner that `same_input` asks for; or sizes differ.
    """
    study_images = StudyImages(_by_name(real), {algorithm: _by_name(folder) for algorithm, folder in fakes.items()})
    for folder, found in zip((real, *fakes.values()), (study_images.real, *study_images.fakes.values()), strict=True):
        if len(found) < at_least:
            raise UserError(
                f"{folder} holds {len(found)} images, but a participant sees {at_least} of them, each once; add "
                f"images, or take fewer --trials: with --practice they may make {len(found)}."
            )
    if same_input:
        _check_partners(study_images, real)
    _check_sizes(study_images, same_input)
    return study_images


def as_bmp(path: str) -> bytes:
    """An image as an uncompressed BMP file, whose length depends on height and width only."""
    file = io.BytesIO()
    Image.fromarray(images.read_image(path)).save(file, "BMP")
    return file.getvalue()


def _by_name(folder):
    if not os.path.isdir(folder):
        raise UserError(f"{folder} is not a folder; give one that holds images.")
    found = {}
    for inner in list_images(folder):
        name, path = os.path.splitext(inner)[0], os.path.join(folder, inner)
        if name in found:
            raise UserError(f"{found[name]} and {path} have the same name but for the ending; remove or rename one.")
        found[name] = path
    if not found:
        raise UserError(f"{folder} holds no images (of kinds {EXAMPLES}); add some to it.")
    return found


def _check_partners(study_images, real):
    for fakes in study_images.fakes.values():
        for name, path in fakes.items():
            if name not in study_images.real:
                raise UserError(
                    f"{path} has no partner of the same name in {real}, which --same_input needs; "
                    "add the partner or remove the image."
                )


def _check_sizes(study_images, same_input):
    """Without `same_input` any real image may meet any fake, so that all must have one size."""
    first = next(iter(study_images.real.values()))
    partners = {} if same_input else dict.fromkeys(study_images.real.values(), first)
    for fakes in study_images.fakes.values():
        partners |= {path: study_images.real[name] if same_input else first for name, path in fakes.items()}
    paths = sorted({*partners, *partners.values()})
    sizes = dict(zip(paths, in_parallel(_size, paths, "reading"), strict=True))
    for path, partner in partners.items():
        if sizes[path] != sizes[partner]:
            raise UserError(
                f"{path} is {sizes[path]} but {partner} is {sizes[partner]} (height x width); "
                "images that are shown together must have the same size, so resize one of them."
            )


def _size(path):
    height, width, _ = images.read_image(path).shape
    return f"{height}x{width}"

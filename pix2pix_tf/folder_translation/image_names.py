"""Which images are to be translated, and what their answers are called."""

import collections
import dataclasses
import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.image_files import EXTENSIONS


@dataclasses.dataclass(frozen=True)
class Images:
    """The images of a folder, in the order of their paths.

    Attributes:
      root: the folder.
      answers: {path of an image below `root`: path of its answer below the output folder}.
      chosen: those of them that are to be translated.
    """

    root: str
    answers: dict[str, str]
    chosen: list[str]


def find_images(path: str) -> Images:
    """All images in a folder and its subfolders, or one file; UserError if there are none.

    A single file's answer has the name that it has when the whole folder is translated.
    """
    if os.path.isdir(path):
        found = list_images(path)
        if not found:
            raise UserError(f"{path} holds no images; allowed are {', '.join(EXTENSIONS)}.")
        return Images(path, answer_names(found), found)
    if not os.path.isfile(path):
        raise UserError(f"--input {path} is neither a folder nor a file; give one that holds images.")
    root, name = os.path.split(path)
    siblings = list_images(root or ".", subfolders=False)
    return Images(root or ".", answer_names(sorted({*siblings, name})), [name])


def list_images(folder: str, subfolders: bool = True) -> list[str]:
    """The images below a folder by their paths in it, sorted. What is hidden is left out.

    Links to folders are followed, but no folder is entered twice.
    """
    found, entered = [], {os.path.realpath(folder)}
    for where, folders, files in os.walk(folder, followlinks=True):
        inner = os.path.relpath(where, folder)
        names = [name for name in files if name.lower().endswith(EXTENSIONS) and not name.startswith(".")]
        found += [os.path.normpath(os.path.join(inner, name)) for name in names]
        real = {name: os.path.realpath(os.path.join(where, name)) for name in sorted(folders)}
        folders[:] = [name for name in real if subfolders and not name.startswith(".") and real[name] not in entered]
        entered |= {real[name] for name in folders}
    return sorted(found)


def answer_names(found: list[str]) -> dict[str, str]:
    """{path of an image: path of its answer}: `sub/a.jpg` gives `sub/a.png`.

    Images whose answers would share a name, if only on a disk that ignores case, keep their endings: `a.jpg` and
    `a.png` give `a.jpg.png` and `a.png.png`.
    """
    stems = {path: os.path.splitext(path)[0] for path in found}
    while True:
        counts = collections.Counter(stem.casefold() for stem in stems.values())
        shared = [path for path, stem in stems.items() if counts[stem.casefold()] > 1 and stem != path]
        if not shared:
            return {path: f"{stem}.png" for path, stem in stems.items()}
        stems |= {path: path for path in shared}

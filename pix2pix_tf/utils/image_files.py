"""Which image files a folder holds, and which of several folders belong together."""

import collections
import importlib.util
import os
from collections.abc import Iterator

from pix2pix_tf.errors import UserError

# What Pillow opens of the kinds that hold photographs or drawings; HEIC needs a plugin, see `images`.
EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".tga", ".qoi"),
    *((".heic", ".heif") if importlib.util.find_spec("pillow_heif") else ()),
)
ARRAYS = (".npy",)  # These count in folders without images.
EXAMPLES = "JPEG, PNG, WebP, TIFF and what else Pillow opens"  # of these endings, for messages
# What Windows and Synology leave in folders of images, or what is on a disk of its own.
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
_FOLDERS_OF_SYSTEMS = ("@eadir", "lost+found", "$recycle.bin", "system volume information")
# What `tools.translate` leaves beside its outputs: a record, and thumbnails of inputs, outputs and targets.
TRANSLATED, THUMBNAILS, SHOWN = "translate.json", "gallery", ("input", "output", "target")
_OF_RUNS = {"config.json", "metrics.jsonl"}  # What the run directories of train.py have.


def list_images(folder: str, subfolders: bool = True, leave_out: tuple[str, ...] = ()) -> list[str]:
    """The image files below a folder by their paths in it, sorted; what is hidden, thumbnails and runs are left out.

    Where there are none, it is the ARRAYS: others lie beside images for some other purpose.

    Links to folders are followed after all real folders, and no folder is entered twice, so that each file is listed
    once, also where a link leads to a folder above.

    Subfolders are searched too, but for those directly in `folder` that are to `leave_out`; UserError if one cannot be
    read.
    """
    paths = list(_files(folder, subfolders, leave_out))
    found = [path for path in paths if path.lower().endswith(EXTENSIONS)]
    return sorted(found or [path for path in paths if path.lower().endswith(ARRAYS)])


def count_other_files(folder: str) -> collections.Counter:
    """How many files below a folder `list_images` leaves out, by their ending; hidden files do not count."""
    endings = (
        os.path.splitext(path)[1].lower()
        for path in _files(folder)
        if os.path.basename(path).lower() not in _OF_SYSTEMS
    )
    return collections.Counter(ending or "without an ending" for ending in endings if ending not in EXTENSIONS)


def _files(folder, subfolders=True, leave_out=()) -> Iterator[str]:
    """The paths in a folder of all files below it that are not hidden, each once."""
    folder = os.fspath(folder)
    entered, thumbnails, waiting = set(), set(), [folder]
    while waiting:
        for where, folders, files in os.walk(waiting.pop(0), onerror=_refuse):
            real = os.path.realpath(where)
            if real in entered or (where != folder and _OF_RUNS.issubset(files)):
                folders.clear()
                continue
            entered.add(real)
            yield from (os.path.relpath(os.path.join(where, name), folder) for name in files if name[0] != ".")
            if TRANSLATED in files:
                thumbnails.update(os.path.join(where, THUMBNAILS, kind) for kind in SHOWN)
            skipped = leave_out if where == folder else ()
            folders[:] = sorted(name for name in folders if subfolders and _may_count(name) and name not in skipped)
            folders[:] = [name for name in folders if os.path.join(where, name) not in thumbnails]
            paths = [os.path.join(where, name) for name in folders]
            waiting += [path for path in paths if os.path.islink(path)]


def _may_count(folder):
    return not folder.startswith(".") and folder.lower() not in _FOLDERS_OF_SYSTEMS


def _refuse(error):
    raise unreadable(error)


def unreadable(error: OSError) -> UserError:
    """The sentence on a folder that cannot be listed, of which nothing is left out in silence."""
    return UserError(f"{error.filename} cannot be read ({error.strerror}); check its permissions, or move it away.")


def match_by_stem(*lists: list[str]) -> dict[str, tuple[list[str], ...]]:
    """Lists of paths → {path without its ending: (its paths in the first list, in the second, …)}, sorted."""
    matched = {}
    for place, paths in enumerate(lists):
        for path in paths:
            matched.setdefault(os.path.splitext(path)[0], tuple([] for _ in lists))[place].append(path)
    return dict(sorted(matched.items()))

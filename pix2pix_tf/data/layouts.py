"""What names say in a folder of one's own: which are splits, and which are the two sides of pairs.

Upper and lower case are the same. A split and a side may stand in one name or in two, in either order: `trainA`,
`train_images`, `train/images` and `images/train` all say both.
"""

import collections
import itertools
import os
import re

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.image_files import list_images, match_by_stem, unreadable

# The first of two is side A, the second is side B.
SIDES = (
    ("a", "b"),
    ("input", "target"),
    ("input", "output"),
    ("source", "target"),
    ("image", "mask"),
    ("image", "label"),
    ("photo", "mask"),
    ("photo", "label"),
)
VALIDATION_NAMES = ("val", "validation", "test")
_SPLITS = {"train": "train", "training": "train", "valid": "val", "testing": "test"}
_SPLITS |= {name: name for name in VALIDATION_NAMES}
_WORDS = sorted({side for pair in SIDES for side in pair}, key=len, reverse=True)

_split, _side = f"(?P<split>{'|'.join(_SPLITS)})", f"(?P<side>{'|'.join(_WORDS)})s?"
_NAMES = [re.compile(f"{_split}?[ _./-]*(?:{_side})?"), re.compile(f"{_side}[ _./-]+{_split}")]
_SUFFIX = re.compile(f"(?P<stem>.+)[ _.-]{_side}", re.IGNORECASE)
_MANY_FOLDERS = 4  # More subfolders than these are scenes or classes, not sides.


def split_folders(root: str) -> dict[str, str]:
    """{split: name of its subfolder of `root`}; UserError if two of them are the same split."""
    return {split: name for (split, side), name in _named_folders(root).items() if split and not side}


def side_folders(root: str) -> tuple[tuple[str, str] | None, dict[str, dict[str, str]]]:
    """The pair of SIDES that subfolders are named by, None if there is none; {split: {side: folder}} of all sides.

    What is in no split counts as `train`, unless there is a folder for that.
    """
    folders = {}
    for (split, side), name in sorted(_named_folders(root).items(), key=lambda item: item[0][0]):
        if side:
            folders.setdefault(split or "train", {})[side] = os.path.join(root, name)
    of_train = folders.get("train", {})
    return next((pair for pair in SIDES if set(pair) <= of_train.keys()), None), folders


def _named_folders(root):
    """{(split or "", side or ""): name of a subfolder, or of a subfolder's subfolder}."""
    found = {}
    for name in _subfolders(root):
        if not _role(name):
            continue
        for path in (name, *(f"{name}/{inner}" for inner in _subfolders(os.path.join(root, name)))):
            if not (role := _role(path)):
                continue
            if role in found:
                raise UserError(
                    f"{os.path.join(root, found[role])} and {os.path.join(root, path)} have names of the same meaning; "
                    "move their images into one folder."
                )
            found[role] = path
    return found


def _subfolders(folder):
    try:
        return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise unreadable(error) from None


def _role(name):
    """(split or "", side or "") of a name that says nothing else; None for other names."""
    for pattern in _NAMES:
        if (found := pattern.fullmatch(name.lower())) and any(found.groups()):
            return _SPLITS.get(found["split"], ""), found["side"] or ""
    return None


def by_suffix(paths: list[str]) -> tuple[tuple[str, str], dict[str, tuple[list[str], list[str]]]] | None:
    """The pair of SIDES that file names end with, and {name without it: (files of A, files of B)}.

    None where fewer than nine in ten files have such a name, or where hardly any has one of the two.
    """
    parsed = {path: _SUFFIX.fullmatch(os.path.splitext(path)[0]) for path in paths}
    counts = collections.Counter(found["side"].lower() for found in parsed.values() if found)
    for pair in SIDES:
        first, second = (counts[side] for side in pair)
        if first + second >= 0.9 * len(paths) and 3 * min(first, second) >= max(first, second) > 0:
            break
    else:
        return None
    matched = {}
    for path, found in parsed.items():
        side = found["side"].lower() if found else None
        stem, place = (found["stem"], pair.index(side)) if side in pair else (path, 0)
        matched.setdefault(stem, ([], []))[place].append(path)
    return pair, dict(sorted(matched.items()))


def namesakes(folder: str) -> tuple[str, str] | None:
    """Two subfolders that hold files of the same names, as the two sides of pairs do; None if there are none."""
    names = _subfolders(folder)
    if len(names) > _MANY_FOLDERS:
        return None
    stems = {name: match_by_stem(list_images(os.path.join(folder, name))).keys() for name in names}
    for one, other in itertools.combinations(names, 2):
        if len(stems[one] & stems[other]) >= max(2, 0.9 * len(stems[one] | stems[other])):
            return os.path.join(folder, one), os.path.join(folder, other)
    return None

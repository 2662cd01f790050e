"""Pairs in a folder of one's own, in one of three layouts.

    side_by_side   data_dir/{train,val}/x.jpg               A is the left half, B the right one
    two_folders    data_dir/{A,B}/x.jpg, data_dir/{train,val}/{A,B}/x.jpg or data_dir/{A,B}/{train,val}/x.jpg
    photos         data_dir/{train,val}/x.jpg               for tasks that need no pairs

`val/` may be called `test/` or `validation/` too.
"""

import os

from pix2pix_tf import images
from pix2pix_tf.data.split import Split, split_of_files
from pix2pix_tf.errors import UserError
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.image_files import EXTENSIONS

VALIDATION_NAMES = ("val", "validation", "test")


def open_folder(config) -> tuple[str, dict[str, Split]]:
    """data_dir → (a word on its layout, {split name: Split})."""
    root = config.data_dir
    if not os.path.isdir(root):
        raise UserError(f"data_dir {root} is not a folder; give one that holds your pictures.")
    layout = _find_layout(config) if config.layout == "auto" else config.layout
    if layout == "two_folders":
        folders = _two_folders(root)
        if "train" not in folders:
            raise UserError(f"{root} must hold two folders A and B, or layout must be another than two_folders.")
        splits = {name: match(*pair) for name, pair in folders.items()}
        return "folders A and B", splits
    present = [name for name in ("train", *VALIDATION_NAMES) if os.path.isdir(os.path.join(root, name))]
    if "train" in present:
        paths = {name: list_images(os.path.join(root, name)) for name in present}
        paths = {name: found for name, found in paths.items() if found or name == "train"}
    else:
        paths = {"train": list_images(root)} | {name: list_images(os.path.join(root, name)) for name in present}
    if not paths["train"]:
        folder = os.path.join(root, "train") if "train" in present else root
        raise UserError(f"{folder} holds no pictures; allowed are {', '.join(EXTENSIONS)}.")
    words, join = ("side-by-side pairs", _halves) if layout == "side_by_side" else ("single photos", _twice)
    if layout == "photos" and get_task(config).paired:
        raise UserError(
            f"layout photos has no pairs, which task {config.task} needs; take colorize, colorize_rgb or inpaint."
        )
    return words, {name: split_of_files([(path,) for path in found], join) for name, found in paths.items()}


def _find_layout(config):
    if _two_folders(config.data_dir) or any(os.path.isdir(os.path.join(config.data_dir, side)) for side in "AB"):
        return "two_folders"
    if get_task(config).paired:
        return "side_by_side"
    paths = list_images(config.data_dir)[:50]
    return "side_by_side" if paths and all(_is_twice_as_wide(path) for path in paths) else "photos"


def _is_twice_as_wide(path):
    try:
        header = images.read_header(path)
    except UserError:
        return True  # Says nothing about the layout; reading it will say what is wrong.
    return header.width == 2 * header.height


def _two_folders(root):
    """{split name: (folder A, folder B)}; empty where there are none."""
    found = {}
    for split in ("", "train", *VALIDATION_NAMES):
        for pair in (
            [os.path.join(root, split, side) for side in "AB"],
            [os.path.join(root, side, split) for side in "AB"],
        ):
            if all(os.path.isdir(folder) for folder in pair):
                found[split or "train"] = tuple(os.path.normpath(folder) for folder in pair)
    return found


def match(folder_a: str, folder_b: str) -> Split:
    """Two folders → a Split of the pictures that have the same name in both, whatever their endings."""
    by_name = {}  # name: [files in A, files in B]
    for side, folder in enumerate((folder_a, folder_b)):
        for path in list_images(folder):
            name = os.path.splitext(os.path.relpath(path, folder))[0]
            by_name.setdefault(name, ([], []))[side].append(path)
    if not by_name:
        raise UserError(f"{folder_a} holds no pictures; allowed are {', '.join(EXTENSIONS)}.")
    files, without_pair = [], []
    for _, (in_a, in_b) in sorted(by_name.items()):
        if len(in_a) == len(in_b) == 1:
            files.append((*in_a, *in_b))
        elif not in_a or not in_b:
            other = folder_b if in_a else folder_a
            without_pair += [
                f"{path} has no partner of the same name in {other}; add the partner or remove the picture."
                for path in in_a + in_b
            ]
        else:
            without_pair += [_has_namesake(path) for paths in (in_a, in_b) if len(paths) > 1 for path in paths]
    return split_of_files(files, _same_size, without_pair)


def photos(folder: str) -> Split:
    """All pictures in a folder, those with a namesake left out, as a Split in which each is its own partner."""
    by_name = {}
    for path in list_images(folder):
        by_name.setdefault(os.path.splitext(path)[0], []).append(path)
    return split_of_files(
        [(paths[0],) for paths in by_name.values() if len(paths) == 1],
        _twice,
        [_has_namesake(path) for paths in by_name.values() if len(paths) > 1 for path in paths],
    )


def list_images(folder: str) -> list[str]:
    """All pictures below a folder, sorted by path.

    What is hidden is left out, and so are subfolders for validation, which are splits of their own.
    """
    paths = []
    for where, folders, files in os.walk(folder, followlinks=True):
        left_out = VALIDATION_NAMES if where == folder else ()
        folders[:] = [name for name in folders if not name.startswith(".") and name not in left_out]
        names = [name for name in files if name.lower().endswith(EXTENSIONS) and not name.startswith(".")]
        paths += [os.path.join(where, name) for name in names]
    return sorted(paths)


def _has_namesake(path):
    return f"{path} has a namesake with another ending in its folder, so its partner is not clear; rename it."


def _halves(paths, pictures):
    return images.split_pair(*pictures, *paths)


def _twice(_, pictures):
    return pictures[0], pictures[0]


def _same_size(paths, pictures):
    (height_a, width_a, _), (height_b, width_b, _) = (picture.shape for picture in pictures)
    if (height_a, width_a) != (height_b, width_b):
        raise UserError(
            f"{paths[0]} is {width_a}x{height_a} but {paths[1]} is {width_b}x{height_b}; "
            "the two of a pair must have the same size."
        )
    return tuple(pictures)

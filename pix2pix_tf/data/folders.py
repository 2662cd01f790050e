"""Pairs in a folder of one's own, in one of these layouts (`layouts` knows the names of splits and sides).

    side_by_side   data_dir/{train,val}/x.jpg               A is the left half, B the right one
    two_folders    data_dir/{A,B}/x.jpg, data_dir/{train,val}/{A,B}/x.jpg, data_dir/{A,B}/{train,val}/x.jpg
                   or data_dir/{trainA,trainB,valA,valB}/x.jpg
    suffixes       data_dir/{train,val}/x_{photo,label}.jpg
    photos         data_dir/{train,val}/x.jpg               for tasks that need no pairs

`val/` may be called `test/` or `validation/` too.
"""

import collections
import functools
import itertools
import os
import statistics
from typing import NamedTuple

from pix2pix_tf import array_files
from pix2pix_tf.data import content, joining, layouts
from pix2pix_tf.data.split import PHOTOS, Split, split_of_files
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import kind_of, sides_in_files
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.image_files import EXAMPLES, count_other_files, list_images, match_by_stem
from pix2pix_tf.utils.spread import evenly_spread

SIDE_BY_SIDE = "side-by-side pairs"
_LOOKED_AT = 50  # headers of a split that tell whether its images are pairs


class Data(NamedTuple):
    """What data consist of: a word on the layout, {name: Split}, lines on what is not used, and "pairs" or "photos"."""

    layout: str
    splits: dict[str, Split]
    notes: list[str] = ()
    noun: str = "pairs"


def open_folder(config) -> Data:
    """What `data_dir` holds; UserError if that is nothing, or cannot be understood."""
    root = config.data_dir
    if not os.path.isdir(root):
        raise UserError(
            f"data_dir {root} is not a folder; give the one that holds your images now, with --data_dir=FOLDER."
        )
    if config.layout == "photos" and get_task(config).paired:
        raise UserError(
            f"layout photos has no pairs, which task {config.task} needs; take colorize, colorize_rgb or inpaint."
        )
    data = _in_two_folders(root, config) if config.layout in ("auto", "two_folders") else None
    data = data or _in_one_folder(root, config)
    return data._replace(notes=[*data.notes, *_left_out(root, data.splits)])


def _in_two_folders(root, config):
    """Data whose sides lie in folders of their own; None if there are no such folders."""
    sides, folders = layouts.side_folders(root)
    if not sides:
        if config.layout == "two_folders" or {"a", "b"} & folders.get("train", {}).keys():
            raise UserError(f"{root} must hold two folders A and B, or layout must be another than two_folders.")
        return None
    splits, notes = {}, []
    for split, found in folders.items():
        if set(sides) <= found.keys():
            splits[split] = match(
                *(found[side] for side in sides), sides_in_files(config), joining.of_two_files(config)
            )
        elif alone := set(sides) & found.keys():
            notes.append(f"{found[alone.pop()]} has no folder of partners beside it, so {split} is not used")
    notes += [
        f"{os.path.join(root, name)} holds images in no folders of sides, so it is not used"
        for split, name in layouts.split_folders(root).items()
        if split not in folders and list_images(os.path.join(root, name))
    ]
    names = [os.path.relpath(folders["train"][side], root) for side in sides]
    usual = {part for name in names for part in name.split(os.sep)} <= {"A", "B", "train"}
    return Data("folders A and B" if usual else f"folders {names[0]} (A) and {names[1]} (B)", splits, notes)


def _in_one_folder(root, config):
    """Data whose files lie together: side-by-side pairs, pairs named by suffixes, or photos."""
    found = layouts.split_folders(root)
    where = {split: os.path.join(root, name) for split, name in found.items()}
    paths = {split: _paths(folder) for split, folder in where.items()}
    if "train" not in paths:
        where["train"], paths["train"] = root, _paths(root)
    if not paths["train"]:
        raise UserError(_holds_no_images(where["train"]))
    paths = {"train": paths["train"]} | {split: listed for split, listed in paths.items() if listed}
    if config.layout == "auto" and layouts.by_suffix(paths["train"]):
        return _named_by_suffixes(paths, sides_in_files(config), joining.of_two_files(config))
    side = _side_of_one_file(config)
    if config.layout == "photos" or (config.layout == "auto" and not get_task(config).paired and not _all_wide(paths)):
        splits = {split: _split(listed, joining.twice, side) for split, listed in paths.items()}
        return Data("single photos", splits, noun="photos")
    if config.layout == "auto":
        _check_are_pairs(where["train"], paths["train"])
    singles = [split for split in paths if _has_single_images(paths, split)]
    notes = [
        f"{where[split]} holds images half as wide as the pairs of {where['train']}, so inputs without targets; "
        "it is not used"
        for split in singles
    ]
    pairs = {split: _split(listed, joining.halves, side) for split, listed in paths.items() if split not in singles}
    return Data(SIDE_BY_SIDE, pairs, notes)


def images_outside_of_splits(folder: str) -> list[str]:
    """The images of a folder by their paths in it, without those in subfolders that are splits."""
    return list_images(folder, leave_out=tuple(layouts.split_folders(folder).values()))


def _paths(folder):
    """The same by their whole paths."""
    return [os.path.join(folder, path) for path in images_outside_of_splits(folder)]


def _split(paths, join, side):
    return split_of_files([(path,) for path in paths], join, sides=(side, side))


def _side_of_one_file(config):
    """The side that A and B are where they lie in one file."""
    kinds = {kind_of(side.channels, side.dtype): side for side in sides_in_files(config)}
    if len(kinds) > 1:
        raise UserError(
            f"One file holds both sides of a pair in {config.data_dir}, so they cannot be {' and '.join(kinds)}; "
            "put the sides into folders A and B, or give input and output the same."
        )
    return next(iter(kinds.values()))


def _holds_no_images(folder):
    others = [f"{count} {ending}" for ending, count in count_other_files(folder).most_common(3)]
    only = f", only {', '.join(others)}" if others else ""
    return f"{folder} holds no images (of kinds {EXAMPLES}){only}; add some to it{_plugin_for(others)}."


def _plugin_for(counts):
    return "; pip install pillow-heif to read .heic" if any(".hei" in count for count in counts) else ""


# Pairs named by suffixes


def _named_by_suffixes(paths, file_sides, join):
    splits, notes = {}, []
    for split, listed in paths.items():
        if not (found := layouts.by_suffix(listed)):
            notes.append(f"{split} is not used: its files are not named as those of train are")
            continue
        sides, matched = found
        splits[split] = _split_of_matched(matched, [f"whose name ends with {side}" for side in sides], file_sides, join)
    (first, second), _ = layouts.by_suffix(paths["train"])
    return Data(f"files named {first} (A) and {second} (B)", splits, notes)


# Are they side-by-side pairs?


def _all_wide(paths):
    return all(width == 2 * height for height, width in _sizes(paths["train"]).values())


def _sizes(paths):
    """{path: (height, width)} of some images; those that cannot be read are left out here."""
    sizes = {}
    for number in evenly_spread(len(paths), _LOOKED_AT):
        try:
            header = array_files.read_header(paths[number])
        except UserError:
            continue
        sizes[paths[number]] = header.height, header.width
    return sizes


def _check_are_pairs(folder, paths):
    """Raises UserError where the halves of most images can hardly be pairs."""
    if same := layouts.namesakes(folder):
        raise UserError(
            f"{same[0]} and {same[1]} hold files of the same names, as the two sides of pairs do; "
            "rename these folders to A and B, or give --layout=side_by_side if each file holds two halves."
        )
    sizes = _sizes(paths)
    narrow = [(height, width) for height, width in sizes.values() if width <= height]
    if 2 * len(narrow) > len(sizes):
        height, width = statistics.mode(narrow)
        raise UserError(
            f"{folder} holds images of {height}x{width} (height x width), which are no side-by-side pairs; put the two "
            "sides into folders A and B, or give --layout=side_by_side if each file holds two halves."
        )
    # Pairs of square halves are twice as wide as high, and few photos are; what is less wide may be either.
    either = [path for path, (height, width) in sizes.items() if height < width < 2 * height]
    if 2 * len(narrow + either) > len(sizes) and content.halves_run_on(either):
        raise UserError(
            f"the images in {folder} continue from the left half to the right one, as photos do; put the two sides "
            "of pairs into folders A and B, take --task=colorize for photos, or give --layout=side_by_side."
        )


def _has_single_images(paths, split):
    """Whether the images of a split are half as wide as those of train, for their height."""
    if split == "train":
        return False
    both = (_sizes(listed).values() for listed in (paths[split], paths["train"]))
    ours, theirs = ([width / height for height, width in sizes] for sizes in both)
    return bool(ours and theirs) and 1.8 < statistics.median(theirs) / statistics.median(ours) < 2.2


# What is left out


def _left_out(root, splits):
    """A line that counts the files of a folder that belong to no split."""
    used = _real(path for split in splits.values() for path in itertools.chain(split.without_pair, *split.files))
    unused = sorted(_real(os.path.join(root, path) for path in list_images(root)) - used)
    others = count_other_files(root) - collections.Counter(os.path.splitext(path)[1].lower() for path in used)
    counts = [f"{count} {ending}" for ending, count in others.most_common()]
    if unused:
        folders = sorted({os.path.relpath(os.path.dirname(path), os.path.realpath(root)) for path in unused})
        counts.append(f"{len(unused)} images in {', '.join(folders[:3])}{', …' if len(folders) > 3 else ''}")
    return [f"files left out: {', '.join(counts)}{_plugin_for(counts)}"] if counts else []


def _real(paths):
    """The set of some paths, with links to folders resolved."""
    real_folder = functools.cache(os.path.realpath)
    return {os.path.join(real_folder(os.path.dirname(path)), os.path.basename(path)) for path in paths}


# Two files a pair


def match(folder_a: str, folder_b: str, sides=PHOTOS, join=joining.same_size) -> Split:
    """Two folders → a Split of the images that have the same name in both, whatever their endings, of these sides.

    `join` makes a pair of two images (see `joining`).
    """
    pair = (folder_a, folder_b)
    listed = [images_outside_of_splits(folder) for folder in pair]
    if not any(listed):
        raise UserError(_holds_no_images(folder_a))
    matched = {
        stem: tuple(
            [os.path.join(folder, path) for path in paths]
            for folder, paths in zip((folder_a, folder_b), both, strict=True)
        )
        for stem, both in match_by_stem(*listed).items()
    }
    return _split_of_matched(matched, [f"of the same name in {folder}" for folder in pair], sides, join)


def _split_of_matched(matched, partners, sides, join):
    """{name: (files of A, files of B)} → a Split; `partners` says of each side what its file should be."""
    files, without_pair = [], {}
    for in_a, in_b in matched.values():
        if len(in_a) == len(in_b) == 1:
            files.append((*in_a, *in_b))
        elif not in_a or not in_b:
            partner = partners[1 if in_a else 0]
            without_pair |= {
                path: f"{path} has no partner {partner}; add the partner or remove the image." for path in in_a + in_b
            }
        else:
            without_pair |= {path: _has_namesake(path) for paths in (in_a, in_b) if len(paths) > 1 for path in paths}
    return split_of_files(files, join, without_pair, sides)


def photos(folder: str) -> Split:
    """All images in a folder, those with a namesake left out, as a Split in which each is its own partner."""
    by_name = [found for (found,) in match_by_stem(_paths(folder)).values()]
    return split_of_files(
        [(found[0],) for found in by_name if len(found) == 1],
        joining.twice,
        {path: _has_namesake(path) for found in by_name if len(found) > 1 for path in found},
    )


def _has_namesake(path):
    return f"{path} has a namesake with another ending in its folder, so its partner is not clear; rename it."

"""Where pairs come from: a TFDS builder, or a folder of one's own in one of three layouts.

    side_by_side   data_dir/{train,val}/x.jpg               A is the left half, B the right one
    two_folders    data_dir/{A,B}/x.jpg, data_dir/{train,val}/{A,B}/x.jpg or data_dir/{A,B}/{train,val}/x.jpg
    photos         data_dir/{train,val}/x.jpg               for tasks that need no pairs

`val/` may be called `test/` or `validation/` too. Without it, one picture in ten is held out.
"""

import dataclasses
import importlib
import io
import os
import sys
from collections.abc import Callable

import numpy as np
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.config import PRESETS
from pix2pix_tf.errors import UserError
from pix2pix_tf.tasks import get_task

VALIDATION_NAMES = ("val", "validation", "test")
HELD_OUT = 10  # every tenth picture, where there is no validation split


@dataclasses.dataclass(frozen=True)
class Split:
    """Some pairs, by number.

    Attributes:
      names: what to call each pair in a message: its path, or its record.
      read: number → (a, b), two uint8 arrays [H, W, 3]; for single photos both are the photo. Raises
        UserError for a picture that cannot be used.
    """

    names: list[str]
    read: Callable[[int], tuple[np.ndarray, np.ndarray]]

    def __len__(self):
        return len(self.names)

    def part(self, numbers) -> "Split":
        """The pairs with these numbers."""
        numbers = list(numbers)
        return Split([self.names[i] for i in numbers], lambda i: self.read(numbers[i]))


@dataclasses.dataclass(frozen=True)
class Source:
    """The training and validation pairs of a run, and a line that says what was found."""

    description: str
    train: Split
    val: Split


def open_source(config) -> Source:
    """The pairs that a configuration asks for: those in `data_dir`, or else the TFDS builder's."""
    layout, splits = _folder(config) if config.data_dir else _tfds(config)
    if "train" not in splits:
        raise UserError(f"{config.dataset} has no split train, only {', '.join(splits)}; take another data set.")
    train = splits["train"]
    name = next((name for name in VALIDATION_NAMES if name in splits), None)
    if name:
        val, found = splits[name], f"{len(splits[name])} {name}"
    else:
        train, val = _hold_out(train)
        found = f"{len(val)} held out for validation"
    if config.batch_size > len(train):
        raise UserError(
            f"batch_size {config.batch_size} is larger than the {len(train)} training pairs; make it smaller."
        )
    description = (
        f"{config.data_dir or config.dataset}: {layout}, {len(train)} train, {found}; {_what_is_learnt(config)}"
    )
    return Source(description, train, val)


def _hold_out(split):
    """A split → (the pairs to train on, every tenth pair); a single pair serves for both."""
    numbers = range(len(split))
    held_out = numbers[HELD_OUT - 1 :: HELD_OUT] or numbers[-1:]
    kept = [i for i in numbers if i not in held_out] or numbers
    return split.part(kept), split.part(held_out)


def source_and_target(config, pair):
    """(a, b) → (source, target), as the direction and the task say."""
    a, b = pair
    source, target = (a, b) if config.direction == "a_to_b" else (b, a)
    return (source, target) if get_task(config).paired else (target, target)


def _what_is_learnt(config):
    first, second = ("A", "B") if config.direction == "a_to_b" else ("B", "A")
    return f"{config.task} {first} → {second}" if get_task(config).paired else f"{config.task} {second}"


def _folder(config):
    """data_dir → (a word on its layout, {split name: Split})."""
    root = config.data_dir
    if not os.path.isdir(root):
        raise UserError(f"data_dir {root} is not a folder; give one that holds your pictures.")
    layout = _find_layout(config) if config.layout == "auto" else config.layout
    if layout == "two_folders":
        folders = _two_folders(root)
        splits = {name: _matched(*pair) for name, pair in folders.items()}
        return "folders A and B", splits
    present = [name for name in ("train", *VALIDATION_NAMES) if os.path.isdir(os.path.join(root, name))]
    if "train" in present:
        paths = {name: _list_images(os.path.join(root, name)) for name in present}
        paths = {name: found for name, found in paths.items() if found or name == "train"}
    else:
        paths = {"train": _list_images(root)}
    if not paths["train"]:
        folder = os.path.join(root, "train") if "train" in present else root
        raise UserError(f"{folder} holds no pictures; allowed are {', '.join(images.EXTENSIONS)}.")
    words, reader = ("side-by-side pairs", _read_halves) if layout == "side_by_side" else ("single photos", _read_photo)
    if layout == "photos" and get_task(config).paired:
        raise UserError(
            f"layout photos has no pairs, which task {config.task} needs; take colorize, colorize_rgb or inpaint."
        )
    return words, {name: Split(found, lambda i, found=found: reader(found[i])) for name, found in paths.items()}


def _find_layout(config):
    if _two_folders(config.data_dir):
        return "two_folders"
    if get_task(config).paired:
        return "side_by_side"
    paths = _list_images(config.data_dir)[:50]
    return "side_by_side" if paths and all(_is_twice_as_wide(path) for path in paths) else "photos"


def _is_twice_as_wide(path):
    try:
        with Image.open(path) as image:
            width, height = image.size
    except OSError:
        return True  # Says nothing about the layout; reading it will say what is wrong.
    return width == 2 * height


def _two_folders(root):
    """{split name: (folder A, folder B)}; empty where there are none."""
    found = {}
    for split in ("", "train", *VALIDATION_NAMES):
        for pair in (
            [os.path.join(root, split, side) for side in "AB"],
            [os.path.join(root, side, split) for side in "AB"],
        ):
            if all(os.path.isdir(folder) for folder in pair):
                found[split or "train"] = tuple(pair)
    return found


def _matched(folder_a, folder_b):
    """Two folders → a Split of the pictures that have the same name in both, whatever their endings."""
    sides = []
    for folder in (folder_a, folder_b):
        paths = _list_images(folder)
        by_name = {os.path.splitext(os.path.relpath(path, folder))[0]: path for path in paths}
        if len(by_name) < len(paths):
            twice = next(path for path in paths if path not in by_name.values())
            raise UserError(
                f"{twice} has a namesake with another ending in its folder, so its partner is not clear; rename it."
            )
        sides.append(by_name)
    a, b = sides
    for mine, other, folder in ((a, b, folder_b), (b, a, folder_a)):
        if alone := sorted(set(mine) - set(other)):
            raise UserError(
                f"{mine[alone[0]]} has no partner of the same name in {folder} ({len(alone)} such files); "
                "add the partner or remove the picture."
            )
    if not a:
        raise UserError(f"{folder_a} holds no pictures; allowed are {', '.join(images.EXTENSIONS)}.")
    names = sorted(a)
    return Split([a[name] for name in names], lambda i: _read_two(a[names[i]], b[names[i]]))


def _list_images(folder):
    """All pictures below a folder, sorted by path; hidden files are left out."""
    return sorted(
        os.path.join(where, file)
        for where, _, files in os.walk(folder, followlinks=True)
        for file in files
        if file.lower().endswith(images.EXTENSIONS) and not file.startswith(".")
    )


def _read_halves(path):
    return images.split_pair(images.read_image(path), path)


def _read_photo(path):
    image = images.read_image(path)
    return image, image


def _read_two(path_a, path_b):
    pair = images.read_image(path_a), images.read_image(path_b)
    (height_a, width_a, _), (height_b, width_b, _) = (image.shape for image in pair)
    if (height_a, width_a) != (height_b, width_b):
        raise UserError(
            f"{path_a} is {width_a}x{height_a} but {path_b} is {width_b}x{height_b}; "
            "the two of a pair must have the same size."
        )
    return pair


def _tfds(config):
    """The TFDS builder named by `config.dataset` → (a word on it, {split name: Split})."""
    import tensorflow_datasets as tfds  # Here, because folders need none of it.

    builder = _builder(tfds, config.dataset)
    keys = ("a", "b") if {"a", "b"} <= set(builder.info.features) else ("image", "image")
    if "image" in keys and ("image" not in builder.info.features or get_task(config).paired):
        needed = "a and b" if get_task(config).paired else "image, or a and b"
        raise UserError(
            f"dataset {config.dataset} has the features {', '.join(builder.info.features)}, "
            f"but task {config.task} needs {needed}."
        )
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    builder.download_and_prepare()
    decoders = {key: tfds.decode.SkipDecoding() for key in set(keys)}
    splits = {}
    for name in builder.info.splits:
        records = builder.as_data_source(split=name, decoders=decoders)
        names = [f"{config.dataset}/{name} record {i}" for i in range(len(records))]
        splits[name] = Split(names, lambda i, records=records, names=names: _read_record(records[i], keys, names[i]))
    return "TFDS builder", splits


def _builder(tfds, name):
    """A builder of this project or of TFDS, in a format that can be read by record number."""
    module = f"pix2pix_tf.datasets.{name}.{name}_dataset_builder"
    try:
        importlib.import_module(module)  # Registers it with TFDS under its bare name.
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
    try:
        return tfds.builder(name, file_format=tfds.core.FileFormat.ARRAY_RECORD)
    except tfds.core.DatasetNotFoundError:
        presets = ", ".join(sorted(PRESETS))
        raise UserError(
            f"There is no TFDS data set {name!r}; take one of TFDS, or give --data_dir. Presets exist for {presets}."
        ) from None


def _read_record(record, keys, name):
    a, b = (images.read_image(io.BytesIO(record[key]), name) for key in keys)
    return a, b

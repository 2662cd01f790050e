"""Where pairs come from: a TFDS builder, or a folder of one's own (see `folders`).

Without a validation split, one image in ten is held out.
"""

import dataclasses
import importlib
import io
import os
import sys

from pix2pix_tf import images
from pix2pix_tf.data import preflight
from pix2pix_tf.data.content import remarks
from pix2pix_tf.data.folders import SIDE_BY_SIDE, Data, open_folder
from pix2pix_tf.data.layouts import VALIDATION_NAMES
from pix2pix_tf.data.split import Split
from pix2pix_tf.data.tfrecords import TFRecords
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import names_of_data_sets
from pix2pix_tf.sides import sides_in_files
from pix2pix_tf.sizes import written
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.console import log
from pix2pix_tf.utils.locks import exclusive_lock
from pix2pix_tf.utils.spread import evenly_spread

HELD_OUT = 10  # every tenth image, where there is no validation split
LISTED = 20  # bad images that are named


@dataclasses.dataclass(frozen=True)
class Source:
    """The training and validation pairs of a run.

    Attributes:
      description: a line that says what was found and what is learned.
      notes: lines on what is not used, and on content that hardly is what the user wants.
      left_out: a sentence on each bad image that was left out.
    """

    description: str
    train: Split
    val: Split
    left_out: list[str] = ()
    notes: list[str] = ()

    def announce(self, addition: str = "", further_notes: list[str] = ()) -> None:
        """Logs all of these words; `addition` goes behind the description, and further notes behind the notes."""
        log("\n".join([self.description + addition, *self.notes, *further_notes]))
        if self.left_out:
            log("\n  ".join([f"--skip_bad_images left out {len(self.left_out)} images:", *self.left_out]))


def open_source(config) -> Source:
    """The pairs that a configuration asks for: those in `data_dir`, or else the TFDS builder's.

    With `skip_bad_images` everything is read once, and what is bad is left out; the numbers of the others follow from
    the files alone. Without it, what a look at the headers finds to be bad is an error.

    Raises:
      UserError: there are no such pairs, too few of them, or bad ones.
    """
    data = list_splits(config)
    if "train" not in data.splits:
        raise UserError(f"{config.dataset} has no split train, only {', '.join(data.splits)}; take another data set.")
    name = next((name for name in VALIDATION_NAMES if name in data.splits), None)
    used = {split: data.splits[split] for split in ("train", name) if split}
    used, left_out = _without_bad(used, data.noun) if config.skip_bad_images else (_checked(used), [])
    train = used["train"]
    if name:
        val, found = used[name], f"{len(used[name])} {name}"
    else:
        train, val = _hold_out(train)
        found = f"{len(val)} held out for validation"
    if config.max_images:
        train = train.part(evenly_spread(len(train), config.max_images))
    if config.batch_size > len(train):
        raise UserError(
            f"batch_size {config.batch_size} is larger than the {len(train)} training {data.noun}; make it smaller."
        )
    description = (
        f"{config.data_dir or config.dataset}: {data.layout}, {len(train)} train, {found}; "
        f"{what_is_learned(config, data)}"
    )
    return Source(description, train, val, left_out, [*data.notes, *remarks(train, config)])


def open_splits(config, name: str) -> tuple[Split, Split]:
    """(The pairs of one split, the training pairs) of a run's data, also where these are fewer than a batch.

    `name` is "train" or "val" for the pairs that training uses as such: without a validation split, "val" is every
    tenth training image. Or it is another split that the data have; UserError if they have none of this name.
    """
    source = open_source(config.replace(batch_size=1))
    if name in ("train", "val"):
        return getattr(source, name), source.train
    others = list_splits(config).splits
    if name not in others:
        known = dict.fromkeys(["train", "val", *others])
        raise UserError(
            f"{config.data_dir or config.dataset} has no split {name!r}; --split must be one of {', '.join(known)}."
        )
    return others[name], source.train


def list_splits(config) -> Data:
    """All that a configuration's data consist of, good or bad."""
    data = open_folder(config) if config.data_dir else _tfds(config)
    if config.preprocess != "none":
        return data
    return data._replace(splits={name: _of_one_size(split, config.size) for name, split in data.splits.items()})


def _of_one_size(split, size):
    """The same pairs, of which those of another size cannot be read."""

    def checked(read):
        def read_checked(number):
            pair = read(number)
            height, width, _ = pair[0].shape
            if (height, width) != size:
                raise UserError(
                    f"{split.names[number]} shows {height}x{width} (height x width), but preprocess none takes images "
                    f"as they are, all of image_size {written(size)}; give another --preprocess."
                )
            return pair

        return read_checked

    return dataclasses.replace(split, read=checked(split.read), outline=split.outline and checked(split.outline))


def _checked(splits):
    """The same splits; raises UserError if a quick look finds bad images, after naming all that it found."""
    bad = [
        line for split in splits.values() for line in [*split.without_pair.values(), *preflight.check_quickly(split)]
    ]
    if len(bad) > 1:
        more = [f"and {len(bad) - LISTED} more"] if len(bad) > LISTED else []
        log("\n  ".join(["images that cannot be used:", *bad[:LISTED], *more]))
    if bad:
        count = f"one of {len(bad)} such, " if len(bad) > 1 else ""
        raise UserError(f"{bad[0].removesuffix('.')} ({count}which --skip_bad_images leaves out).")
    return splits


def _without_bad(splits, noun):
    """The splits' good pairs, and a sentence on each image that is left out."""
    kept, left_out = {}, []
    for name, findings in preflight.check(splits).items():
        split = splits[name]
        left_out += [*split.without_pair.values(), *(line for lines in findings.bad.values() for line in lines)]
        kept[name] = split.part(i for i in range(len(split)) if i not in findings.bad)
        if not kept[name]:
            raise UserError(f"None of the {noun} of {name} can be used: {left_out[-1]}")
    return kept, left_out


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


def what_is_learned(config, data: Data) -> str:
    """A few words on the task; of pairs whose one half it takes, also how to take the other one."""
    first, second = ("A", "B") if config.direction == "a_to_b" else ("B", "A")
    if get_task(config).paired:
        return f"{config.task} {first} → {second}"
    if data.noun == "photos":
        return config.task
    half = f", the {'right' if second == 'B' else 'left'} half" if data.layout == SIDE_BY_SIDE else ""
    other = "b_to_a" if config.direction == "a_to_b" else "a_to_b"
    return f"{config.task} {second}{half} of each pair (--direction={other} takes the other one)"


def _tfds(config):
    """The Data of the TFDS builder named by `config.dataset`."""
    import tensorflow_datasets as tfds  # Here, because folders need none of it.

    if any((side.channels, side.dtype) != (3, "uint8") for side in sides_in_files(config)):
        raise UserError(
            f"dataset {config.dataset} has RGB images of 8 bits, so channels and dtype of both sides must be left out; "
            "other images come from a --data_dir."
        )
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
    if not builder.is_prepared():
        builder = _prepared(tfds, builder)
    decoders = {key: tfds.decode.SkipDecoding() for key in set(keys)}
    splits = {}
    for name in builder.info.splits:
        if builder.info.file_format == tfds.core.FileFormat.TFRECORD:
            records = TFRecords(builder, name, decoders)
        else:
            records = builder.as_data_source(split=name, decoders=decoders)
        names = [f"{config.dataset}/{name} record {i}" for i in range(len(records))]
        splits[name] = Split(names, lambda i, records=records, names=names: _read_record(records[i], keys, names[i]))
    return Data("TFDS builder", splits, noun="photos" if "image" in keys else "pairs")


def _prepared(tfds, builder):
    """Prepares a data set, which only one process does at a time → a builder that knows its splits."""
    folder = os.fspath(builder.data_dir_root)
    try:
        os.makedirs(folder, exist_ok=True)
        busy = f"another process prepares {builder.name} in {folder}; waiting for it"
        with exclusive_lock(os.path.join(folder, f".{builder.name}.lock"), busy, wait=True):
            builder = _builder(tfds, builder.name)
            builder.download_and_prepare()
    except OSError as error:
        raise UserError(
            f"dataset {builder.name} cannot be prepared in {folder} ({error.strerror or error}); give another folder "
            "by the environment variable TFDS_DATA_DIR."
        ) from None
    return builder


def _builder(tfds, name):
    """A builder of this project or of TFDS."""
    module = f"pix2pix_tf.datasets.{name}.{name}_dataset_builder"
    try:
        importlib.import_module(module)  # Registers it with TFDS under its bare name.
    except ModuleNotFoundError as error:
        if not module.startswith(error.name):
            raise
    try:
        return tfds.builder(name)
    except (tfds.core.DatasetNotFoundError, ValueError):  # ValueError: it cannot be a name at all.
        presets = ", ".join(names_of_data_sets())
        raise UserError(
            f"There is no TFDS data set {name!r}; take one of TFDS, or give --data_dir. Presets exist for {presets}."
        ) from None


def _read_record(record, keys, name):
    a, b = (images.read_image(io.BytesIO(record[key]), name) for key in keys)
    return a, b

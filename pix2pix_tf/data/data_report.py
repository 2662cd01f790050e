"""What data consist of and what is wrong with them, as text and as a contact sheet: see the tool `check_data`."""

import os
import sys

import numpy as np
from PIL import Image

from pix2pix_tf import array_files
from pix2pix_tf.data import preflight
from pix2pix_tf.data.content import remarks
from pix2pix_tf.data.folders import Data
from pix2pix_tf.data.found_sides import settled
from pix2pix_tf.data.sources import list_splits, what_is_learned
from pix2pix_tf.data.values import histograms, joined
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.spread import evenly_spread

SHEET_ROWS, SHEET_COLUMNS = 8, 4  # of pairs
GAP = 8  # pixels between pairs
COMMON = 5  # sizes that are named
SHORT_SIDE = 256  # of a suggested image_size, for larger images


def report(config, output: str | None) -> bool:
    """Prints a report on all that a configuration's data consist of and draws a contact sheet.

    Args:
      output: where the sheet goes to; None for a new name in the current folder.

    Returns:
      Whether nothing is bad.
    """
    config = settled(config)
    data = list_splits(config)
    output = output or _new_name(config.data_dir)
    check_output(output, config.data_dir)
    findings = preflight.check(data.splits, _shown({name: len(split) for name, split in data.splits.items()}))

    print(f"{config.data_dir}: {data.layout}; {what_is_learned(config, data)}")
    found = remarks(data.splits["train"], config) if "train" in data.splits else []
    for line in [*data.notes, *found, *_describe(data, findings)]:
        print(line)
    pairs = [pair for found in findings.values() for pair in found.shown.values()]
    if pairs:
        array_files.write(np.asarray(contact_sheet(pairs, preflight.THUMBNAIL)), output)
        print(f"contact sheet: {output}")
    bad = [sentence for name, found in findings.items() for sentence in _sentences(data.splits[name], found)]
    print(f"bad images: {len(bad) or 'none'}")
    for sentence in bad:
        print(f"  {sentence}")
    return not bad


def _describe(data: Data, findings):
    """Lines on each split: how many pairs, sizes, kinds; and an `--image_size` to copy."""
    for name, found in findings.items():
        sizes = found.sizes.most_common(COMMON)
        others = len(found.sizes) - len(sizes)
        counted = [f"{count} of {height}x{width}" for (height, width), count in sizes]
        yield f"{name}: {len(data.splits[name])} {data.noun}, {len(found.bad)} of them bad"
        yield (
            f"  sizes (height x width): {', '.join(counted) or 'none'}{f', and {others} other sizes' if others else ''}"
        )
        yield f"  files: {', '.join(f'{count} {kind}' for kind, count in found.kinds.most_common()) or 'none'}"
        yield from _describe_values(found)
    sizes = next((found.sizes for found in findings.values() if found.sizes), None)
    if sizes:
        yield f"to train at the proportions of most: {image_size_flag(sizes.most_common(1)[0][0])}"


def _describe_values(found):
    """Lines on each side of a split that is no usual images: range and histogram of each channel, and what is flat."""
    for side, of_side in zip("AB", found.values, strict=True):
        if of_side:
            yield from (f"  side {side}, {line}" for line in histograms(joined(of_side.values())))
        constant = [name for name, values in of_side.items() if values.is_constant]
        if constant:
            shown = ", ".join(constant[:COMMON]) + (", …" if len(constant) > COMMON else "")
            yield f"  side {side}: one value everywhere in the pairs of {shown}"


def image_size_flag(size: tuple[int, int]) -> str:
    """(height, width) of images → a `--image_size=…` of about these proportions that the networks take."""
    scale = min(1.0, SHORT_SIDE / min(size))
    multiple = 64 if min(size) * scale >= 128 else preflight.MIN_SIDE
    height, width = (max(multiple, round(side * scale / multiple) * multiple) for side in size)
    return f"--image_size={height}" if height == width else f"--image_size={height}x{width}"


def _sentences(split, found):
    """What is wrong, by path."""
    return sorted([*split.without_pair.values(), *(line for lines in found.bad.values() for line in lines)])


def contact_sheet(pairs, cell):
    """Pairs of small Pillow images, at most `cell` pixels long → a Pillow image of them in rows."""
    rows = -(-len(pairs) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * (2 * cell + GAP), rows * (cell + GAP)), "white")
    for place, pair in enumerate(pairs):
        row, column = divmod(place, SHEET_COLUMNS)
        for side, half in enumerate(pair):
            sheet.paste(half, (column * (2 * cell + GAP) + side * cell, row * (cell + GAP)))
    return sheet


def _shown(lengths):
    """{split: number of pairs} → {split: numbers of the pairs that the sheet shows}, spread evenly over all."""
    chosen, first, numbers = evenly_spread(sum(lengths.values()), SHEET_ROWS * SHEET_COLUMNS), 0, {}
    for name, length in lengths.items():
        numbers[name] = [place - first for place in chosen if first <= place < first + length]
        first += length
    return numbers


def _new_name(data_dir):
    """A file name in the current folder that is not taken."""
    stem = f"{os.path.basename(os.path.abspath(data_dir))}-contact-sheet"
    numbered = (f"{stem}-{number}.png" for number in range(2, sys.maxsize))
    return f"{stem}.png" if not os.path.exists(f"{stem}.png") else next(n for n in numbered if not os.path.exists(n))


def check_output(path: str, data_dir: str) -> None:
    """Raises UserError unless a contact sheet may be written to `path`: a new .png file outside of the data."""
    if not path.endswith(".png"):
        raise UserError(f"--output must be a .png file. Received: {path!r}.")
    if os.path.exists(path):
        raise UserError(f"--output {path} exists and is not overwritten; remove it or give another --output.")
    folder, data_dir = os.path.realpath(os.path.dirname(path) or "."), os.path.realpath(data_dir)
    if os.path.commonpath([folder, data_dir]) == data_dir:
        raise UserError(f"--output {path} would become one of the images in {data_dir}; give another --output.")
    if not os.path.isdir(folder):
        raise UserError(f"--output {path}: there is no folder {folder}; make it or give another --output.")

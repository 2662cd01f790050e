"""Reads a folder of pictures once and reports on it: python -m pix2pix_tf.tools.check_data --data_dir=DIR.

Prints how many pairs each split has, their sizes and kinds, and each bad picture by its path; draws some pairs on a
contact sheet. The exit status is 1 if there are bad pictures. They are what --skip_bad_images of train.py leaves out.
"""

import os
import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError

_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of your own pictures", required=True)
_LAYOUT = flags.DEFINE_string("layout", Config.layout, "as for train.py")
_TASK = flags.DEFINE_string("task", Config.task, "as for train.py; colorize and inpaint take single photos too")
_OUTPUT = flags.DEFINE_string(
    "output", None, "contact sheet, a .png file that does not exist (default: a new one in the current folder)"
)

SHEET_ROWS, SHEET_COLUMNS = 8, 4  # of pairs
GAP = 8  # pixels between pairs
COMMON = 5  # sizes that are named


def main():
    from pix2pix_tf.data import preflight
    from pix2pix_tf.data.sources import list_splits

    config = Config(data_dir=_DATA_DIR.value, layout=_LAYOUT.value, task=_TASK.value)
    layout, splits = list_splits(config)
    output = _OUTPUT.value or _new_name(config.data_dir)
    _check_output(output, config.data_dir)
    findings = preflight.check(splits, _spread({name: len(split) for name, split in splits.items()}))

    print(f"{config.data_dir}: {layout}")
    for line in report(splits, findings):
        print(line)
    pairs = [pair for found in findings.values() for pair in found.shown.values()]
    if pairs:
        contact_sheet(pairs, preflight.THUMBNAIL).save(output)
        print(f"contact sheet: {output}")
    problems = list(sentences(splits, findings))
    print(f"bad pictures: {len(problems) or 'none'}")
    for sentence in problems:
        print(f"  {sentence}")
    if problems:
        sys.exit(1)


def report(splits, findings):
    """The lines on each split: how many pairs, sizes (width x height), kinds."""
    for name, found in findings.items():
        sizes = found.sizes.most_common(COMMON)
        others = len(found.sizes) - len(sizes)
        counted = [f"{count} of {width}x{height}" for (height, width), count in sizes]
        yield f"{name}: {len(splits[name])} pairs, {len(found.bad)} of them bad"
        yield f"  sizes: {', '.join(counted) or 'none'}{f', and {others} other sizes' if others else ''}"
        yield f"  files: {', '.join(f'{count} {kind}' for kind, count in found.kinds.most_common()) or 'none'}"


def sentences(splits, findings):
    """What is wrong, by split and path."""
    for name, found in findings.items():
        yield from sorted([*splits[name].without_pair, *(line for lines in found.bad.values() for line in lines)])


def contact_sheet(pairs, cell):
    """Pairs of small Pillow pictures, at most `cell` pixels long → a Pillow picture of them in rows."""
    from PIL import Image

    rows = -(-len(pairs) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * (2 * cell + GAP), rows * (cell + GAP)), "white")
    for place, pair in enumerate(pairs):
        row, column = divmod(place, SHEET_COLUMNS)
        for side, picture in enumerate(pair):
            sheet.paste(picture, (column * (2 * cell + GAP) + side * cell, row * (cell + GAP)))
    return sheet


def _spread(lengths):
    """{split: number of pairs} → {split: numbers of the pairs that the sheet shows}, spread evenly over all."""
    total = sum(lengths.values())
    count = min(total, SHEET_ROWS * SHEET_COLUMNS)
    chosen, first = {place * total // count for place in range(count)}, 0
    numbers = {}
    for name, length in lengths.items():
        numbers[name] = [place - first for place in chosen if first <= place < first + length]
        first += length
    return numbers


def _new_name(data_dir):
    """A file name in the current folder that is not taken."""
    stem = f"{os.path.basename(os.path.abspath(data_dir))}-contact-sheet"
    numbered = (f"{stem}-{number}.png" for number in range(2, sys.maxsize))
    return f"{stem}.png" if not os.path.exists(f"{stem}.png") else next(n for n in numbered if not os.path.exists(n))


def _check_output(path, data_dir):
    if not path.endswith(".png"):
        raise UserError(f"--output must be a .png file. Received: {path!r}.")
    if os.path.exists(path):
        raise UserError(f"--output {path} exists and is not overwritten; remove it or give another --output.")
    folder, data_dir = os.path.realpath(os.path.dirname(path) or "."), os.path.realpath(data_dir)
    if os.path.commonpath([folder, data_dir]) == data_dir:
        raise UserError(f"--output {path} would become one of the pictures in {data_dir}; give another --output.")
    if not os.path.isdir(folder):
        raise UserError(f"--output {path}: there is no folder {folder}; make it or give another --output.")


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

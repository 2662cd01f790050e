"""A folder of images → a folder of outputs and a gallery. What is there already is not made again."""

import dataclasses
import os
import sys
import time

from tqdm import tqdm

from pix2pix_tf import array_files
from pix2pix_tf.errors import UserError
from pix2pix_tf.folder_translation import gallery
from pix2pix_tf.folder_translation.items import Items, find_items, halved, items_of_split
from pix2pix_tf.folder_translation.models import Model
from pix2pix_tf.folder_translation.output_folder import claimed
from pix2pix_tf.sides import input_side
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils import console
from pix2pix_tf.utils.atomic import is_of_the_disk

LINE_SECONDS = 10  # between two lines on the progress, where there is no terminal


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How many outputs were made and were there, a sentence on each bad image, and the gallery's path.

    `clipped` is how many values of the inputs were outside of the range that the model was trained for.
    """

    made: int
    kept: int
    bad: list[str]
    gallery: str
    clipped: int = 0


def translate_folder(
    model: Model, source: str, output: str, target: str | None = None, layout: str = "auto", limit: int = 0
) -> Outcome:
    """Translates the images in the folder `source`, or that one file, into files of the same names in `output`.

    An output that is there is whole, as it gets its name last, and is kept. An image that cannot be translated is
    reported and left out.

    `source` and the folder of `target`s, which are for the gallery only, are those of `items.find_items`; `layout` is
    that of `items.halved`. The `limit` is how many images are translated, the first ones; 0 for all.

    Raises:
      UserError: there are no images, or `output` cannot be used (see `output_folder.claimed`) or is full.
    """
    items = find_items(source, target, model.kinds).limited(limit)
    if os.path.isdir(source):
        _check_apart(source, output)
    if layout == "side_by_side" and not model.config:
        raise UserError("--layout=side_by_side needs a run, which knows its direction; give its directory to --model.")
    items, pairs = halved(items, model.config, layout)
    if pairs:
        paired = get_task(model.config).paired
        half = "left" if (model.config.direction == "a_to_b") == paired else "right"
        console.log(
            f"{pairs} of {len(items.chosen)} images are side-by-side pairs as in training: their {half} halves are "
            f"translated{', the others are targets' if paired else ''} (--layout=photos takes whole images)"
        )
    return _translate(model, items, output, layout)


def translate_split(model: Model, split: str, output: str, limit: int = 0) -> Outcome:
    """Translates the inputs of a split of the run's own data; their targets are in the gallery. `limit` as above."""
    if not model.config:
        raise UserError("--split needs a run, which knows its data; give its directory to --model, or give --input.")
    return _translate(model, items_of_split(model.config, split).limited(limit), output, "auto")


def _translate(model: Model, items: Items, output: str, layout: str) -> Outcome:
    bad, clipped = [], 0
    side = input_side(model.kinds)
    with claimed(output, {**model.settings, "input": items.origin, "layout": layout}):
        missing = [item for item in items.chosen if not _is_done(output, item)]
        for item in _counted(missing):
            try:
                image = item.source()
                made = model.translate(image, item.path)
                array_files.write(made, os.path.join(output, item.output), item.like)
                clipped += side.outside(image)
            except UserError as error:
                if is_of_the_disk(error):
                    raise
                _report(bad, str(error))
        count = len(missing) - len(bad)
        done = [item for item in items.all if _is_done(output, item)]
        path, unseen = gallery.write_gallery(output, done, model.settings, model.kinds)
        for sentence in unseen:
            _report(bad, sentence)
    return Outcome(count, len(items.chosen) - len(missing), bad, path, clipped)


def _is_done(output, item):
    return os.path.isfile(os.path.join(output, item.output))


def _report(bad, sentence):
    bad.append(sentence)
    tqdm.write(sentence, file=sys.stderr)


def _counted(items):
    """Yields the items with a progress bar, or a line now and then where there is no terminal."""
    on_terminal = sys.stderr.isatty()
    start = logged = time.monotonic()
    bar = tqdm(items, unit="image", dynamic_ncols=True, disable=not on_terminal)
    for number, item in enumerate(bar, start=1):
        yield item
        now = time.monotonic()
        if not on_terminal and now - logged >= LINE_SECONDS:
            logged = now
            console.log(f"{number}/{len(items)} images, {(now - start) / number:.2f} s each")


def _check_apart(source, output):
    paths = [os.path.realpath(source), os.path.realpath(output)]
    if os.path.commonpath(paths) in paths:
        raise UserError(f"--output {output} and --input {source} overlap; give another --output.")

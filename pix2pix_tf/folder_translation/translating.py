"""A folder of images → a folder of answers and a gallery. What is there already is not made again."""

import dataclasses
import os
import sys
import time

from tqdm import tqdm

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.folder_translation import gallery
from pix2pix_tf.folder_translation.image_names import find_images
from pix2pix_tf.folder_translation.models import Model
from pix2pix_tf.folder_translation.output_folder import claimed
from pix2pix_tf.images import write_png

LINE_SECONDS = 10  # between two lines on the progress, where there is no terminal


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How many answers were made and were there, a sentence on each bad image, and the gallery's path."""

    made: int
    kept: int
    bad: list[str]
    gallery: str


def translate_folder(model: Model, source: str, output: str, target: str | None = None) -> Outcome:
    """Translates the images in the folder `source`, or that one file, into PNG files of the same names in `output`.

    An answer that is there is whole, as it gets its name last, and is kept. An image that cannot be translated is
    told of, and left out.

    Args:
      model: what answers.
      source: a folder, searched with its subfolders, or a file.
      output: the folder for answers and gallery.
      target: folder with the true answers, matched by path without the ending, for the gallery only.

    Raises:
      UserError: there are no images, or `output` cannot be used (see `output.claimed`) or is full.
    """
    found = find_images(source)
    if os.path.isdir(source):
        _check_apart(source, output)
    if target and not os.path.isdir(target):
        raise UserError(f"--target {target} is not a folder; give one that holds images.")
    bad = []
    with claimed(output, {**model.settings, "input": os.path.realpath(found.root)}):
        missing = [name for name in found.chosen if not _is_done(output, found.answers[name])]
        for name in _counted(missing):
            path = os.path.join(found.root, name)
            try:
                answer = model.answer(images.read_image(path), path)
            except UserError as error:
                _tell(bad, str(error))
            else:
                write_png(answer, os.path.join(output, found.answers[name]))
        done = {name: answer for name, answer in found.answers.items() if _is_done(output, answer)}
        made = len(missing) - len(bad)
        path, unseen = gallery.write_gallery(output, found.root, done, target, model.settings)
        for sentence in unseen:
            _tell(bad, sentence)
    return Outcome(made, len(found.chosen) - len(missing), bad, path)


def _is_done(output, answer):
    return os.path.isfile(os.path.join(output, answer))


def _tell(bad, sentence):
    bad.append(sentence)
    tqdm.write(sentence, file=sys.stderr)


def _counted(names):
    """Yields the names with a progress bar, or a line now and then where there is no terminal."""
    on_terminal = sys.stderr.isatty()
    start = told = time.monotonic()
    bar = tqdm(names, unit="image", dynamic_ncols=True, disable=not on_terminal)
    for number, name in enumerate(bar, start=1):
        yield name
        now = time.monotonic()
        if not on_terminal and now - told >= LINE_SECONDS:
            told = now
            print(f"{number}/{len(names)} images, {(now - start) / number:.2f} s each", flush=True)


def _check_apart(source, output):
    paths = [os.path.realpath(source), os.path.realpath(output)]
    if os.path.commonpath(paths) in paths:
        raise UserError(f"--output {output} and --input {source} are not apart; give the output a folder of its own.")

"""An export for one server's lifetime: made in seconds, as it is neither checked in a fresh process nor warmed up."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator

from pix2pix_tf.exporting import card, signatures
from pix2pix_tf.exporting.publication import check_statistics
from pix2pix_tf.inference import Translator
from pix2pix_tf.utils.atomic import write_text

MAX_PIXELS = 16_000_000  # of an image, as export.py has it


@contextlib.contextmanager
def temporary_export(workdir: str, size: str | int = "auto", palette: str = "") -> Iterator[str]:
    """A model's folder with an export of the newest checkpoint of a run, which is removed when the block ends.

    Arguments and errors are those of `export`.
    """
    translator = Translator.load(workdir, size=size)
    check_statistics(translator.config, workdir)
    with tempfile.TemporaryDirectory(prefix="pix2pix-serve-") as base:
        folder = os.path.join(base, "1")
        signatures.save(translator.config, translator.generator, MAX_PIXELS, folder, size)
        about = card.model_card(
            workdir, translator.config, translator.step, MAX_PIXELS, [], palette, size, translator.weights
        )
        os.makedirs(os.path.join(folder, "assets.extra"))
        write_text(os.path.join(folder, "assets.extra", "model_card.json"), json.dumps(about))
        yield base

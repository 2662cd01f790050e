"""Publishing an export: built and checked out of a server's sight, then renamed once to the next version number."""

import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pix2pix_tf.errors import UserError
from pix2pix_tf.exporting import card, recording, replay, signatures
from pix2pix_tf.inference import Translator
from pix2pix_tf.utils.atomic import make_folder
from pix2pix_tf.utils.locks import exclusive_lock
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.version_folders import next_version

UNFINISHED = ".export-"  # Servers look at names that are integers only.
# What an export must have in common with the run's own generator: the share of equal values, and the largest distance.
PARITY = {"float32": (0.999, 1), "bfloat16": (0.99, 2), "float16": (0.99, 2)}
PARITY["auto"] = PARITY["float32"]  # As long as it is not decided, for weights that were imported.


def export(
    workdir: str,
    export_dir: str,
    max_megapixels: float = 16,
    checkpoint: str = "latest",
    palette: str = "",
    size: str | int = "auto",
    weights: str = "auto",
) -> str:
    """Publishes a run's generator as the next version of a model.

    The SavedModel is written to a hidden folder in `export_dir`, loaded in a fresh process that cannot import this
    project, replayed the recorded requests, and renamed to the next integer only if its outputs are those of the run's
    own generator. Nothing is overwritten, and a crash leaves no folder that a server would pick up.

    Args:
      export_dir: the model's base folder, which is made if it is missing.
      max_megapixels: the largest image that the export accepts, in millions of pixels.
      palette: the data set whose class colors the input's label maps use, for the page on which users draw them; ""
        for the run's own.
      checkpoint, size, weights: those of `Translator.load`.

    Returns:
      The path of the new version.

    Raises:
      UserError: there is no such run or no checkpoint, the run normalizes with batch statistics, `export_dir` is no
        folder, is in use or holds the last possible version, or the check failed.
    """
    if not 10**-6 <= max_megapixels < math.inf:
        raise UserError(f"max_megapixels must be above 0 and finite. Received: {max_megapixels}.")
    max_pixels = round(max_megapixels * 10**6)
    translator = Translator.load(workdir, checkpoint, size, weights)
    config = translator.config
    check_statistics(config, workdir)
    card.input_palette(config, palette)  # A wrong name is an error before the work begins.
    next_version(export_dir)  # So is a folder without a number left.
    with _unfinished_folder(export_dir) as folder:
        signatures.save(config, translator.generator, max_pixels, folder, size)
        recording.record_requests(translator, folder)
        parity = _check(folder, config.precision, translator.output.step)
        about = card.model_card(workdir, config, translator.step, max_pixels, parity, palette, size, translator.weights)
        card.write_card(about, folder)
        return _publish(folder, export_dir)


def check_statistics(config, workdir: str) -> None:
    """Raises UserError for a run whose outputs depend on what shares their batch."""
    if config.inference_statistics == "batch":
        raise UserError(
            f"{workdir} has inference_statistics=batch, with which an output depends on the other images of its "
            "batch; a server needs inference_statistics=image: set it in the run's config.json."
        )


@contextlib.contextmanager
def _unfinished_folder(export_dir):
    """A new hidden folder in `export_dir`, which no other export uses meanwhile; removed if the block fails.

    Folders that killed exports left behind are removed first.
    """
    make_folder(export_dir, "--export_dir")
    busy = f"another process is exporting to {export_dir}; wait for it."
    with exclusive_lock(os.path.join(export_dir, ".lock"), busy):
        for left in Path(export_dir).glob(UNFINISHED + "*"):
            shutil.rmtree(left)
        folder = tempfile.mkdtemp(prefix=UNFINISHED, dir=export_dir)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _check(folder, precision, step=1.0):
    """Replays the recorded requests in a fresh process → one {"signature", "equal", "largest"} each; see `replay`."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    # -I alone would lose PYTHONPATH and the user's site-packages, where TensorFlow may be installed.
    paths = [os.path.abspath(path) for path in sys.path if path]
    command = [sys.executable, "-I", replay.__file__, plain_path(folder), *paths, f"--step={step}"]
    process = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    if process.returncode:
        reason = (process.stderr.strip() or f"exit status {process.returncode}").splitlines()[-1]
        raise UserError(f"the export could not be used in a fresh process, so it was not published: {reason}")
    parity = [json.loads(line) for line in process.stdout.splitlines()]
    least, most = PARITY[precision]
    for record in parity:
        if record["equal"] < least or record["largest"] > most:
            raise UserError(
                f"the export's {record['signature']} differs from the run's generator ({record['equal']:.2%} of values "
                f"equal, up to {record['largest']} apart), so it was not published; please report this."
            )
    return parity


def _publish(folder, export_dir):
    """Flushes the finished folder to the disk and renames it to the next integer."""
    with signatures.written(export_dir):
        os.chmod(folder, 0o755)  # mkdtemp lets only its own user in; a server often runs as another.
        for path in (*Path(folder).rglob("*"), Path(folder)):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        path = os.path.join(export_dir, str(next_version(export_dir)))
        os.rename(folder, path)
        return path

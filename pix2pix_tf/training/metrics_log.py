"""`metrics.jsonl` and TensorBoard of a run: numbers and images by step."""

import contextlib
import glob
import os

import numpy as np
import tensorflow as tf
from PIL import Image

from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import METRICS_FILE, metrics_text, read_metrics
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.tf_errors import disk_reason

SAMPLES = "samples"
_GROUPS = {"d_": "discriminator/", "g_": "generator/", "val_": "validation/", "learning_": "learning/"}


class MetricsLog:
    """Appends to both; a run that goes back to an earlier step loses what both hold of later ones."""

    def __init__(self, workdir, start):
        """Records beyond step `start`, left by a run that died after its last checkpoint, are dropped."""
        self._path, board = os.path.join(workdir, METRICS_FILE), os.path.join(workdir, "tensorboard")
        records = read_metrics(workdir)
        kept = [record for record in records if record["step"] <= start]
        goes_back = len(kept) < len(records)
        if goes_back:
            for path in glob.glob(os.path.join(glob.escape(board), "events.out.tfevents.*")):
                os.remove(path)
        with _written(self._path):
            self._board = tf.summary.create_file_writer(plain_path(board))
            if goes_back:
                self._show_again(kept, workdir, start)
        write_text(self._path, metrics_text(kept))  # Last: as long as it holds later steps, this is done anew.

    def _show_again(self, records, workdir, start):
        for record in records:
            self._show(record)
        for path in glob.glob(os.path.join(glob.escape(workdir), SAMPLES, "step_*.png")):
            step = int(os.path.basename(path).removeprefix("step_").removesuffix(".png"))
            if step <= start:
                self.image(step, np.asarray(Image.open(path)))
        self._board.flush()

    def write(self, record: dict) -> None:
        """Appends one record; it must have a `step`. UserError if it cannot be written."""
        with _written(self._path):
            with open(self._path, "a") as file:
                file.write(metrics_text([record]))
            self._show(record)
            self._board.flush()

    def image(self, step: int, image: np.ndarray) -> None:
        """Shows a uint8 image [H, W, 3] in TensorBoard."""
        with self._board.as_default(step):
            tf.summary.image("samples", image[None])

    def _show(self, record):
        with self._board.as_default(record["step"]):
            for name, value in record.items():
                if isinstance(value, list):  # One number a channel.
                    for channel, number in enumerate(value):
                        tf.summary.scalar(f"{_board_name(name)}/{channel}", number)
                elif name not in ("step", "epoch"):
                    tf.summary.scalar(_board_name(name), value)


def _board_name(name):
    """`d_loss` → `discriminator/loss`, so that TensorBoard groups what belongs together."""
    for prefix, group in _GROUPS.items():
        if name.startswith(prefix):
            return group + name.removeprefix(prefix)
    return "speed/" + name


@contextlib.contextmanager
def _written(path):
    """An error of the disk → a UserError."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = disk_reason(error)
        raise UserError(
            f"{path} and tensorboard/ cannot be written ({reason}); see to the folder and its disk, and resume the run."
        ) from None

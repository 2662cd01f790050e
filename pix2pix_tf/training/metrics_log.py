"""`metrics.jsonl` of a run, and the boards that show the same: numbers and images by step."""

import contextlib
import os

import numpy as np
import tensorflow as tf

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import METRICS_FILE, metrics_text, read_metrics
from pix2pix_tf.training.boards import open_boards
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.tf_errors import disk_reason


class MetricsLog:
    """Appends to all; a run that goes back to an earlier step loses what its own files hold of later ones."""

    def __init__(self, workdir, start, config=Config()):  # noqa: B008 (it is frozen)
        """Records beyond step `start`, left by a run that died after its last checkpoint, are dropped."""
        self._path = os.path.join(workdir, METRICS_FILE)
        records = read_metrics(workdir)
        kept = [record for record in records if record["step"] <= start]
        with _written(self._path):
            self._boards = open_boards(workdir, config, kept, goes_back=len(kept) < len(records))
        write_text(self._path, metrics_text(kept))  # Last: as long as it holds later steps, this is done anew.

    def write(self, record: dict) -> None:
        """Appends one record; it must have a `step`. UserError if it cannot be written."""
        with _written(self._path):
            with open(self._path, "a") as file:
                file.write(metrics_text([record]))
            for board in self._boards:
                board.show(record)

    def image(self, step: int, image: np.ndarray) -> None:
        """Shows a uint8 image [H, W, 3] on the boards that can."""
        for board in self._boards:
            board.image(step, image)

    def close(self) -> None:
        """Ends the boards."""
        for board in self._boards:
            board.close()


@contextlib.contextmanager
def _written(path):
    """An error of the disk → a UserError."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = disk_reason(error)
        raise UserError(
            f"{path} and tensorboard/ cannot be written ({reason}); check the folder and its disk, and resume the run."
        ) from None

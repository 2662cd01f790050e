"""The weights of a run's networks in one small file, 16 bits each: a generator to be handed on, without its optimizers.

The file stands in a run directory where its checkpoints would, and everything that takes a trained run takes it:
translating, evaluating, exporting, and `--init_from`.
"""

import contextlib
import os
import zipfile

import numpy as np

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import atomic_path

NAME = "weights.npz"
_STEP = "step"


def path_of(workdir) -> str | None:
    """The weights file of a run directory; None if it has none."""
    path = os.path.join(workdir, NAME)
    return path if os.path.isfile(path) else None


def save(workdir, step: int, **networks) -> str:
    """Writes networks, by name (`generator=…`, `discriminator=…`), rounded to float16, and returns the file's path.

    Raises:
      UserError: a weight is beyond float16's range, or the file cannot be written.
    """
    arrays = {_STEP: np.int64(step)}
    for name, network in networks.items():
        for weight in network.weights:
            with np.errstate(over="ignore"):
                arrays[f"{name}/{weight.path}"] = rounded = weight.numpy().astype(np.float16)
            if not np.isfinite(rounded).all():
                raise UserError(f"{weight.path} of the {name} holds values beyond 65504, which 16 bits cannot hold.")
    path = os.path.join(workdir, NAME)
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)
    return path


def load(path, **networks) -> int:
    """Fills networks, by name, from a weights file and returns the step that they were trained to.

    Raises:
      UserError: the file is damaged, or lacks a weight or has it in another shape.
    """
    with _opened(path) as arrays:
        for name, network in networks.items():
            for weight in network.weights:
                weight.assign(arrays[f"{name}/{weight.path}"].astype(np.float32))
        return int(arrays[_STEP])


def networks_in(path) -> set[str]:
    """The names of the networks that a weights file holds; UserError if it is damaged."""
    with _opened(path) as arrays:
        return {name.partition("/")[0] for name in arrays.files} - {_STEP}


@contextlib.contextmanager
def _opened(path):
    try:
        with np.load(path) as arrays:
            yield arrays
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise UserError(f"{path} does not fit this run or is damaged ({reason}); give another run.") from None

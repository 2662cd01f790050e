"""The files of checkpoints in a folder: `step-<N>.index` and `step-<N>.data-…`, under paths of any characters."""

import itertools
import os
import re
import shutil

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.tf_errors import disk_reason


def path(folder: str, step: int) -> str:
    """A checkpoint's path without the endings of its files, as TensorFlow takes it."""
    return os.path.join(folder, f"step-{step}")


def steps(folder: str) -> list[int]:
    """The steps of which a folder holds files of a checkpoint, the newest first."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = (re.fullmatch(r"step-(\d+)\.(?:index|data-\d+-of-\d+)", name) for name in names)
    return sorted({int(match[1]) for match in found if match}, reverse=True)


def write(checkpoint: tf.train.Checkpoint, folder: str, step: int, keep: int) -> None:
    """Writes `step-<step>` and keeps it with the newest older ones, `keep` in all; the others are removed.

    The file `checkpoint`, by which TensorFlow finds the newest, names them.

    Raises:
      UserError: it cannot be written; what was there is untouched.
    """
    prefix = path(folder, step)
    try:
        os.makedirs(folder, exist_ok=True)
        checkpoint.save_counter.assign_add(1)  # A part of the format.
        checkpoint.write(plain_path(prefix))
    except (OSError, tf.errors.OpError) as error:
        remove(folder, step)
        raise UserError(
            f"{prefix} cannot be written ({disk_reason(error)}); older checkpoints are untouched: "
            "check the folder and its disk, and resume the run."
        ) from None
    older = [other for other in steps(folder) if other < step]
    kept = [step, *older[: keep - 1]]
    for other in set(steps(folder)) - set(kept):
        remove(folder, other)
    lines = [f'model_checkpoint_path: "step-{step}"', *(f'all_model_checkpoint_paths: "step-{i}"' for i in kept[::-1])]
    write_text(os.path.join(folder, "checkpoint"), "\n".join(lines) + "\n")


def remove(folder: str, step: int) -> None:
    """Removes all files of a checkpoint, those of an unfinished one too; a folder of such a name is not ours."""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        file = os.path.join(folder, name)
        if name.startswith(f"step-{step}.") and not os.path.isdir(file):
            os.remove(file)
        elif name.startswith(f"step-{step}_temp"):
            shutil.rmtree(file, ignore_errors=True)


def is_whole(prefix: str, beginnings: tuple[str, ...] = ("",)) -> bool:
    """Whether all tensors of a checkpoint whose names begin so can be read."""
    try:
        reader = tf.train.load_checkpoint(plain_path(prefix))
        for name in reader.get_variable_to_shape_map():
            if name.startswith(beginnings):
                reader.get_tensor(name)  # Compares its checksum.
    except Exception:  # What TensorFlow raises depends on where the damage is.
        return False
    return True


def set_aside(folder: str, step: int) -> str:
    """Renames a checkpoint to `damaged-step-<step>`, or the like if there is one, and returns that name."""
    names = os.listdir(folder)
    for number in itertools.count(1):
        new = f"damaged-step-{step}" if number == 1 else f"damaged{number}-step-{step}"
        if not any(name.startswith(f"{new}.") for name in names):
            break
    for name in names:
        if name.startswith(f"step-{step}."):
            ending = name.removeprefix(f"step-{step}")
            os.replace(os.path.join(folder, name), os.path.join(folder, new + ending))
    return new

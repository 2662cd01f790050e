"""What a path to a trained generator holds: a run directory, or an export."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.json_files import NUMBER, read_json
from pix2pix_tf.utils.version_folders import version_folders

_SIDE = {"channels": int, "dtype": str, "low": NUMBER, "high": NUMBER}
_CARD = {"input?": _SIDE, "output?": _SIDE, "palette?": dict | None, "config?": dict}


def is_run(path: str) -> bool:
    """Whether `path` is a run directory, and not an export or a model's folder of exports; UserError if neither."""
    if os.path.isfile(os.path.join(path, "config.json")):
        return True
    if _is_export(path) or version_folders(path):
        return False
    raise UserError(
        f"{path} is no run directory (it holds no config.json) and no export (no saved_model.pb, and no version with "
        "one); give one that train.py or export.py made."
    )


def newest_export(path: str) -> str:
    """The folder that holds saved_model.pb: `path`, or its version with the largest number; UserError if none does."""
    for folder in (Path(path), *version_folders(path).values()):
        if _is_export(folder):
            return str(folder)
    raise UserError(
        f"{path} holds no saved_model.pb and no version with one, so it is no export; give one that export.py made."
    )


@contextlib.contextmanager
def base_of_export(path: str) -> Iterator[str]:
    """A folder of versions: `path` itself, or while the block runs one that holds the single export `path`."""
    if not _is_export(path):
        yield path
        return
    name = os.path.basename(os.path.abspath(path))
    with tempfile.TemporaryDirectory(prefix="pix2pix-serve-") as base:
        os.symlink(os.path.abspath(path), os.path.join(base, name if name.isdecimal() else "1"))
        yield base


def check_regular(folder: str | Path) -> None:
    """Raises UserError if a file below `folder` is a named pipe, socket or device, whose reader might wait for ever."""
    seen = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in seen:  # By a link that leads back.
            folders.clear()
        seen.add(real)
        for name in names:
            path = os.path.join(where, name)
            if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
                raise UserError(f"{path} is no regular file; remove it, or export the run again.")


def read_card(export: str | Path) -> dict:
    """The model card of an export (see `exporting.card`), {} if it has none; UserError if it is damaged."""
    path = os.path.join(export, "assets.extra", "model_card.json")
    return read_json(path, _CARD, "export the run again") if os.path.exists(path) else {}


def _is_export(folder):
    return os.path.lexists(os.path.join(folder, "saved_model.pb"))

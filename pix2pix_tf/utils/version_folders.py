"""The numbered versions of an exported model: folders named by an integer, as TensorFlow Serving has them."""

import contextlib
from pathlib import Path

from pix2pix_tf.errors import UserError

MAX_NUMBER = 2**63 - 1  # of a version, in the messages of gRPC


def version_folders(base: str | Path) -> dict[int, Path]:
    """{number: folder} of the versions in `base`, the newest first; {} also while it cannot be read."""
    with contextlib.suppress(OSError):  # A folder that may not be searched, or a network disk that does not answer.
        return {number: path for number, path in _numbered(base) if path.is_dir()}
    return {}


def next_version(base: str | Path) -> int:
    """The number of the version that comes after all that `base` holds; UserError if there is none left."""
    number = max((number for number, _ in _numbered(base)), default=0) + 1
    if number > MAX_NUMBER:
        raise UserError(f"{base} holds version {MAX_NUMBER}, the last there can be; export to another folder.")
    return number


def _numbered(base):
    try:
        paths = [path for path in Path(base).iterdir() if path.name.isascii() and path.name.isdecimal()]
    except (OSError, ValueError):  # ValueError: it holds a NUL character, so there is no such folder.
        return []
    numbered = ((int(path.name), path) for path in paths if len(path.name) < 1000)  # Python refuses very long ones.
    return sorted(((number, path) for number, path in numbered if number <= MAX_NUMBER), reverse=True)

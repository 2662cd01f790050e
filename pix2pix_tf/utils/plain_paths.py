"""Paths for TensorFlow, which takes those of checkpoints for patterns, and needs UTF-8."""

import atexit
import functools
import os
import shutil
import tempfile

from pix2pix_tf.errors import UserError

_PATTERN_SIGNS = set("*?[]{}\\")
_TEMPORARY_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # Where the one of TMPDIR has such signs itself.


def plain_path(path: str | os.PathLike) -> str:
    """The absolute path of a file or folder in a form that TensorFlow takes as it is.

    Where the path holds signs of patterns (`[ ] * ?`), or is no UTF-8, it leads through a link in a temporary folder,
    which is removed when the process ends. What is yet to be made must have a plain name.

    Raises:
      UserError: such a link is needed and cannot be made.
    """
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    return os.path.join(_linked(folder), name) if _is_plain(name) else _linked(path)


def _is_plain(path):
    return not _PATTERN_SIGNS & set(path) and path.isprintable()


@functools.cache
def _linked(path):
    """The path itself, or that of a link to it, if TensorFlow would not find it."""
    if _is_plain(path):
        return path
    try:
        folder = next(filter(_is_plain, (tempfile.gettempdir(), *_TEMPORARY_FOLDERS)))
        temporary = tempfile.mkdtemp(prefix="pix2pix-", dir=folder)
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        link = os.path.join(temporary, "link")
        os.symlink(path, link)
    except OSError as error:
        raise UserError(
            f"{path} has a name that TensorFlow cannot read, and no link to it can be made in a temporary folder "
            f"({error.strerror}); rename it, or set TMPDIR to a folder that can be written to."
        ) from None
    return link

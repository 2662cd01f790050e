"""Paths for TensorFlow, which takes those of checkpoints for patterns, and needs UTF-8."""

import atexit
import functools
import os
import shutil
import tempfile

_PATTERN_SIGNS = set("*?[]{}\\")


def plain_path(path: str | os.PathLike) -> str:
    """The absolute path of a file or folder in a form that TensorFlow takes as it is.

    Where the path of its folder holds signs of patterns (`[ ] * ?`), or is no UTF-8, it leads through a link in a
    temporary folder, which is removed when the process ends. The name itself must be plain.
    """
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(_linked(folder), name)


@functools.cache
def _linked(folder):
    """The folder itself, or a link to it, if TensorFlow would not find it."""
    if not _PATTERN_SIGNS & set(folder) and folder.isprintable():
        return folder
    temporary = tempfile.mkdtemp(prefix="pix2pix-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    link = os.path.join(temporary, "folder")
    os.symlink(folder, link)
    return link

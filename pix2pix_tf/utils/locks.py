"""Locks between processes, which end with the process that holds them, however it ends."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.console import log, warn

_UNSUPPORTED = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}


@contextlib.contextmanager
def exclusive_lock(path: str | os.PathLike, busy_message: str, wait: bool = False) -> Iterator[None]:
    """Holds the lock of the file `path` within the block; the file is made if it is missing, and stays.

    Where another process holds it, `busy_message` is an error, or a line on stdout where this one is to `wait`.

    Raises:
      UserError: another process holds the lock, or the file cannot be opened.
    """
    try:
        file = open(path, "a")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); check the folder and its disk.") from None
    with file:
        lock_file(file, busy_message, wait)
        yield


def lock_file(file, busy_message: str, wait: bool = False) -> None:
    """Locks an open file until it is closed; arguments and errors are those of `exclusive_lock`.

    Where the file system knows no locks (Lustre, some of FUSE and NFS), a warning says so, and there is no lock.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise UserError(busy_message) from None
        log(busy_message)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        warn(f"{file.name} cannot be locked ({error.strerror}); take care that no second process writes there.")

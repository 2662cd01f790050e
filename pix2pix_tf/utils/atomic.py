"""Files that are written whole or not at all: under a temporary name first, renamed when they are complete."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator

from pix2pix_tf.errors import UserError

_PREFIX = ".tmp-"
_LONGEST_ENDING = 16
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[str]:
    """Yields a temporary path in the folder of `path`; the file written there becomes `path` when the block ends.

    The temporary name is hidden, short, different in each call, and keeps the ending, by which some libraries choose
    a format. If the block fails, the temporary file is removed and `path` is as it was.

    Raises:
      UserError: the file cannot be written (an OSError in the block).
    """
    folder, name = os.path.split(os.fspath(path))
    ending = os.path.splitext(name)[1]
    ending = ending if len(ending) <= _LONGEST_ENDING else ""
    temporary = os.path.join(folder, f"{_PREFIX}{secrets.token_hex(4)}{ending}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}); check the folder and its disk."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def make_folder(path: str | os.PathLike, flag: str) -> None:
    """Makes a folder that is not there yet; UserError, which names the flag that gave it, if it cannot be made."""
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: the path holds a NUL character.
        reason = getattr(error, "strerror", error)
        raise UserError(f"{path} cannot be made a folder ({reason}); give another {flag}.") from None


def is_of_the_disk(error: UserError) -> bool:
    """Whether a file could not be written for a reason that holds for all files, and not for its own name."""
    return getattr(error.__cause__, "errno", None) in _OF_THE_DISK


def remove_leftovers(folder: str | os.PathLike) -> None:
    """Removes what killed processes left of `atomic_path` below a folder, in which no other process may be writing."""
    for where, _, names in os.walk(folder):
        for name in names:
            if name.startswith(_PREFIX):
                with contextlib.suppress(OSError):
                    os.remove(os.path.join(where, name))


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a UTF-8 file as `atomic_path` does; bytes of file names that are no UTF-8 are kept."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Writes a file as `atomic_path` does."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(content)

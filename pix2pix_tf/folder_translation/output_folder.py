"""The output folder: whose answers it holds, so that those of two models or of two inputs never mix."""

import contextlib
import fcntl
import json
import os

from pix2pix_tf.errors import UserError

RECORD = "translate.json"


@contextlib.contextmanager
def claimed(folder: str, settings: dict):
    """While the block runs, no other process translates into `folder`, which is made if it is missing.

    `settings`, JSON values, are written to its translate.json, and must be the same each time.

    Raises:
      UserError: the folder holds other files, answers made with other settings, cannot be written, or is in use.
    """
    path = os.path.join(folder, RECORD)
    try:
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(path) and any(not name.startswith(".") for name in os.listdir(folder)):
            raise UserError(f"--output {folder} holds files but no {RECORD}; give a new folder, or an empty one.")
        file = open(path, "a+")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UserError(f"--output {folder} cannot be used ({error.strerror}); give another one.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another process is translating into {folder}; wait for it.") from None
        file.seek(0)
        written = file.read()
        if written:
            _compare(folder, written, settings)
        else:
            file.write(json.dumps(settings, indent=2) + "\n")
            file.flush()
        yield


def _compare(folder, written, settings):
    try:
        old = json.loads(written)
        different = next(name for name in {**old, **settings} if old.get(name) != settings.get(name))
    except StopIteration:
        return
    except (json.JSONDecodeError, TypeError):
        raise UserError(f"{os.path.join(folder, RECORD)} is damaged; give another --output.") from None
    raise UserError(
        f"--output {folder} holds answers with {different} {json.dumps(old.get(different))}, "
        f"not {json.dumps(settings.get(different))}; give another --output."
    )

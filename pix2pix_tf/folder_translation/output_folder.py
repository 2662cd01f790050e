"""The output folder: whose outputs it holds, so that those of two models or of two inputs never mix."""

import contextlib
import json
import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import remove_leftovers
from pix2pix_tf.utils.image_files import TRANSLATED as RECORD
from pix2pix_tf.utils.json_files import parse_json
from pix2pix_tf.utils.locks import lock_file


@contextlib.contextmanager
def claimed(folder: str, settings: dict):
    """While the block runs, no other process translates into `folder`, which is made if it is missing.

    `settings`, JSON values, are written to its translate.json, and must be the same each time.

    Raises:
      UserError: the folder holds other files, outputs made with other settings, cannot be written, or is in use.
    """
    path = os.path.join(folder, RECORD)
    try:
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(path) and any(not name.startswith(".") for name in os.listdir(folder)):
            raise UserError(f"--output {folder} holds files but no {RECORD}; give a new folder, or an empty one.")
        file = open(path, "a+", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UserError(f"--output {folder} cannot be used ({error.strerror}); give another one.") from None
    with file:
        lock_file(file, f"another process is translating into {folder}; wait for it.")
        file.seek(0)
        if written := file.read():
            _compare(folder, parse_json(written, path, advice="give another --output"), settings)
        else:
            file.write(json.dumps(settings, indent=2) + "\n")
            file.flush()
        remove_leftovers(folder)
        yield


def _compare(folder, old, new):
    old = {"size": "own", "layout": "photos", **old}  # As all were made before there was a choice.
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            raise UserError(
                f"--output {folder} holds outputs with {name} {json.dumps(old.get(name))}, "
                f"not {json.dumps(new.get(name))}; give another --output."
            )

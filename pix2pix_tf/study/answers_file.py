"""The answers file: JSON lines, of which the first holds the study's settings. What was appended survives a crash."""

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterator

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.json_files import ANY, NUMBER, check_kind, parse_json, read_bytes
from pix2pix_tf.utils.locks import lock_file

_STUDY = {"study": str, "seed": int, "fake": {ANY: str}, "practice": int, "trials": int}
_PARTICIPANT = {"participant": str, "algorithm": str}
_ANSWER = _PARTICIPANT | {"trial": int, "practice": bool, "fake_side": str, "answer": str, "hidden": bool, "loads": int}
_ANSWER |= {"exposure_ms": NUMBER}


class Answers:
    """The answers file of a study that is being served, see `open_answers`.

    Attributes:
      path: where it is.
      settings: those of the study, with `study`, which tells it from others, and its `seed`.
      records: what was in the file when it was opened.
    """

    def __init__(self, file, settings: dict):
        self.path = file.name
        self._file = file
        self._lock = threading.Lock()
        self._end = 0
        if not os.path.getsize(self.path):
            self.append({"study": secrets.token_hex(4), "seed": secrets.randbits(128), **settings})
        self.settings, self.records, self._end = _read(self.path)

    def append(self, record: dict) -> None:
        """Adds one line, from any thread; when this returns, the line is on the disk. Raises OSError if it is not."""
        line = json.dumps(record).encode() + b"\n"
        with self._lock:
            self._file.truncate(self._end)  # Drops what a crash or a full disk left of a line.
            if self._file.write(line) < len(line):
                raise OSError(f"{self.path} took a part of a line only; is the disk full?")
            os.fsync(self._file.fileno())
            self._end += len(line)


@contextlib.contextmanager
def open_answers(path: str, settings: dict) -> Iterator[Answers]:
    """Opens the answers file of a study, or makes it, and keeps other servers away from it within the block.

    A new file is given a name for the `study` and a `seed`, both drawn at random.

    Raises:
      UserError: it cannot be opened, is in use, is no answers file, or belongs to a study with other settings.
    """
    with _open(path) as file:
        lock_file(file, f"{path} is in use by another server; stop it, or give another --answers.")
        answers = Answers(file, settings)
        for name, value in settings.items():
            if answers.settings.get(name) != value:
                raise UserError(_other_study(path, name, answers.settings.get(name), value))
        _make_name_durable(path)
        yield answers


def read_answers(path: str) -> tuple[dict, list[dict]]:
    """An answers file → (the study's settings, the records in the order in which they came)."""
    if not os.path.isfile(path):
        raise UserError(f"{path} does not exist; give the --answers of a study that was served.")
    settings, records, _ = _read(path)
    return settings, records


def _open(path):
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f"{path} is no regular file; give another --answers.")
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        return open(path, "ab", buffering=0)
    except OSError as error:
        raise UserError(f"{path} cannot be opened ({error.strerror}); give another --answers.") from error


def _read(path):
    """(settings, records, length in bytes of all whole lines). A last line that is cut short was never acknowledged."""
    other = "give another --answers"
    first, *lines = read_bytes(path, other).split(b"\n")[:-1] or [b""]
    try:
        settings = parse_json(first, path, _STUDY)
    except UserError:
        raise UserError(f"{path} is no answers file of a study; {other}.") from None
    records, participants, advice = [], set(), f"repair it or {other}"
    for number, line in enumerate(lines, start=2):
        name = f"{path}, line {number},"
        record = parse_json(line, name, advice=advice)
        check_kind(record, _ANSWER if "trial" in record else _PARTICIPANT, name, advice)
        if record["algorithm"] not in settings["fake"] or ("trial" in record) != (
            record["participant"] in participants
        ):
            raise UserError(f"{name} contradicts the lines before it; {advice}.")
        participants.add(record["participant"])
        records.append(record)
    return settings, records, sum(len(line) + 1 for line in (first, *lines))


def _other_study(path, name, old, new):
    if name == "fingerprint":
        return f"{path} belongs to a study of other images; put them back, or give another --answers."
    return f"{path} belongs to a study with {name} {old!r}, not {new!r}; go back to that, or give another --answers."


def _make_name_durable(path):
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)

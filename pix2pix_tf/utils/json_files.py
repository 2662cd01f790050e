"""JSON that comes from outside: whatever it holds, it is read, or one sentence says why not."""

import json
import math
import os
from typing import Any

from pix2pix_tf.errors import UserError

_KINDS = {dict: "an object", list: "a list"}


def read_json(path: str | os.PathLike, kind: type = dict, advice: str = "restore it from a copy") -> Any:
    """The content of a JSON file; arguments and errors are those of `parse_json`, and UserError if it is not there."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {advice}.") from None
    return parse_json(content, str(path), kind, advice)


def parse_json(text: str | bytes, name: str, kind: type = dict, advice: str = "restore it from a copy") -> Any:
    """The value of a JSON text.

    Args:
      text: the text, or UTF-8 bytes.
      name: what to call it in an error.
      kind: what its value must be, `dict` or `list`; `object` for anything.
      advice: what to do about an error.

    Raises:
      UserError: it is cut short or otherwise no JSON, no UTF-8, nested too deeply, holds a number that is too large
        for float64 or an object with one name twice, or is of another kind. NaN and Infinity, which Python writes, are
        read.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_int=_of_float64, object_pairs_hook=_each_once)
    except RecursionError:
        raise UserError(f"{name} is no sound JSON (nested too deeply); {advice}.") from None
    except ValueError as error:  # Bad syntax or encoding, or one of ours.
        reason = "no UTF-8" if isinstance(error, UnicodeError) else error
        raise UserError(f"{name} is no sound JSON ({reason}); {advice}.") from None
    if not isinstance(value, kind):
        raise UserError(f"{name} must hold {_KINDS[kind]} of JSON, not {json.dumps(value)[:40]}; {advice}.")
    return value


def _each_once(pairs):
    """The object of these pairs; which of two values under one name was meant, nobody knows."""
    value = {}
    for name, inner in pairs:
        if name in value:
            raise ValueError(f"the name {name[:40]!r} twice in one object")
        value[name] = inner
    return value


def _finite(text):
    if not math.isfinite(value := float(text)):
        raise ValueError("a number that is too large")
    return value


def _of_float64(text):
    _finite(text)
    return int(text)

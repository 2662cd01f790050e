"""JSON that comes from outside: whatever it holds, it is read, or one sentence says why not."""

import json
import math
import os
import stat
import typing
from types import NoneType, UnionType

from pix2pix_tf.errors import UserError

Kind = type | UnionType | dict
NUMBER = int | float
ANY = "*"
_WORDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number"}
_WORDS |= {bool: "true or false", NoneType: "null"}


def read_json(path: str | os.PathLike, kind: Kind = dict, advice: str = "restore it from a copy") -> typing.Any:
    """The content of a JSON file; arguments and errors are those of `parse_json`, and UserError if it is not there."""
    return parse_json(read_bytes(path, advice), str(path), kind, advice)


def read_bytes(path: str | os.PathLike, advice: str) -> bytes:
    """The content of a file; UserError if it cannot be read, or is a named pipe, whose reader might wait for ever."""
    try:
        if stat.S_ISFIFO(os.stat(path).st_mode):
            raise UserError(f"{path} cannot be read (Is a named pipe); {advice}.")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {advice}.") from None


def parse_json(text: str | bytes, name: str, kind: Kind = dict, advice: str = "restore it from a copy") -> typing.Any:
    """The value of a JSON text.

    Args:
      text: the text, or UTF-8 bytes.
      name: what to call it in an error.
      kind: what its value must be: a type, such as `dict`, or one of several, such as `NUMBER | None`; `object` for
        anything. {name: kind} is an object that holds at least these names: those that end in `?` may be missing, and
        ANY stands for all that there are.
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
    check_kind(value, kind, name, advice)
    return value


def check_kind(value: typing.Any, kind: Kind, name: str, advice: str, place: str = "") -> None:
    """Raises UserError unless a JSON value, at `place` in `name`, is of a kind; all else is as in `parse_json`."""
    types = (dict,) if isinstance(kind, dict) else typing.get_args(kind) or (kind,)
    if object not in types and type(value) not in types:  # A bool is no int here.
        words = " or ".join(_WORDS[one] for one in types if one is not int or float not in types)
        where = f"as {place}" if place else "of JSON"
        raise UserError(f"{name} must hold {words} {where}, not {json.dumps(value)[:40]}; {advice}.")
    for key, inner in kind.items() if isinstance(kind, dict) else ():
        known = key.removesuffix("?")
        inside = f"{place}.{known}" if place else known
        if key == known != ANY and key not in value:
            raise UserError(f"{name} holds no {inside}; {advice}.")
        for found in value if known == ANY else value.keys() & {known}:
            check_kind(value[found], inner, name, advice, inside)


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

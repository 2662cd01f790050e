"""Long nested lists of numbers in JSON ↔ arrays, without a Python object for each number.

Python's own parser needs up to a hundred times the bytes of the text for them.
"""

import re

import numpy as np

MAX_RANK = 8
_CHUNK = 2**20  # bytes of text that are parsed at a time, as eight bytes a number are needed for it
_NUMBER = rb"[-+.eE\d]"
_WRONG = re.compile(
    # A comma or bracket that is missing or stands where a number should; then numbers that JSON does not know.
    rb"%(n)s\[|\]%(n)s|\[[,\]]|,[,\]]|\]\[|[\[,]-?0\d|-[^\d]|\d-" % {b"n": _NUMBER}
)
_NO_DECIMAL = re.compile(  # A point without digits on both sides, a sign or an exponent out of place.
    rb"(?<!\d)\.|\.(?!\d)|\.\d+\.|(?<!\d)[eE]|[eE](?![-+]?\d)|[eE][-+]?\d+[.eE]|(?<![eE])\+"
)
_APART = re.compile(rb"%(n)s\s+%(n)s" % {b"n": _NUMBER})
_DIGITS = np.array([f"{value:3}".encode() for value in range(256)]).view(np.uint8).reshape(256, 3)


def parse_numbers(text: bytes) -> np.ndarray:
    """`[[1, 2], [3, 4]]` → uint8 [2, 2]; int64 if a number does not fit, float64 if one is no integer.

    Raises:
      ValueError: it is no JSON, a list is empty, lists of one level differ in length, or an integer has more than 18
        digits.
    """
    if _APART.search(text):
        raise ValueError("two numbers without a comma between them")
    text = text.translate(None, b" \t\r\n")
    if found := _WRONG.search(text):
        raise ValueError(f"{found[0].decode()!r} in a list of numbers")
    is_decimal = bool(re.search(rb"[.eE+]", text))
    if is_decimal and (found := _NO_DECIMAL.search(text)):
        raise ValueError(f"{found[0].decode()!r} in a list of numbers")
    if not is_decimal and re.search(rb"\d{19}", text):
        raise ValueError("a number of more than 18 digits")
    shape = _shape(text.translate(None, b"0123456789-+.eE"))
    return _values(text.translate(None, b"[]"), np.float64 if is_decimal else np.int64).reshape(shape)


def format_numbers(array: np.ndarray) -> bytes:
    """uint8 of any shape → JSON, with spaces before short numbers and in the place of a list's last comma."""
    text = _DIGITS[array]
    for _ in array.shape:
        comma = np.full((*text.shape[:-1], 1), ord(","), np.uint8)
        comma[..., -1:, :] = ord(" ")
        text = np.concatenate([text, comma], axis=-1)
        text = text.reshape(*text.shape[:-2], text.shape[-2] * text.shape[-1])
        text = np.pad(text, [(0, 0)] * (text.ndim - 1) + [(1, 1)])
        text[..., 0], text[..., -1] = ord("["), ord("]")
    return text.tobytes()


def _shape(structure):
    """The shape of nested lists, from their brackets and commas."""
    rank = len(structure) - len(structure.lstrip(b"["))
    if rank > MAX_RANK:
        raise ValueError(f"lists that are nested {rank} deep")
    shape, within = [], 1
    for closed in range(1, rank + 1):
        # Where so many lists end at once for the first time, the first list of that level ends.
        count = structure.count(b",", 0, max(structure.find(b"]" * closed), 0)) + 1
        shape.insert(0, count // within)
        within = count
    regular = b""
    for length in reversed(shape):
        regular = b"[" + b",".join([regular] * length) + b"]"
    if structure != regular:
        raise ValueError("not a regular array: lists of one level must have the same length")
    return shape


def _values(text, dtype):
    """Numbers between commas → an array; integers are of uint8 if all fit."""
    parts, start = [], 0
    while start < len(text):
        end = text.find(b",", start + _CHUNK)
        end = len(text) if end < 0 else end
        part = np.fromstring(text[start:end], dtype, sep=",")
        fits = dtype == np.int64 and 0 <= part.min() <= part.max() <= 255
        parts.append(part.astype(np.uint8) if fits else part)
        start = end + 1
    return np.concatenate(parts)

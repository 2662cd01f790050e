"""TensorFlow Serving's JSON: requests in row or columnar format → arrays, and outputs → JSON.

    {"signature_name": "translate", "instances": [{"image": [[[…]]]}, …]}       → {"predictions": [[[[…]]], …]}
    {"signature_name": "translate", "inputs": {"image": [[[[…]]]]}}             → {"outputs": [[[[…]]]]}

Names are left out where there is one input, and where there is one output. A string is a JSON string, or
{"b64": "…"} if it is not UTF-8; outputs whose name ends in `_bytes` come back in the second form.
"""

import binascii
import json
import re
import secrets

import numpy as np
import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.serving.json_numbers import format_numbers, parse_numbers
from pix2pix_tf.serving.refusals import invalid
from pix2pix_tf.serving.saved_model import check_names
from pix2pix_tf.utils.json_files import parse_json

LONG = 1000  # bytes; longer lists of numbers become arrays at once, without a Python object for each number
PIECE = 2**20  # bytes of a response that are sent at a time
MAX_REST = 2**20  # bytes of what is no such list and no long string, as each three may become an object
# A string that does not end is one, too: looking for its end from each quote in it would take for ever.
_NUMBERS = rb"|\[[-+.eE\d\s,\[\]]*"
_STRING_OR_NUMBERS = re.compile(rb'"(?>[^"\\]+|\\.)*+"?' + _NUMBERS, re.DOTALL)
_PLAIN_STRING_OR_NUMBERS = re.compile(rb'"[^"]*"?' + _NUMBERS)  # six times as fast, where there is no backslash


def parse(body: bytes) -> dict:
    """The JSON object of a request, in which long lists of numbers are arrays; Refused if it is none."""
    if not body:
        raise invalid("the body is empty; it must be a JSON object")
    mark = secrets.token_hex(8)
    rest, arrays = _without_long_lists(body, mark)
    try:
        request = parse_json(rest, "the body", advice='send an object such as {"instances": […]}')
    except UserError as error:
        raise invalid(str(error)) from error
    request = _with_arrays(request, mark, arrays, depth=3)
    if not isinstance(request.get("signature_name", ""), str):
        raise invalid("signature_name must be a string")
    if ("instances" in request) == ("inputs" in request):
        raise invalid("the body must have either 'instances' (row format) or 'inputs' (columnar format)")
    return request


def _without_long_lists(body, mark):
    """The body with a string in the place of each long list of numbers, of its length, and these lists as arrays."""
    rest, arrays, left_out = body, [], 0
    pattern = _STRING_OR_NUMBERS if b"\\" in body else _PLAIN_STRING_OR_NUMBERS
    for match in pattern.finditer(body):
        start, end = match.span()
        is_list = body[start : start + 1] == b"["
        if is_list:
            end = body.rfind(b"]", start, end) + 1
        if end - start > LONG:
            left_out += end - start
            if is_list:
                rest = bytearray(body) if rest is body else rest
                rest[start:end] = f'"{mark}{len(arrays)}"'.encode().ljust(end - start)
                arrays.append(_parsed(body[start:end]))
        if end - left_out > MAX_REST:
            break
    if len(body) - left_out > MAX_REST:
        raise invalid(f"the body has more than {MAX_REST} bytes beside long strings and regular lists of numbers")
    return bytes(rest), arrays


def _parsed(text):
    try:
        return parse_numbers(text)
    except ValueError as error:
        raise invalid(f"the body is no sound JSON tensor ({error})") from error


def _with_arrays(value, mark, arrays, depth):
    """A JSON value with the arrays in their places, which lie at most as deep as the formats of requests have them."""
    if isinstance(value, dict) and depth:
        return {name: _with_arrays(inner, mark, arrays, depth - 1) for name, inner in value.items()}
    if isinstance(value, list) and depth:
        return [_with_arrays(inner, mark, arrays, depth - 1) for inner in value]
    if isinstance(value, str) and value.startswith(mark):
        return arrays[int(value.removeprefix(mark))]
    return value


def to_arrays(request: dict, signature) -> dict[str, np.ndarray]:
    """An array for each input of the `SignatureDef`, from what `parse` returned; Refused if there is none."""
    columns = _columns(request, sorted(signature.inputs))
    check_names(columns, signature)
    return {name: _to_array(name, value, signature.inputs[name]) for name, value in columns.items()}


def to_json(outputs: dict[str, np.ndarray], request: dict) -> list[bytes]:
    """The response to `request`, in its format: pieces of about a megabyte, which need not be in memory twice."""
    pieces, piece = [], bytearray()
    for text in _texts(outputs, "instances" in request):
        piece += text
        if len(piece) > PIECE:
            pieces.append(bytes(piece))
            piece.clear()
    return [*pieces, bytes(piece)]


def _texts(outputs, rows):
    yield b'{"predictions": ' if rows else b'{"outputs": '
    if len(outputs) == 1:
        yield from _text(*next(iter(outputs.items())))
    elif rows:
        for i in range(min(map(len, outputs.values()))):
            yield b", " if i else b"["
            yield from _object({name: np.array(array[i], array.dtype) for name, array in outputs.items()})
        yield b"]"
    else:
        yield from _object(outputs)
    yield b"}"


def _object(outputs):
    for place, (name, array) in enumerate(outputs.items()):
        yield (b", " if place else b"{") + json.dumps(name).encode() + b": "
        yield from _text(name, array)
    yield b"}"


def _text(name, array):
    """The JSON text of an output, in pieces."""
    if array.dtype != object and array.ndim > 1 and array.nbytes > PIECE:
        for place, part in enumerate(array):
            yield b"," if place else b"["
            yield from _text(name, part)
        yield b"]"
    elif array.dtype == np.uint8:
        yield format_numbers(array)
    else:
        yield json.dumps(_encoded(name, array).tolist()).encode()


def _columns(request, names):
    """{input: its value for all rows} of both formats, with and without names."""
    if "inputs" in request:
        inputs = request["inputs"]
        return inputs if isinstance(inputs, dict) and not _is_b64(inputs) else {_only(names): inputs}
    rows = request["instances"]
    if isinstance(rows, np.ndarray):
        return {_only(names): rows}
    if not isinstance(rows, list) or not rows:
        raise invalid("'instances' must be a list of at least one")
    if not isinstance(rows[0], dict) or _is_b64(rows[0]):
        return {_only(names): rows}
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != rows[0].keys():
            raise invalid(f"element {number} of 'instances' must be an object with the keys {', '.join(rows[0])}")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _only(names):
    if len(names) > 1:
        raise invalid(f"the signature takes {', '.join(names)}; give each by its name")
    return names[0]


def _is_b64(value):
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _to_array(name, value, info):
    """Nested lists, or a list of arrays, → an array of strings or numbers; no integer is rounded or wrapped."""
    dtype, rank = tf.as_dtype(info.dtype), len(info.tensor_shape.dim)
    if isinstance(value, list) and any(isinstance(row, np.ndarray) for row in value):
        value = _stacked(name, value)
    if dtype.is_floating and isinstance(value, np.ndarray) and not np.isfinite(value).all():
        raise invalid(f"{name} must hold finite numbers")
    if _depth(value) != rank:
        raise invalid(
            f"{name} must be of rank {rank} (lists in lists; 'instances' adds the first of them, 'inputs' none). "
            f"Received: rank {_depth(value)}."
        )
    if isinstance(value, np.ndarray):
        array, types = value, {float if value.dtype.kind == "f" else int}
    else:
        array = np.array(value, dtype=object)  # Lists of different lengths stay lists in it.
        types = set(map(type, array.flat))
    if list in types:
        raise invalid(f"{name} is not a regular array: lists of one level must have the same length")
    numbers = {int, float} if dtype.is_floating else {int}
    if wrong := types - ({str, dict} if dtype == tf.string else numbers):
        raise invalid(f"{name} must hold {dtype.name} values. Received: {min(map(_json_name, wrong))}.")
    if dtype == tf.string:
        array.flat = [_decoded(name, element) for element in array.flat]
        return array
    if array.size and not dtype.is_floating and not dtype.min <= array.min() <= array.max() <= dtype.max:
        raise invalid(f"{name} must hold {dtype.name} values, from {dtype.min} to {dtype.max}")
    return array.astype(dtype.as_numpy_dtype)


def _stacked(name, rows):
    """One array of those in 'instances', of which short ones are still lists."""
    try:
        arrays = [np.array(row) for row in rows]
        if {array.dtype.kind for array in arrays} <= set("iuf"):
            return np.stack(arrays)
    except ValueError:
        pass
    raise invalid(f"{name} is not a regular array: all 'instances' must hold numbers, in the same shape")


def _depth(value):
    if isinstance(value, np.ndarray):
        return value.ndim
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def _json_name(python_type):
    names = {bool: "true or false", int: "an integer", float: "a decimal number", str: "a string", dict: "an object"}
    return names.get(python_type, "null")


def _decoded(name, element):
    """A JSON string or {"b64": …} → bytes. White space and missing padding are accepted, as in TensorFlow Serving."""
    if isinstance(element, str):
        return element.encode(errors="surrogatepass")
    if not _is_b64(element):
        raise invalid(f'{name} must hold strings or objects {{"b64": "…"}}')
    text = "".join(element["b64"].split())
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError as error:
        raise invalid(f"{name} is not base64 ({error})") from error


def _encoded(name, array):
    """What stands in JSON for an array of strings."""
    if array.dtype != object:
        return array
    encoded = np.empty(array.shape, dtype=object)
    for index, element in np.ndenumerate(array):
        encoded[index] = (
            {"b64": binascii.b2a_base64(element, newline=False).decode()}
            if name.endswith("_bytes")
            else element.decode(errors="replace")
        )
    return encoded

"""TensorFlow Serving's JSON: requests in row or columnar format → arrays, and answers → JSON.

    {"signature_name": "translate", "instances": [{"image": [[[…]]]}, …]}       → {"predictions": [[[[…]]], …]}
    {"signature_name": "translate", "inputs": {"image": [[[[…]]]]}}             → {"outputs": [[[[…]]]]}

Names are left out where there is one input, and where there is one output. A string is a JSON string, or
{"b64": "…"} if it is not UTF-8; outputs whose name ends in `_bytes` come back in the second form.
"""

import binascii
import json

import numpy as np
import tensorflow as tf

from pix2pix_tf.serving.refusals import invalid
from pix2pix_tf.serving.saved_model import check_names


def parse(body: bytes) -> dict:
    """The JSON object of a request; Refused if it is none."""
    if not body:
        raise invalid("the body is empty; it must be a JSON object")
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(";")[0]  # After that, Python's advice to its programmers.
        raise invalid(f"the body is not JSON ({reason})") from error
    if not isinstance(request, dict):
        raise invalid('the body must be a JSON object, such as {"instances": […]}')
    if not isinstance(request.get("signature_name", ""), str):
        raise invalid("signature_name must be a string")
    if ("instances" in request) == ("inputs" in request):
        raise invalid("the body must have either 'instances' (row format) or 'inputs' (columnar format)")
    return request


def to_arrays(request: dict, signature) -> dict[str, np.ndarray]:
    """An array for each input of the `SignatureDef`, from what `parse` returned; Refused if there is none."""
    columns = _columns(request, sorted(signature.inputs))
    check_names(columns, signature)
    return {name: _to_array(name, value, signature.inputs[name]) for name, value in columns.items()}


def to_json(outputs: dict[str, np.ndarray], request: dict) -> str:
    """The answer to `request`, in its format."""
    values = {name: _encoded(name, array).tolist() for name, array in outputs.items()}
    rows = "instances" in request
    if len(values) == 1:
        (value,) = values.values()
    else:
        value = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)] if rows else values
    return json.dumps({"predictions" if rows else "outputs": value})


def _columns(request, names):
    """{input: its value for all rows} of both formats, with and without names."""
    if "inputs" in request:
        inputs = request["inputs"]
        return inputs if isinstance(inputs, dict) and not _is_b64(inputs) else {_only(names): inputs}
    rows = request["instances"]
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
    """Nested lists → an array of strings or integers; no value is rounded or wrapped."""
    dtype, rank = tf.as_dtype(info.dtype), len(info.tensor_shape.dim)
    if _depth(value) != rank:
        raise invalid(
            f"{name} must be of rank {rank} (lists in lists; 'instances' adds the first of them, 'inputs' none). "
            f"Received: rank {_depth(value)}."
        )
    array = np.array(value, dtype=object)  # Lists of different lengths stay lists in it.
    types = set(map(type, array.flat))
    if list in types:
        raise invalid(f"{name} is not a regular array: lists of one level must have the same length")
    if wrong := types - ({str, dict} if dtype == tf.string else {int}):
        raise invalid(f"{name} must hold {dtype.name} values. Received: {min(map(_json_name, wrong))}.")
    if dtype == tf.string:
        array.flat = [_decoded(name, element) for element in array.flat]
        return array
    if array.size and not dtype.min <= array.min() <= array.max() <= dtype.max:
        raise invalid(f"{name} must hold {dtype.name} values, from {dtype.min} to {dtype.max}")
    return array.astype(dtype.as_numpy_dtype)


def _depth(value):
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

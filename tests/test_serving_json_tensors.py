"""JSON → arrays and back: both formats, and every way in which nested lists can be wrong."""

import json
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from pix2pix_tf.serving.json_tensors import parse, to_arrays, to_json
from pix2pix_tf.serving.refusals import Refused


def signature(**inputs):
    """signature(image=("uint8", [None, 2])): a `SignatureDef` with these inputs."""
    made = SignatureDef()
    for name, (dtype, shape) in inputs.items():
        made.inputs[name].dtype = tf.as_dtype(dtype).as_datatype_enum
        made.inputs[name].tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return made


MATRIX = signature(image=("uint8", [None, None]))
TEXT = signature(content_bytes=("string", [None]))
TWO = signature(image=("uint8", [None, None]), seed=("int32", [2]))


def arrays(request, made):
    return to_arrays(parse(json.dumps(request).encode()), made)


@pytest.mark.parametrize(
    "request_",
    [
        {"inputs": [[0, 1], [2, 255]]},
        {"inputs": {"image": [[0, 1], [2, 255]]}},
        {"instances": [[0, 1], [2, 255]]},
        {"instances": [{"image": [0, 1]}, {"image": [2, 255]}]},
    ],
)
def test_integers(request_):
    (image,) = arrays(request_, MATRIX).values()
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, [[0, 1], [2, 255]])


@pytest.mark.parametrize(
    "request_",
    [
        {"inputs": ["aä", {"b64": "/wA="}]},
        {"instances": ["aä", {"b64": "/wA"}]},
        {"instances": [{"content_bytes": "aä"}, {"content_bytes": {"b64": " /w\nA= "}}]},
    ],
)
def test_strings(request_):
    (content,) = arrays(request_, TEXT).values()
    assert content.tolist() == ["aä".encode(), b"\xff\0"]


def test_inputs_without_a_common_first_dimension():
    found = arrays({"inputs": {"seed": [-1, 2**31 - 1], "image": [[7]]}}, TWO)
    np.testing.assert_array_equal(found["image"], [[7]])
    np.testing.assert_array_equal(found["seed"], [-1, 2**31 - 1])
    assert found["seed"].dtype == np.int32


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is no sound JSON .*line 1 column 2"),
        (b"\xff", r"the body is no sound JSON \(no UTF-8\); send an object such as "),
        (b"[" * 100_000, r"the body is no sound JSON \(nested too deeply\)"),
        (b'{"inputs": ' + b"1" * 5000 + b"}", r"the body is no sound JSON \(a number that is too large\)"),
        (b"[1]", r"the body must hold an object of JSON, not \[1\]; send an object such as "),
        (b"{}", "either 'instances' .* or 'inputs'"),
        (b'{"inputs": [1], "inputs": [2]}', r"the body is no sound JSON \(the name 'inputs' twice in one object\)"),
        (b'{"' + b'\\"' * 2**18, r"the body is no sound JSON \(Unterminated string"),  # Of quotes, not one ends it.
        (b'{"inputs": [], "instances": []}', "either 'instances' .* or 'inputs'"),
        (b'{"inputs": [], "signature_name": null}', "signature_name must be a string"),
    ],
)
def test_bodies_that_are_no_request(body, sentence):
    with pytest.raises(Refused, match=sentence):
        parse(body)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([[0, 256]], r"image must hold uint8 values, from 0 to 255$"),
        ([[0, -1]], r"image must hold uint8 values, from 0 to 255$"),
        ([[0, 10**30]], r"image must hold uint8 values, from 0 to 255$"),
        ([[0, 1.0]], r"image must hold uint8 values. Received: a decimal number\."),
        ([[0, True]], r"image must hold uint8 values. Received: true or false\."),
        ([[0, None]], r"image must hold uint8 values. Received: null\."),
        ([[0, "1"]], r"image must hold uint8 values. Received: a string\."),
        ([[0, {"b64": ""}]], r"image must hold uint8 values. Received: an object\."),
        ([[0, 1], [2]], r"image is not a regular array"),
        ([[0, 1], 2], r"image is not a regular array"),
        ([[0, [1]]], r"image is not a regular array"),
        ([0, 1], r"image must be of rank 2 .*Received: rank 1\."),
        ([[[0]]], r"image must be of rank 2 .*Received: rank 3\."),
        (5, r"image must be of rank 2 .*Received: rank 0\."),
        (json.loads("[" * 70 + "]" * 70), r"image must be of rank 2 .*Received: rank 70\."),
    ],
)
def test_values_that_are_no_image(values, sentence):
    with pytest.raises(Refused, match=sentence):
        arrays({"inputs": {"image": values}}, MATRIX)


@pytest.mark.parametrize(
    ("request_", "made", "sentence"),
    [
        ({"instances": 5}, MATRIX, "must be a list"),
        ({"instances": []}, MATRIX, "must be a list"),
        (
            {"instances": [{"image": [0]}, [0]]},
            MATRIX,
            "element 1 of 'instances' must be an object with the keys image",
        ),
        ({"instances": [{"image": [0]}, {"photo": [0]}]}, MATRIX, "element 1 of 'instances' must be an object"),
        ({"instances": [{"photo": [0]}]}, MATRIX, "input 'image' is missing; the signature takes image"),
        ({"instances": [[0]]}, TWO, "the signature takes image, seed; give each by its name"),
        ({"inputs": [[0]]}, TWO, "the signature takes image, seed; give each by its name"),
        ({"inputs": {"image": [[0]]}}, TWO, "input 'seed' is missing"),
        ({"inputs": {"image": [[0]], "size": 1}}, MATRIX, "input 'size' is unknown; the signature takes image"),
        ({"instances": [{"image": [0], "seed": [0, 1]}]}, TWO, r"seed must be of rank 1 .*Received: rank 2\."),
        ({"inputs": [{"b64": "a*b="}]}, TEXT, "content_bytes is not base64"),
        ({"inputs": [{"b64": "abcde"}]}, TEXT, "content_bytes is not base64"),
        ({"inputs": [{"b64": "ä"}]}, TEXT, "content_bytes is not base64"),
        ({"inputs": [{"b64": 5}]}, TEXT, r'content_bytes must hold strings or objects \{"b64": "…"\}'),
        ({"inputs": [{"b64": "", "b65": ""}]}, TEXT, "content_bytes must hold strings or objects"),
        ({"inputs": [5]}, TEXT, r"content_bytes must hold string values. Received: an integer\."),
    ],
)
def test_requests_that_do_not_fit_the_signature(request_, made, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        arrays(request_, made)
    assert refused.value.code.name == "INVALID_ARGUMENT"


# Long lists, which are parsed without a Python object for each number


RNG = np.random.default_rng(0)
NO_DECIMALS = ["1.", ".5", "1.5.5", "1e", "e5", "1e5.5", "+1.5", "1.5e5e5", "1.5+2", "1.-5"]
IMAGES = RNG.integers(0, 256, (2, 20, 30, 3), dtype=np.uint8)
BATCH = signature(image=("uint8", [None] * 4))


@pytest.mark.parametrize(
    "request_",
    [
        {"inputs": IMAGES.tolist()},
        {"inputs": {"image": IMAGES.tolist()}},
        {"instances": IMAGES.tolist()},
        {"instances": [{"image": image.tolist()} for image in IMAGES]},
    ],
)
@pytest.mark.parametrize("style", [{}, {"indent": 1}, {"separators": (",", ":")}])
def test_long_lists_are_read_in_both_formats_and_any_style(request_, style):
    request = parse(json.dumps({"signature_name": "[1, 2]", **request_}, **style).encode())
    assert request["signature_name"] == "[1, 2]"
    (image,) = to_arrays(request, BATCH).values()
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, IMAGES)


def test_long_lists_of_other_numbers():
    seeds = RNG.integers(-(2**31), 2**31, 5000).tolist()
    found = arrays({"inputs": seeds}, signature(seed=("int32", [None])))["seed"]
    assert found.dtype == np.int32
    assert found.tolist() == seeds


@pytest.mark.parametrize("count", [1, 300])
def test_decimal_numbers_are_exact_in_float32(count):
    values = np.float32(RNG.normal(0, [1e-20, 1, 1e20], (1, count, 1, 3)))
    for request in ({"inputs": values.tolist()}, {"instances": values.tolist()}):
        found = arrays(request, signature(image=("float32", [None] * 4)))["image"]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, values)
    with pytest.raises(Refused, match=r"image must hold float32 values\. Received: true or false"):
        arrays({"inputs": [[[[True]]]]}, signature(image=("float32", [None] * 4)))


def test_text_in_strings_is_no_list():
    text = "[" + "1," * 2000 + '"\\]'
    assert arrays({"inputs": [text, "a"]}, TEXT)["content_bytes"].tolist() == [text.encode(), b"a"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace("[0, 1, 2]", "[0, 1]", 1), "not a regular array: lists of one level must have"),
        (lambda text: text.replace("[0, 1, 2]", "[[0, 1, 2]]", 1), "not a regular array"),
        (lambda text: text.replace("0, 1", "0 1", 1), "two numbers without a comma between them"),
        (lambda text: text.replace("0, 1", "0,, 1", 1), "',,' in a list of numbers"),
        (lambda text: text.replace("1, 2]", "1, 2,]", 1), "',]' in a list of numbers"),
        (lambda text: text.replace("[0, 1, 2]", "[]", 1), r"'\[\]' in a list of numbers"),
        (lambda text: text.replace("[0, 1", "[0, 01", 1), "in a list of numbers"),
        (lambda text: text.replace("[0, 1", "[0, --1", 1), "in a list of numbers"),
        (lambda text: text.replace("[0, 1", "[0, 1-", 1), "in a list of numbers"),
        (lambda text: text.replace("], [", "] 5, [", 1), "in a list of numbers"),
        (lambda text: text.replace("[0, 1", "[0, " + "9" * 19, 1), "a number of more than 18 digits"),
        *(
            (lambda text, odd=odd: text.replace("[0, 1", f"[0, {odd}", 1), "in a list of numbers")
            for odd in NO_DECIMALS
        ),
        (lambda text: "[" * 9 + text + "]" * 9, "lists that are nested 12 deep"),
        (lambda text: text[:-1], "not a regular array"),
    ],
)
def test_long_lists_that_are_no_tensor(change, sentence):
    text = change(json.dumps([[[0, 1, 2]] * 20] * 20))
    with pytest.raises(Refused, match=sentence):
        parse(f'{{"inputs": {text}}}'.encode())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([[[[0, 1, 256]] * 20] * 20], r"image must hold uint8 values, from 0 to 255$"),
        ([[[[0, 1, 2.5]] * 20] * 20], r"image must hold uint8 values. Received: a decimal number\."),
        ([[[0, 1, 2]] * 200], r"image must be of rank 4 .*Received: rank 3\."),
        ([[[[0, 1, 2]] * 20] * 20, [[[0, 1, 2]]]], r"image is not a regular array|not a regular array"),
    ],
)
def test_long_lists_that_do_not_fit_the_signature(values, sentence):
    with pytest.raises(Refused, match=sentence):
        arrays({"inputs": {"image": values}}, BATCH)


@pytest.mark.parametrize("other", [[[0, 1, 2]] * 400, [[True]], [["1"]], [[0.5]], 5])
def test_rows_of_several_shapes_and_kinds(other):
    rows = [{"image": [[[0, 1, 2]] * 20] * 20}, {"image": other}]
    with pytest.raises(Refused, match="image is not a regular array: all 'instances' must hold numbers, in the same"):
        arrays({"instances": rows}, BATCH)


@pytest.mark.parametrize("piece", ["{}", '""', "[{}]", "null", "[0,{}]", '{"b64":""}'])
def test_a_body_of_many_small_values_is_refused_before_they_are_made(piece):
    body = f'{{"inputs": [{",".join([piece] * (2**21 // len(piece)))}]}}'.encode()
    with pytest.raises(Refused, match="more than 1048576 bytes beside long strings and regular lists of numbers"):
        parse(body)


@pytest.mark.parametrize(("channels", "values"), [(1, 256), (1, 10), (3, 256)])
def test_memory_stays_below_ten_times_the_body(channels, values):
    """Seen: 7 times for gray of one digit, which comes back as RGB. With a Python object for each number it is 60."""
    image = RNG.integers(0, values, (1, 500, 800, channels), dtype=np.uint8)
    body = json.dumps({"inputs": image.tolist()}, separators=(",", ":")).encode()
    tracemalloc.start()
    try:
        request = parse(body)
        outputs = to_arrays(request, BATCH)
        rgb = np.repeat(outputs["image"], 3 // channels, -1)  # as a model returns it
        pieces = to_json({"image": rgb}, request)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 9 * len(body)  # and the body itself
    assert max(map(len, pieces)) < 2**21
    (again,) = to_arrays(parse(b"".join(pieces).replace(b"outputs", b"inputs")), BATCH).values()
    np.testing.assert_array_equal(again, rgb)


def test_half_a_character_is_a_string_like_any_other():
    (content,) = arrays({"inputs": ["\ud800"]}, TEXT).values()
    assert content.tolist() == [b"\xed\xa0\x80"]


def answered(outputs, request):
    """The response as JSON says it."""
    return json.loads(b"".join(to_json(outputs, request)))


def test_replies():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    files = np.array([b"\xff\0", b""], dtype=object)
    row, column = {"instances": []}, {"inputs": []}
    assert answered({"image": image}, row) == {"predictions": [[1, 2], [3, 4]]}
    assert answered({"image": image}, column) == {"outputs": [[1, 2], [3, 4]]}
    assert answered({"x_bytes": files}, row) == {"predictions": [{"b64": "/wA="}, {"b64": ""}]}
    assert answered({"name": np.array(["ä".encode()], object)}, column) == {"outputs": ["ä"]}
    both = {"image": image, "x_bytes": files}
    assert answered(both, row) == {
        "predictions": [{"image": [1, 2], "x_bytes": {"b64": "/wA="}}, {"image": [3, 4], "x_bytes": {"b64": ""}}]
    }
    assert answered(both, column) == {"outputs": {"image": [[1, 2], [3, 4]], "x_bytes": [{"b64": "/wA="}, {"b64": ""}]}}

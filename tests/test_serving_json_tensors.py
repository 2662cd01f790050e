"""JSON → arrays and back: both formats, and every way in which nested lists can be wrong."""

import json

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
        (b"{", "the body is not JSON .*line 1 column 2"),
        (b"\xff", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON .*recursion"),
        (b'{"inputs": ' + b"1" * 5000 + b"}", r"the body is not JSON .*value has 5000 digits\)$"),
        (b"[1]", "the body must be a JSON object"),
        (b"{}", "either 'instances' .* or 'inputs'"),
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


def test_half_a_character_is_a_string_like_any_other():
    (content,) = arrays({"inputs": ["\ud800"]}, TEXT).values()
    assert content.tolist() == [b"\xed\xa0\x80"]


def test_answers():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    files = np.array([b"\xff\0", b""], dtype=object)
    row, column = {"instances": []}, {"inputs": []}
    assert json.loads(to_json({"image": image}, row)) == {"predictions": [[1, 2], [3, 4]]}
    assert json.loads(to_json({"image": image}, column)) == {"outputs": [[1, 2], [3, 4]]}
    assert json.loads(to_json({"x_bytes": files}, row)) == {"predictions": [{"b64": "/wA="}, {"b64": ""}]}
    assert json.loads(to_json({"name": np.array(["ä".encode()], object)}, column)) == {"outputs": ["ä"]}
    both = {"image": image, "x_bytes": files}
    assert json.loads(to_json(both, row)) == {
        "predictions": [{"image": [1, 2], "x_bytes": {"b64": "/wA="}}, {"image": [3, 4], "x_bytes": {"b64": ""}}]
    }
    assert json.loads(to_json(both, column)) == {
        "outputs": {"image": [[1, 2], [3, 4]], "x_bytes": [{"b64": "/wA="}, {"b64": ""}]}
    }

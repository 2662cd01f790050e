"""Asking TensorFlow Serving, or the development server, for an image.

    with connect("http://localhost:8501") as client:  # or "localhost:8500" for gRPC
        output = client.translate(image)

A server decodes files, but neither turns them upright nor puts white behind transparent pixels: `images.read_image`
does, so images come from there.
"""

import base64
import http.client
import io
import math
import re
import urllib.parse

import grpc
import numpy as np
import requests
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from pix2pix_tf.errors import UserError
from pix2pix_tf.images import MAX_PIXELS
from pix2pix_tf.serving.connections import innermost_reason, is_url, proxy_of, within
from pix2pix_tf.utils.json_files import parse_json
from pix2pix_tf.utils.seeds import seed_pair
from pix2pix_tf.utils.tf_errors import assertion_text

LONGEST = 500  # characters of an error that are shown
MOST_OF_REPLY, MOST_OF_VALUE = 2**20, 30  # bytes that are read, and for each value; in JSON it takes five to ten


class ImageRefused(UserError):
    """A sentence of the server's on what is wrong with an image; it may accept another one."""


def connect(
    server: str, model_name: str = "pix2pix", model_version: int | None = None, timeout: float = 60
) -> "RestClient | GrpcClient":
    """A client of a model server, which is closed as a context manager or by `close()`.

    Args:
      server: `http://host:8501` or `https://…` for REST, `host:8500` for gRPC.
      model_name: what the server calls the model.
      model_version: the version to ask; None for the one that the server chooses, the newest.
      timeout: seconds to wait for each output, from the first byte sent to the last one received.

    Raises:
      UserError: `server` is no such address, or no model can have that name.
    """
    if not re.fullmatch(r"[\w.-]+", model_name, re.ASCII):
        raise UserError(f"model_name must be of letters, digits, _, . and -. Received: {model_name!r}.")
    if is_url(server):
        return RestClient(server.rstrip("/"), model_name, model_version, timeout)
    if re.fullmatch(r"[^/\s]+:\d+", server) and is_url(f"http://{server}"):
        return GrpcClient(server, model_name, model_version, timeout)
    raise UserError(
        "server must be like http://localhost:8501 for REST, or localhost:8500 for gRPC (host and port). "
        f"Received: {server!r}."
    )


class _Client:
    """What both protocols share: the question, and what an error means."""

    def __init__(self, server, model_name, model_version, timeout):
        self.server, self.model_name, self.model_version, self.timeout = server, model_name, model_version, timeout

    def translate(self, image: np.ndarray, seed: int | None = None) -> np.ndarray:
        """uint8 RGB [H, W, 3] → the model's output, of the same shape; with noise z if there is a seed.

        A seed gives the same output as `Translator(image, seed=seed)`.

        Raises:
          ImageRefused: the server does not take this image.
          UserError: `image` is something else, or the server cannot be reached, is too slow, has no such model, or
            returns something else.
        """
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise UserError(f"A server takes an image of uint8 [H, W, 3]. Received: {_described(image)}.")
        noise = None if seed is None else seed_pair(seed)
        try:
            if noise is None:
                inputs = {"image_bytes": np.array([to_png(image)], object)}
                (content,) = self._predict("serving_default", inputs, MOST_OF_REPLY + image.size * MOST_OF_VALUE)
                return self._from_png(content, image.shape)
            inputs = {"image": image[None], "seed": np.array(noise, np.int32)}
            (output,) = self._predict("sample", inputs, MOST_OF_REPLY + image.size * MOST_OF_VALUE)
            output = np.asarray(output)
            self._check_shape(output.shape, image.shape)
            if output.dtype.kind not in "iu" or not np.array_equal(output, output.astype(np.uint8)):
                raise ValueError("no uint8 values")
            return output.astype(np.uint8)
        except UserError:
            raise
        except (KeyError, TypeError, ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise self._no_export() from error

    def _from_png(self, content, shape):
        """The pixels of a PNG file, whose size is checked before they are decoded."""
        with Image.open(io.BytesIO(content), formats=["PNG"]) as file:
            if content[24:26] != b"\x08\x02":  # In a PNG's header: 8 bits, RGB.
                raise UserError(
                    f"{self.server} returned another image than RGB of 8 bits, which this client is for; ask "
                    "such a model by REST or gRPC."
                )
            self._check_shape((file.height, file.width, 3), shape)
            return np.asarray(file.convert("RGB"))

    def _check_shape(self, shape, expected):
        if tuple(shape) != tuple(expected):
            sizes = ["x".join(map(str, sides[1::-1])) for sides in (shape, expected)]
            raise UserError(
                f"{self.server} returned an image of {sizes[0]} for one of {sizes[1]}; check model_name and the port."
            )

    def _predict(self, signature_name, inputs, most):
        """{input: array} → the only output of the signature, in a reply of at most so many bytes."""
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _too_slow(self):
        return UserError(
            f"{self.server} has not answered{self._through_proxy()} within {self.timeout:g} seconds; "
            "try again with a larger timeout."
        )

    def _unavailable(self, reason):
        return UserError(
            f"{self.server} is not available{self._through_proxy()} ({reason}); check that a model server runs there, "
            "and its port."
        )

    def _no_export(self, status=requests.codes.ok):
        line = f"{status} {http.client.responses.get(status, '')}".strip()
        says = "" if status == requests.codes.ok else f" (HTTP status {line})"
        return UserError(
            f"{self.server} answers{self._through_proxy()}, but not as an export of pix2pix_tf does{says}; "
            "check model_name and the port, and that the model is one of RGB images."
        )

    def _through_proxy(self):
        return f" through the proxy {self.proxy}" if self.proxy else ""

    def _not_found(self, reason):
        version = "" if self.model_version is None else f" version {self.model_version} of"
        return UserError(f"{self.server} has no{version} model {self.model_name!r} ({reason}).")


class RestClient(_Client):
    """A client of TensorFlow Serving's REST interface."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.proxy = proxy_of(self.server, urllib.parse.urlsplit(self.server).scheme, "all")
        self._session = self._new_session()

    def _new_session(self):
        session = requests.Session()
        session.trust_env = bool(self.proxy)  # requests would ask a proxy even for a server on this very machine.
        return session

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()

    def _predict(self, signature_name, inputs, most):
        version = "" if self.model_version is None else f"/versions/{self.model_version}"
        url = f"{self.server}/v1/models/{self.model_name}{version}:predict"
        body = {"signature_name": signature_name, "inputs": {name: _to_json(array) for name, array in inputs.items()}}
        try:
            status, content = within(self.timeout, lambda: self._post(url, body, most))
        except (requests.Timeout, TimeoutError) as error:
            self._session = self._new_session()  # A thread may be using the other one still.
            raise self._too_slow() from error
        except requests.RequestException as error:
            raise self._unavailable(innermost_reason(error)) from error
        try:
            content = parse_json(content, "the reply")
            if status == requests.codes.ok:
                return _from_json(content["outputs"])
            sentence = _sentence(content["error"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._no_export(status) from error
        if status == requests.codes.not_found:
            raise self._not_found(sentence)
        if status == requests.codes.service_unavailable:
            raise self._unavailable(sentence)
        raise ImageRefused(sentence)

    def _post(self, url, body, most):
        """The status of a reply, and its body; ValueError if that has more than `most` bytes, or would be unpacked."""
        how = {"timeout": self.timeout, "stream": True, "headers": {"Accept-Encoding": "identity"}}
        with self._session.post(url, json=body, allow_redirects=False, **how) as response:
            if response.is_redirect:
                raise UserError(
                    f"{self.server} redirects{self._through_proxy()} to {_sentence(response.headers['location'])}; "
                    "give the address of the server itself."
                )
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise ValueError("a reply that is packed")
            content = bytearray()
            for part in response.iter_content(2**16):
                content += part
                if len(content) > most:
                    raise ValueError(f"a reply of more than {most} bytes")
            return response.status_code, bytes(content)


class GrpcClient(_Client):
    """A client of TensorFlow Serving's gRPC interface."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.proxy = proxy_of(f"//{self.server}", "grpc", "https", "http")
        # gRPC's own limit is 4 MB, less than the pixels of many images.
        most = MOST_OF_REPLY + 4 * MAX_PIXELS
        options = [("grpc.max_receive_message_length", most), ("grpc.enable_http_proxy", int(bool(self.proxy)))]
        self._channel = grpc.insecure_channel(self.server, options)
        self._service = PredictionServiceStub(self._channel)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def _predict(self, signature_name, inputs, most):
        request = PredictRequest(inputs={name: tf.make_tensor_proto(array) for name, array in inputs.items()})
        request.model_spec.name, request.model_spec.signature_name = self.model_name, signature_name
        if self.model_version is not None:
            request.model_spec.version.value = self.model_version
        try:
            (output,) = self._service.Predict(request, self.timeout).outputs.values()
        except grpc.RpcError as error:
            raise self._meaning(error.code(), _sentence(error.details())) from error
        if math.prod(dim.size for dim in output.tensor_shape.dim) > most:  # One value may stand for all.
            raise ValueError(f"a reply of more than {most} values")
        return tf.make_ndarray(output)

    def _meaning(self, code, sentence):
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._too_slow()
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED):
            return self._unavailable(sentence)
        if code == grpc.StatusCode.NOT_FOUND:
            return self._not_found(sentence)
        return ImageRefused(sentence)


def to_png(image: np.ndarray) -> bytes:
    """uint8 RGB [H, W, 3] → a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _to_json(array):
    """An array in the columnar format; files are {"b64": …} in it."""
    if array.dtype == object:
        return [{"b64": base64.b64encode(content).decode()} for content in array]
    return array.tolist()


def _from_json(values):
    return [base64.b64decode(value["b64"]) if isinstance(value, dict) else value for value in values]


def _described(image):
    return f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__


def _sentence(message):
    """The export's own sentence in an error of TensorFlow, which tells where in the graph it happened, too.

    Of what a server sends, a terminal is shown what can be printed, up to LONGEST characters.
    """
    sentence = assertion_text(message) or message.partition("\n")[0]
    return "".join(filter(str.isprintable, sentence))[:LONGEST]

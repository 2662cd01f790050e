"""Asking TensorFlow Serving, or the development server, for an image.

    with connect("http://localhost:8501") as client:  # or "localhost:8500" for gRPC
        answer = client.translate(image)

A server decodes files, but neither turns them upright nor puts white behind transparent pixels: `images.read_image`
does, so images come from there.
"""

import base64
import io
import re

import grpc
import numpy as np
import requests
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from pix2pix_tf.errors import UserError


class ImageRefused(UserError):
    """A sentence of the server's on what is wrong with an image; another one may be answered."""


def connect(server: str, model_name: str = "pix2pix", model_version: int | None = None, timeout: float = 60):
    """A client of a model server, which is closed as a context manager or by `close()`.

    Args:
      server: `http://host:8501` or `https://…` for REST, `host:8500` for gRPC.
      model_name: what the server calls the model.
      model_version: the version to ask; None for the one that the server chooses, the newest.
      timeout: seconds to wait for each answer.

    Raises:
      UserError: `server` is no such address, or no model can have that name.
    """
    if not re.fullmatch(r"[\w.-]+", model_name, re.ASCII):
        raise UserError(f"model_name must be of letters, digits, _, . and -. Received: {model_name!r}.")
    if re.match(r"https?://[^/]", server):
        return RestClient(server.rstrip("/"), model_name, model_version, timeout)
    if re.fullmatch(r"[^/\s]+:\d+", server):
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
        """uint8 RGB [H, W, 3] → the model's answer, of the same shape; with noise z if there is a seed.

        A seed gives the same answer as `Translator(image, seed=seed)`.

        Raises:
          ImageRefused: the server does not take this image.
          UserError: the server cannot be reached, is too slow, or has no such model.
        """
        try:
            if seed is None:
                (answer,) = self._predict("serving_default", {"image_bytes": np.array([to_png(image)], object)})
                return np.asarray(Image.open(io.BytesIO(answer)).convert("RGB"))
            (answer,) = self._predict("sample", {"image": image[None], "seed": np.array([0, seed], np.int32)})
            return np.asarray(answer, np.uint8)
        except UserError:
            raise
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise UserError(
                f"{self.server} answers, but not as an export of pix2pix_tf does; check model_name and the port."
            ) from error

    def _predict(self, signature_name, inputs):
        """{input: array} → the only output of the signature."""
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _too_slow(self):
        return UserError(f"{self.server} has not answered within {self.timeout:g} seconds; try again or wait longer.")

    def _unavailable(self, reason):
        return UserError(
            f"{self.server} is not available ({reason}); check that a model server runs there, and its port."
        )

    def _not_found(self, reason):
        version = "" if self.model_version is None else f" version {self.model_version} of"
        return UserError(f"{self.server} has no{version} model {self.model_name!r} ({reason}).")


class RestClient(_Client):
    """A client of TensorFlow Serving's REST interface."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._session = requests.Session()

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()

    def _predict(self, signature_name, inputs):
        version = "" if self.model_version is None else f"/versions/{self.model_version}"
        body = {"signature_name": signature_name, "inputs": {name: _to_json(array) for name, array in inputs.items()}}
        try:
            response = self._session.post(
                f"{self.server}/v1/models/{self.model_name}{version}:predict", json=body, timeout=self.timeout
            )
        except requests.Timeout as error:
            raise self._too_slow() from error
        except requests.RequestException as error:
            raise self._unavailable(_innermost_reason(error)) from error
        content = response.json()
        if response.ok:
            return _from_json(content["outputs"])
        sentence = _sentence(content["error"])
        if response.status_code == requests.codes.not_found:
            raise self._not_found(sentence)
        if response.status_code == requests.codes.service_unavailable:
            raise self._unavailable(sentence)
        raise ImageRefused(sentence)


class GrpcClient(_Client):
    """A client of TensorFlow Serving's gRPC interface."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # gRPC's own limit is 4 MB, less than the pixels of many images.
        self._channel = grpc.insecure_channel(self.server, [("grpc.max_receive_message_length", -1)])
        self._service = PredictionServiceStub(self._channel)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def _predict(self, signature_name, inputs):
        request = PredictRequest(inputs={name: tf.make_tensor_proto(array) for name, array in inputs.items()})
        request.model_spec.name, request.model_spec.signature_name = self.model_name, signature_name
        if self.model_version is not None:
            request.model_spec.version.value = self.model_version
        try:
            (output,) = self._service.Predict(request, self.timeout).outputs.values()
        except grpc.RpcError as error:
            raise self._meaning(error.code(), _sentence(error.details())) from error
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


def _sentence(message):
    """The export's own sentence in an error of TensorFlow, which tells where in the graph it happened, too."""
    assertion = re.search(r"assertion failed: \[(.*?)\]", message)
    return assertion[1] if assertion else message.partition("\n")[0]


def _innermost_reason(error):
    """What an error of requests comes from, such as "Connection refused"."""
    while error.__context__:
        error = error.__context__
    reason = getattr(error, "strerror", None) or str(error)
    return reason if reason.isprintable() else "it does not speak HTTP"

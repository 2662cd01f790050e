"""What the tests of serving share: images, and a model server as a second process, asked over REST and gRPC."""

import base64
import contextlib
import dataclasses
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

PATIENCE = 120  # seconds, for a machine that is busy with something else
SERVE = [sys.executable, "-m", "pix2pix_tf.tools.serve"]
HTTP_STATUS = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "NOT_FOUND": 404}


def smooth_image(height=32, width=32, seed=0):
    """Smooth colors, uint8 [height, width, 3], others for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(image, kind="PNG"):
    """The bytes of a file that shows `image`."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def decoded(content):
    """The pixels of a file."""
    return np.asarray(Image.open(io.BytesIO(content)))


def b64(content):
    """Bytes as they stand in JSON."""
    return {"b64": base64.b64encode(content).decode()}


def assert_same(output, expected):
    """What an export has to have in common with the run: 99.9 % of values equal, none more than 1 apart."""
    assert output.shape == expected.shape
    distance = np.abs(output.astype(int) - expected.astype(int))
    assert distance.max() <= 1
    assert np.mean(distance == 0) >= 0.999


class Refusal(Exception):
    """A request that was answered with an error: its HTTP status, or that of its gRPC code, and the message."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Server:
    """A model server that runs as a process of its own.

    Attributes:
      process: its Popen.
      errors: a function that returns what it has written to stderr.
      base: the model's folder.
      url: of REST, without a slash at the end.
      address: of gRPC.
      predictions, models: stubs of the gRPC services.
    """

    def __init__(self, started, base, rest_address, grpc_address):
        self.process, self.errors = started.process, started.errors
        self.base, self.url, self.address = base, f"http://{rest_address}", grpc_address
        self.channel = grpc.insecure_channel(grpc_address, [("grpc.max_receive_message_length", -1)])
        self.predictions, self.models = PredictionServiceStub(self.channel), ModelServiceStub(self.channel)

    def is_ready(self):
        """Whether the model is available."""
        try:
            states = self.get("/v1/models/pix2pix").json()["model_version_status"]
        except (requests.ConnectionError, KeyError):
            return False
        return any(state["state"] == "AVAILABLE" for state in states)

    def rss(self):
        """The bytes of memory that the process holds."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def post(self, body, path="/v1/models/pix2pix:predict"):
        """The response to a body: bytes, or something that JSON can say."""
        how = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.post(self.url + path, **how, timeout=PATIENCE)

    def get(self, path):
        """The response to a GET."""
        return requests.get(self.url + path, timeout=PATIENCE)

    def ask_rest(self, signature, inputs, *, name="pix2pix", version=None):
        """{output: array} of a signature, in columnar format; raises `Refusal`."""
        where = f"/v1/models/{name}" + (f"/versions/{version}" if version else "") + ":predict"
        values = {name: _plain(value) for name, value in inputs.items()}
        response = self.post({"signature_name": signature, "inputs": values}, where)
        if response.status_code != 200:
            raise Refusal(response.status_code, response.json()["error"])
        outputs = response.json()["outputs"]
        if signature == "serving_default":
            return {"image_bytes": [base64.b64decode(value["b64"], validate=True) for value in outputs]}
        return {"image": np.array(outputs, np.uint8)}

    def ask_grpc(self, signature, inputs, *, name="pix2pix", version=None):
        """The same over gRPC."""
        request = PredictRequest(inputs={name: tf.make_tensor_proto(value) for name, value in inputs.items()})
        request.model_spec.name, request.model_spec.signature_name = name, signature
        if version:
            request.model_spec.version.value = version
        with refusals():
            outputs = self.predictions.Predict(request, timeout=PATIENCE).outputs
        return {name: tf.make_ndarray(value) for name, value in outputs.items()}

    def status_grpc(self, name="pix2pix", version=None):
        """{version: state} over gRPC; raises `Refusal`."""
        request = GetModelStatusRequest()
        request.model_spec.name = name
        if version:
            request.model_spec.version.value = version
        with refusals():
            reply = self.models.GetModelStatus(request, timeout=PATIENCE)
        return {status.version: type(status).State.Name(status.state) for status in reply.model_version_status}

    def metadata_grpc(self, field="signature_def", name="pix2pix"):
        """The response of GetModelMetadata; raises `Refusal`."""
        request = GetModelMetadataRequest(metadata_field=[field])
        request.model_spec.name = name
        with refusals():
            return self.predictions.GetModelMetadata(request, timeout=PATIENCE)


@contextlib.contextmanager
def refusals():
    """Errors of gRPC become a `Refusal`."""
    try:
        yield
    except grpc.RpcError as error:
        raise Refusal(HTTP_STATUS.get(error.code().name, error.code().name), error.details()) from error


def _plain(value):
    """An array, or a list of bytes, as it stands in JSON."""
    return [b64(content) for content in value] if isinstance(value, list) else value.tolist()


@dataclasses.dataclass
class Started:
    """A process whose output is a pipe, and whose errors go to a file, where they hold nothing up."""

    process: subprocess.Popen
    file: typing.TextIO

    def errors(self):
        """What it has written to stderr, without what TensorFlow writes before it can be told not to."""
        self.file.seek(0)
        return "".join(line for line in self.file if not re.match(r"[WIE]\d{4} |WARNING: All log messages", line))


@contextlib.contextmanager
def started(command):
    """Starts a process; it is killed in the end."""
    with (
        tempfile.TemporaryFile("w+") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True) as process,
    ):
        try:
            yield Started(process, file)
        finally:
            process.kill()


@contextlib.contextmanager
def serving(base, *flags):
    """A `Server` of the project on a model's folder; it is killed in the end."""
    with started([*SERVE, f"--model={base}", "--rest_port=0", "--grpc_port=0", *flags]) as this:
        lines = [this.process.stdout.readline() for _ in range(2)]
        assert all(lines), this.errors()
        yield Server(this, Path(base), *(re.search(r"127\.0\.0\.1:\d+", line)[0] for line in lines))


@contextlib.contextmanager
def tensorflow_serving(base):
    """The same with the real TensorFlow Serving; skips where its binary is absent."""
    binary = os.environ.get("TENSORFLOW_MODEL_SERVER") or shutil.which("tensorflow_model_server")
    if not binary:
        pytest.skip("needs tensorflow_model_server, in PATH or $TENSORFLOW_MODEL_SERVER")
    rest_port, grpc_port = free_port(), free_port()
    command = [binary, f"--rest_api_port={rest_port}", f"--port={grpc_port}"]
    command += ["--model_name=pix2pix", f"--model_base_path={Path(base).absolute()}"]
    command += ["--file_system_poll_wait_seconds=1"]
    with started(command) as this:
        threading.Thread(target=this.process.stdout.read, daemon=True).start()  # So that it never waits to be read.
        server = Server(this, Path(base), f"127.0.0.1:{rest_port}", f"127.0.0.1:{grpc_port}")
        wait_until(lambda: this.process.poll() is not None or server.is_ready())
        assert this.process.poll() is None, this.errors()
        yield server


def free_port():
    """A port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def wait_until(condition):
    """Returns when `condition()` is true; fails if it takes too long."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)

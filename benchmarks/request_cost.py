"""What may a request cost: time and memory of the largest one of each kind that the development server accepts?

    python benchmarks/request_cost.py                     # an untrained generator of the default width
    python benchmarks/request_cost.py --model=runs/mine

Each request goes to a server in a process of its own, one after the other. Time is that of the whole request; CPU time
is the server's own, on all cores together, which other programs on the machine do not change. Memory is the peak of the
server's resident set during the request, above what it was before.
"""

import base64
import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc
import numpy as np
import requests
from absl import flags
from PIL import Image

import pix2pix_tf
from pix2pix_tf import cli
from pix2pix_tf.utils.markdown import table

_MODEL = cli.define_path("model", None, "run directory or export (default: an untrained generator)")
_QUICK = flags.DEFINE_bool("quick", False, "a tiny network and small images, to see that everything runs")


def noise(height, width):
    """uint8 [height, width, 3] that no format makes smaller."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image, kind, **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def gif_with_a_larger_frame(side):
    """A GIF that says 10x10, with a frame of side x side."""
    content = bytearray(encoded(np.zeros((side, side), np.uint8), "GIF"))
    content[6:10] = struct.pack("<HH", 10, 10)
    return bytes(content)


def requests_of_each_kind(scale):
    """Yields (kind, pixels, the body for REST or the tensor for gRPC); `scale` divides all sides."""

    def file(kind, image, content, count=1):
        body = json.dumps({"instances": [{"b64": base64.b64encode(content).decode()}] * count}).encode()
        return kind, image.shape[0] * image.shape[1] * count, body

    def numbers(kind, image):
        text = json.dumps({"signature_name": "translate", "instances": [image.tolist()]}, separators=(",", ":"))
        return kind, image.shape[0] * image.shape[1], text.encode()

    square = noise(4000 // scale, 4000 // scale)
    yield file("PNG", square, encoded(square, "PNG", compress_level=1))
    yield file("JPEG", square, encoded(square, "JPEG"))
    yield file("WebP", square, encoded(square, "WEBP", method=0))
    black = np.zeros(square.shape[:2], np.uint8)
    for count in (1, 4, 5):
        yield file(f"PNG of one color, {count} in a request", black, encoded(black, "PNG"), count)
    for kind, shape in (("PNG, one pixel high", (1, 10**6)), ("PNG, one pixel wide", (10**6, 1))):
        strip = np.zeros((*(max(side // scale, 1) for side in shape), 3), np.uint8)
        yield file(kind, strip, encoded(strip, "PNG"))
    gif = np.zeros((9000 // scale, 9000 // scale))
    yield file("GIF, larger frame than screen", gif, gif_with_a_larger_frame(len(gif)))
    yield numbers("JSON numbers", noise(2100 // scale, 2100 // scale))
    yield numbers("JSON numbers, gray, of one digit", black[..., None])
    yield "gRPC tensor", square.size // 3, square[None]


class Server:
    """The development server as a process of its own."""

    def __init__(self, model):
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub  # imports TensorFlow

        command = [sys.executable, "-m", "pix2pix_tf.tools.serve", f"--model={model}", "--rest_port=0", "--grpc_port=0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        rest, grpc_line = (self.process.stdout.readline() for _ in range(2))
        self.url = re.search(r"http://[\d.:]+", rest)[0]
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        channel = grpc.insecure_channel(re.search(r"[\d.]+:\d+", grpc_line)[0], options)
        self.predictions = PredictionServiceStub(channel)
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, content):
        """Sends a body over REST, or an array over gRPC → how it went, in a word."""
        import tensorflow as tf
        from tensorflow_serving.apis.predict_pb2 import PredictRequest

        if isinstance(content, bytes):
            response = self.session.post(f"{self.url}/v1/models/pix2pix:predict", content)
            return "accepted" if response.ok else f"refused ({response.status_code})"
        request = PredictRequest(inputs={"image": tf.make_tensor_proto(content)})
        request.model_spec.name, request.model_spec.signature_name = "pix2pix", "translate"
        try:
            self.predictions.Predict(request, 600)
        except grpc.RpcError as error:
            return f"refused ({error.code().name})"
        return "accepted"

    def measure(self, content):
        """(How it went, seconds, seconds of processors, megabytes of the server's peak above what it held before)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        before, computed, start = self._status("VmRSS"), self._processor_seconds(), time.perf_counter()
        outcome = self.ask(content)
        seconds = time.perf_counter() - start
        return outcome, seconds, self._processor_seconds() - computed, self._status("VmHWM") - before

    def _processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024


def untrained_run(folder):
    """A run directory with a generator of the default width."""
    from pix2pix_tf.runs import save_config
    from pix2pix_tf.training.checkpoints import Checkpoints

    config = pix2pix_tf.Config(**({"base_filters": 4, "image_size": 64} if _QUICK.value else {}))
    generator = pix2pix_tf.build_generator(config, image_size=(None, None))
    save_config(config, folder)
    Checkpoints(folder, 1, {"generator": generator}, {}).save()
    return folder


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(_MODEL.value or untrained_run(os.path.join(folder, "run")))
        try:
            print(table(["request", "sent", "pixels", "outcome", "time", "CPU time", "memory"], []), flush=True)
            server.ask(noise(256, 256)[None])  # What the first request alone costs is not what is asked.
            for kind, pixels, content in requests_of_each_kind(scale=20 if _QUICK.value else 1):
                size = len(content) if isinstance(content, bytes) else content.nbytes
                time.sleep(2)  # Once a second, the server gives back what is freed.
                outcome, seconds, computed, megabytes = server.measure(content)
                cells = [kind, f"{size / 2**20:.2f} MB", f"{pixels:,}", outcome]
                cells += [f"{seconds:.1f} s", f"{computed:.1f} s", f"{megabytes:,.0f} MB"]
                print(f"| {' | '.join(cells)} |", flush=True)
        finally:
            server.process.terminate()
            server.process.wait()


if __name__ == "__main__":
    cli.run(main)

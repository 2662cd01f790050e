"""Asking a model server over both protocols: the real development server, and servers that go wrong in other ways."""

import base64
import concurrent.futures
import contextlib
import errno
import gzip
import http.server
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import zlib

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image
from serving_exports import make_run
from serving_process import assert_same, serving, smooth_image
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)

from pix2pix_tf import UserError, images
from pix2pix_tf.exporting import signatures
from pix2pix_tf.serving.client import GrpcClient, ImageRefused, RestClient, connect, to_png
from pix2pix_tf.serving.output_files import output_paths, write_output
from pix2pix_tf.utils.atomic import is_of_the_disk

LIMIT = 4096  # pixels, in the export that is served
PROTOCOLS = ["rest", "grpc"]
# What TensorFlow Serving says, word for word, when an assertion of an export fails.
RAW_ERROR = (
    "2 root error(s) found.\n  (0) INVALID_ARGUMENT: assertion failed: [image_bytes is not an image]\n"
    "\t [[{{function_node __inference_serving_default_1}}{{node Assert/Assert}}]]\n0 successful operations."
)


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), 0)


@pytest.fixture(scope="module")
def server(translator, tmp_path_factory):
    """The development server with an export of `translator`, as a process."""
    base = tmp_path_factory.mktemp("base")
    signatures.save(translator.config, translator.generator, LIMIT, str(base / "1"))
    with serving(base) as running:
        yield running


@pytest.fixture
def address(server):
    """address("rest"): what a user gives as --server."""
    return {"rest": server.url, "grpc": server.address}.get


# Outputs


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_outputs_are_those_of_the_run(address, translator, protocol):
    with connect(address(protocol)) as client:
        for size in [(32, 32), (37, 53), (1, 1)]:
            image = smooth_image(*size)
            assert_same(client.translate(image), translator(image))
            assert_same(client.translate(image, seed=5), translator(image, seed=5))
        assert np.any(client.translate(image, seed=5) != client.translate(image, seed=6))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_version_can_be_asked_for(address, translator, protocol):
    with connect(address(protocol), model_version=1) as client:
        assert_same(client.translate(smooth_image()), translator(smooth_image()))


def test_the_address_decides_on_the_protocol():
    for server, kind in [
        ("http://localhost:8501", RestClient),
        ("https://models.example.org/images/", RestClient),
        ("localhost:8500", GrpcClient),
        ("[::1]:8500", GrpcClient),
    ]:
        with connect(server) as client:
            assert type(client) is kind


# What goes wrong


NO_ADDRESSES = ["localhost", "ftp://localhost:1", "http://", "localhost:", "a b:1", "x/y:1", ""]
NO_ADDRESSES += ["http://[::1", "http://localhost:99999", "localhost:99999", "[::1:8500", "http://:8501"]


@pytest.mark.parametrize("server", NO_ADDRESSES)
def test_what_is_no_address_is_refused(server):
    with pytest.raises(UserError, match=r"^server must be like http://localhost:8501 for REST, or localhost:8500"):
        connect(server)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "ä", "a:predict"])
def test_what_can_be_no_model_name_is_refused(name):
    with pytest.raises(UserError, match=r"^model_name must be of letters"):
        connect("localhost:1", name)


def error_of(server, model_name="pix2pix", model_version=None, timeout=20, image=None):
    with connect(server, model_name, model_version, timeout) as client, pytest.raises(UserError) as caught:
        client.translate(smooth_image() if image is None else image)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((1, 4, 4, 3), np.uint8), 5]
)
def test_what_is_no_image_is_not_the_servers_fault(image):
    with connect("localhost:1") as client, pytest.raises(UserError, match=r"takes an image of uint8 \[H, W, 3\]"):
        client.translate(image)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_image_that_the_server_does_not_take_is_refused_with_its_sentence(address, translator, protocol):
    error = error_of(address(protocol), image=smooth_image(80, 90))
    assert type(error) is ImageRefused
    assert str(error) == f"the image is 80x90 (height x width); from 1 to {LIMIT} pixels are allowed"
    with connect(address(protocol)) as client:
        with pytest.raises(ImageRefused):
            client.translate(smooth_image(80, 90), seed=1)
        assert_same(client.translate(smooth_image()), translator(smooth_image()))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_or_version_that_is_not_there(address, protocol):
    where = address(protocol)
    assert str(error_of(where, "other")).startswith(f"{where} has no model 'other' (")
    assert str(error_of(where, model_version=7)).startswith(f"{where} has no version 7 of model 'pix2pix' (")


@pytest.mark.parametrize("prefix", ["http://", ""])
def test_a_server_that_cannot_be_reached(prefix):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"{prefix}127.0.0.1:{free.getsockname()[1]}"
    error = str(error_of(where))
    assert error.startswith(f"{where} is not available (")
    assert "Connection refused" in error
    assert error.endswith("); check that a model server runs there, and its port.")


def test_each_protocol_on_the_port_of_the_other(server):
    rest = server.url.removeprefix("http://")
    assert str(error_of(rest)).startswith(f"{rest} is not available (")
    grpc_url = f"http://{server.address}"
    assert str(error_of(grpc_url)).startswith(f"{grpc_url} is not available (it does not speak HTTP);")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_does_not_answer_in_time(server, address, protocol):
    where = address(protocol)
    server.process.send_signal(signal.SIGSTOP)
    try:
        error = error_of(where, timeout=0.5)
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert str(error) == f"{where} has not answered within 0.5 seconds; try again with a larger timeout."


@contextlib.contextmanager
def web_server(status, content, headers=()):
    """Answers every POST with this; yields its address, and what was posted as (path, JSON)."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            for name, value in (("Content-Length", str(len(content))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever).start()
        yield f"http://127.0.0.1:{running.server_port}", posted
        running.shutdown()


def _proto(value):
    return value if isinstance(value, TensorProto) else tf.make_tensor_proto(value)


@contextlib.contextmanager
def grpc_server(code=None, details="", outputs=None):
    """Answers every Predict with an error, or with these outputs; yields its address."""

    class Service(PredictionServiceServicer):
        def Predict(self, request, context):
            if code:
                context.abort(code, details)
            return PredictResponse(outputs={name: _proto(value) for name, value in outputs.items()})

    running = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    add_PredictionServiceServicer_to_server(Service(), running)
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield f"127.0.0.1:{port}"
    running.stop(None)


def test_of_tensorflow_servings_own_errors_the_sentence_is_shown():
    with web_server(400, json.dumps({"error": RAW_ERROR}).encode()) as (where, _):
        rest = error_of(where)
    with grpc_server(grpc.StatusCode.INVALID_ARGUMENT, RAW_ERROR) as where:
        over_grpc = error_of(where)
    for error in (rest, over_grpc):
        assert type(error) is ImageRefused
        assert str(error) == "image_bytes is not an image"


def test_an_error_without_an_assertion_is_shown_up_to_its_first_line():
    with web_server(500, b'{"error": "out of memory\\n at node 3"}') as (where, _):
        assert str(error_of(where)) == "out of memory"


def test_a_server_that_is_overloaded_is_not_available():
    with web_server(503, b'{"error": "512 requests are waiting already"}') as (where, _):
        rest = error_of(where)
    with grpc_server(grpc.StatusCode.UNAVAILABLE, "512 requests are waiting already") as where:
        over_grpc = error_of(where)
    for error in (rest, over_grpc):
        assert type(error) is UserError
        assert "is not available (512 requests are waiting already); check" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>hello</html>",
        b"[1]",
        b"{}",
        b'{"outputs": 3}',
        b'{"outputs": [{"b64": "!"}]}',
        b'{"outputs": [{"b64": "aGVsbG8="}]}',
        b'{"outputs": [{"b64": "aGVsbG8="}, {"b64": "aGVsbG8="}]}',
        b'{"error": null}',
    ],
)
@pytest.mark.parametrize(
    ("status", "named"), [(200, ""), (404, " (HTTP status 404 Not Found)"), (599, " (HTTP status 599)")]
)
def test_a_web_server_of_another_kind_is_recognized(content, status, named):
    with web_server(status, content) as (where, _):
        error = error_of(where)
    assert type(error) is UserError
    assert str(error).startswith(f"{where} answers, but not as an export of pix2pix_tf does{named}; check model_name")


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_named_and_not_followed(status):
    """Requests would read the whole body of each before it follows."""
    with web_server(status, b"", [("Location", "https://elsewhere.example/\x1b[2J")]) as (where, posted):
        assert str(error_of(where)) == (
            f"{where} redirects to https://elsewhere.example/[2J; give the address of the server itself."
        )
    assert len(posted) == 1


def test_an_error_is_shown_without_what_would_change_the_terminal():
    with web_server(400, json.dumps({"error": "\x1b[2Jno\x07\r" + "o" * 1000}).encode()) as (where, _):
        assert str(error_of(where)) == "[2Jno" + "o" * 495


@pytest.mark.parametrize("outputs", [{}, {"a": [b"no image"]}, {"a": [b"x"], "b": [b"y"]}, {"a": 3}])
def test_a_model_of_another_kind_is_recognized(outputs):
    with grpc_server(outputs=outputs) as where:
        assert str(error_of(where)).startswith(f"{where} answers, but not as an export of pix2pix_tf does")


# Proxies, and replies that are too much


def png_that_claims(width, height):
    """A PNG file whose header has this size, and few pixels."""
    content = bytearray(to_png(np.zeros((1, 1, 3), np.uint8)))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize("size", [(31, 32), (32, 33), (50_000, 50_000)])
def test_an_image_of_another_size_is_refused_before_it_is_decoded(size):
    content = png_that_claims(*size)
    reply = json.dumps({"outputs": [{"b64": base64.b64encode(content).decode()}]}).encode()
    with web_server(200, reply) as (where, _):
        rest = error_of(where)
    with grpc_server(outputs={"image_bytes": [content]}) as where:
        over_grpc = error_of(where)
    for error in (rest, over_grpc):
        named = f"returned an image of {size[0]}x{size[1]} for one of 32x32; check" in str(error)
        assert named or "answers, but not as an export" in str(error)  # The latter of Pillow, for very large ones.


def test_with_a_seed_another_size_is_refused_too():
    with (
        web_server(200, b'{"outputs": [[[[1, 2, 3]]]]}') as (where, _),
        connect(where) as client,
        pytest.raises(UserError, match="returned an image of 1x1 for one of 32x32; check model_name and the port"),
    ):
        client.translate(smooth_image(), seed=1)


@pytest.mark.parametrize("value", ["1e300", "-1", "256", "1.5", "1" + "0" * 30, '"1"', "null"])
def test_with_a_seed_values_that_are_no_pixels_are_refused(value):
    with (
        web_server(200, f'{{"outputs": [[[[{value}, 0, 0]]]]}}'.encode()) as (where, _),
        connect(where) as client,
        pytest.raises(UserError, match="answers, but not as an export of pix2pix_tf does"),
    ):
        client.translate(smooth_image(1, 1), seed=1)


def test_one_value_does_not_stand_for_gigabytes():
    value = tf.make_tensor_proto(np.uint8(7))
    for side in (1, 10**4, 10**4, 3):
        value.tensor_shape.dim.add(size=side)
    with (
        grpc_server(outputs={"image": value}) as where,
        connect(where) as client,
        pytest.raises(UserError, match="answers, but not as an export of pix2pix_tf does"),
    ):
        client.translate(smooth_image(), seed=1)


def test_a_packed_reply_is_not_unpacked():
    content = json.dumps({"outputs": [{"b64": base64.b64encode(to_png(smooth_image())).decode()}]}).encode()
    with web_server(200, gzip.compress(content), [("Content-Encoding", "gzip")]) as (where, _):
        assert "answers, but not as an export of pix2pix_tf does" in str(error_of(where))


def test_a_reply_without_end_is_not_kept():
    with web_server(200, b'{"outputs": "' + b"x" * 2**22) as (where, _):
        assert "answers, but not as an export of pix2pix_tf does" in str(error_of(where, image=smooth_image(1, 1)))


def test_the_timeout_holds_for_the_whole_reply():
    """A server that sends a byte now and then, each in time."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(2**16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not stopped.wait(0.1):
                    connection.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        where = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            assert str(error_of(where, timeout=1)) == (
                f"{where} has not answered within 1 seconds; try again with a larger timeout."
            )
        finally:
            stopped.set()
            dripping.join()


@pytest.fixture
def proxied(monkeypatch):
    """The address of a proxy for everything, at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{free.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return proxy


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_this_very_machine_is_asked_without_a_proxy(proxied, address, translator, protocol):
    for host in ("127.0.0.1", "localhost"):
        with connect(address(protocol).replace("127.0.0.1", host)) as client:
            assert client.proxy == ""
            assert_same(client.translate(smooth_image()), translator(smooth_image()))


@pytest.mark.parametrize("prefix", ["http://", ""])
def test_a_proxy_that_was_asked_is_named(proxied, prefix):
    where = f"{prefix}models.example.org:8500"
    assert str(error_of(where)).startswith(f"{where} is not available through the proxy {proxied} (")


def test_the_address_of_every_interface_is_this_machine_too(proxied):
    for server in ("http://0.0.0.0:1", "[::]:1"):
        with connect(server) as client:
            assert client.proxy == ""


def test_the_proxy_for_everything_is_asked_over_rest(monkeypatch):
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "http://proxy.example:1")
    for server, proxy in [("http://models.example", "http://proxy.example:1"), ("models.example:8500", "")]:
        with connect(server) as client:  # gRPC knows no such variable.
            assert client.proxy == proxy


def test_a_server_that_needs_no_proxy_is_asked_without_one(proxied, monkeypatch):
    monkeypatch.setenv("no_proxy", "example.org")
    for server in ("http://models.example.org", "models.example.org:8500"):
        with connect(server) as client:
            assert client.proxy == ""


def test_rest_requests_are_those_of_tensorflow_servings_documentation():
    with web_server(200, b'{"outputs": [[[[1, 2, 3]]]]}') as (where, posted):
        with connect(where, "faces", 3) as client:
            np.testing.assert_array_equal(client.translate(np.uint8([[[9, 8, 7]]]), seed=2), [[[1, 2, 3]]])
        with connect(where), contextlib.suppress(UserError):
            connect(where).translate(np.uint8([[[9, 8, 7]]]))
    columns = {"image": [[[[9, 8, 7]]]], "seed": [0, 2]}
    assert posted[0] == ("/v1/models/faces/versions/3:predict", {"signature_name": "sample", "inputs": columns})
    path, body = posted[1]
    assert path == "/v1/models/pix2pix:predict"
    assert body["signature_name"] == "serving_default"
    assert list(body["inputs"]) == ["image_bytes"]
    assert list(body["inputs"]["image_bytes"][0]) == ["b64"]


# Files


def test_outputs_are_named_after_images_and_the_model(tmp_path):
    folder = str(tmp_path)
    files = ["x/a.jpg", "a.png", "b.c.tif", "y/a.jpg", "a-m.png"]
    names = ["a-m.png", "a-m-2.png", "b.c-m.png", "a-m-3.png", "a-m-m.png"]
    assert output_paths(files, folder, "m") == [os.path.join(folder, name) for name in names]
    assert output_paths(["x/a.jpg"], "", "m") == ["a-m.png"]
    assert output_paths(["x/a.jpg"], f"{folder}/new.PNG", "m") == [f"{folder}/new.PNG"]
    (tmp_path / "folder.png").mkdir()
    assert output_paths(["a.jpg"], f"{folder}/folder.png", "m") == [f"{folder}/folder.png/a-m.png"]


def test_several_images_do_not_go_into_one_file():
    with pytest.raises(UserError, match=r"^--output x\.png is one file, but there are 2 images; give a folder"):
        output_paths(["a.jpg", "b.jpg"], "x.png", "m")


def test_what_exists_is_not_overwritten(tmp_path):
    taken = tmp_path / "b-m.png"
    taken.write_bytes(b"old")
    with pytest.raises(UserError, match=r"b-m\.png exists and is not overwritten; remove it or give another --output"):
        output_paths(["a.jpg", "b.jpg"], str(tmp_path), "m")
    with pytest.raises(UserError, match=r"b-m\.png cannot be written \(File exists\)"):
        write_output(smooth_image(), str(taken))
    assert taken.read_bytes() == b"old"


def test_an_output_is_written_in_a_new_folder(tmp_path):
    write_output(smooth_image(), str(tmp_path / "a" / "b" / "x.png"))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a" / "b" / "x.png")), smooth_image())


def test_an_output_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def fails(image, file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(images, "save_png", fails)
    with pytest.raises(UserError, match=r"x\.png cannot be written \(No space left on device\)") as caught:
        write_output(smooth_image(), str(tmp_path / "x.png"))
    assert is_of_the_disk(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"file/x\.png cannot be written \(File exists\); check the folder"):
        write_output(smooth_image(), str(tmp_path / "file" / "x.png"))


# The tool


@pytest.fixture
def run_tool(tmp_path):
    """Runs tools.client in an empty folder: arguments → (exit status, output, errors)."""
    (tmp_path / "cwd").mkdir()

    def run(*arguments):
        command = [sys.executable, "-m", "pix2pix_tf.tools.client", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path / "cwd", timeout=120)
        return done.returncode, done.stdout, done.stderr

    return run


def kinds_of_files(folder):
    """Files of odd kinds, {path: the image that it shows}."""
    upright = smooth_image(40, 24)
    sideways, transparent = folder / "sideways.jpg", folder / "transparent.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(np.rot90(upright)).save(sideways, quality=100, subsampling=0, exif=exif)
    alpha = np.full((40, 24, 1), 255, np.uint8)
    alpha[:20] = 0
    Image.fromarray(np.concatenate([upright, alpha], -1)).save(transparent)
    on_white = upright.copy()
    on_white[:20] = 255
    deep, palette = folder / "deep.tif", folder / "palette.bmp"
    Image.fromarray(upright[..., 0].astype(np.uint16) * 257).save(deep)
    Image.fromarray(upright).quantize(16).save(palette)
    shown = {transparent: on_white, deep: np.repeat(upright[..., :1], 3, -1)}
    shown[palette] = np.asarray(Image.open(palette).convert("RGB"))
    with Image.open(sideways) as stored:
        shown[sideways] = np.rot90(np.asarray(stored), -1)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_images_of_all_kinds_are_answered_and_bad_ones_do_not_stop_them(
    address, translator, run_tool, tmp_path, protocol
):
    shown = kinds_of_files(tmp_path)
    bad, large, long = tmp_path / "bad.png", tmp_path / "large.png", tmp_path / f"{'x' * 251}.png"
    Image.fromarray(smooth_image()).save(long)
    bad.write_bytes(b"no image")
    Image.fromarray(smooth_image(80, 90)).save(large)
    good = list(shown)
    images = (bad, *good[:2], long, large, *good[2:])
    status, output, errors = run_tool(f"--server={address(protocol)}", *images, "--output=out")
    assert status == 1
    assert errors.splitlines() == [
        f"error: {bad} cannot be decoded (not an image that can be read); replace or remove it.",
        f"error: out/{long.stem}-pix2pix.png cannot be written (File name too long); check the folder and its disk.",
        f"error: {large} is refused by the server: the image is 80x90 (height x width); from 1 to {LIMIT} pixels are "
        "allowed",
    ]
    outputs = {path: f"out/{path.stem}-pix2pix.png" for path in good}
    assert output.splitlines() == [f"{path} → {output}" for path, output in outputs.items()]
    for path, output in outputs.items():
        assert_same(np.asarray(Image.open(tmp_path / "cwd" / output)), translator(shown[path]))


@pytest.mark.slow
def test_a_seed_asks_for_noise_and_the_image_goes_to_the_file_that_is_named(address, translator, run_tool, tmp_path):
    Image.fromarray(smooth_image()).save(tmp_path / "a.png")
    arguments = [f"--server={address('rest')}", "../a.png", "--seed=3", "--output=x.png", "--model_version=1"]
    assert run_tool(*arguments) == (0, "../a.png → x.png\n", "")
    assert_same(np.asarray(Image.open(tmp_path / "cwd" / "x.png")), translator(smooth_image(), seed=3))
    again = run_tool(*arguments)
    assert again == (1, "", "error: x.png exists and is not overwritten; remove it or give another --output.\n")


@pytest.mark.slow
def test_an_error_that_would_meet_every_image_is_said_once(address, run_tool, tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(smooth_image()).save(tmp_path / name)
    status, output, errors = run_tool(f"--server={address('rest')}", "--model_name=other", "../a.png", "../b.png")
    assert (status, output) == (1, "")
    assert errors.count("\n") == 1
    assert errors.startswith(f"error: {address('rest')} has no model 'other' (")
    assert os.listdir(tmp_path / "cwd") == []


@pytest.mark.slow
def test_no_image_is_a_sentence(run_tool):
    message = "error: No images are given; list their files beside the flags, such as photo.jpg.\n"
    assert run_tool("--server=localhost:1") == (1, "", message)


def test_help_does_not_wait_for_tensorflow():
    command = [sys.executable, "-X", "importtime", "-m", "pix2pix_tf.tools.client", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "--server:" in done.stdout
    assert "pix2pix_tf.cli" in done.stderr
    assert not any(name in done.stderr for name in ("tensorflow", "grpc", "requests"))

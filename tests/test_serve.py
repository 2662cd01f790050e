"""The real `tools.serve`: how it starts and ends, new versions, and what it does not have of TensorFlow Serving."""

import base64
import gzip
import http.client
import io
import json
import re
import shutil
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import Image
from serving_process import (
    PATIENCE,
    SERVE,
    Refusal,
    assert_same,
    b64,
    decoded,
    encoded,
    free_port,
    refusals,
    serving,
    smooth_image,
    started,
    wait_until,
)
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from pix2pix_tf import Translator, UserError
from pix2pix_tf.serving import model_server
from pix2pix_tf.serving.workers import MAX_BYTES
from pix2pix_tf.utils.hosts import answered_hosts, is_loopback

pytest_plugins = "serving_exports"

STRING = tf.string.as_datatype_enum
FILE = encoded(smooth_image())
ONE = json.dumps({"instances": [b64(FILE)]}).encode()


def processor_seconds(process):
    """The time that a process has computed for."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def request_of(value, **spec):
    """A request for `translate` whose image is a `TensorProto`."""
    request = PredictRequest(inputs={"image": value})
    request.model_spec.name, request.model_spec.signature_name = "pix2pix", "translate"
    for name, value in spec.items():
        setattr(request.model_spec, name, value)
    return request


@pytest.fixture
def server(running_server):
    """A server of version 1, which nobody changes or ends."""
    return running_server


# Where it is stricter than TensorFlow Serving, or says it in words of its own


def test_what_is_not_offered_is_unimplemented(server):
    calls = [
        (server.predictions.Classify, ClassificationRequest()),
        (server.predictions.Regress, RegressionRequest()),
        (server.predictions.MultiInference, MultiInferenceRequest()),
        (server.models.HandleReloadConfigRequest, ReloadConfigRequest()),
    ]
    for call, request in calls:
        with pytest.raises(Refusal, match="UNIMPLEMENTED: this server offers Predict, GetModelMetadata"), refusals():
            call(request, timeout=PATIENCE)


def test_an_unknown_key_in_columnar_format_is_refused(server):
    response = server.post({"inputs": {"image_bytes": [b64(FILE)], "palette": 1}})
    assert (response.status_code, response.json()) == (
        400,
        {"error": "input 'palette' is unknown; the signature takes image_bytes"},
    )


def test_values_that_are_no_pixels_are_refused(server):
    response = server.post({"signature_name": "translate", "instances": [[[[0, 0, 256]]]]})
    assert (response.status_code, response.json()) == (400, {"error": "image must hold uint8 values, from 0 to 255"})


def test_unknown_addresses(server):
    for path in ("/v1/models", "/v1/models/pix2pix/labels/stable", "/v1/x"):
        response = server.get(path)
        assert (response.status_code, response.json()) == (400, {"error": f"Malformed request: GET {path}"})
    assert server.post(ONE, "/v1/models/pix2pix").status_code == 400
    assert server.get("/elsewhere").json() == {"error": "Not Found"}
    response = server.get("/v1/models/pix2pix/versions/" + 5000 * "9")
    assert response.status_code == 400
    assert "a version is an integer" in response.json()["error"]
    assert server.get(f"/v1/models/pix2pix/versions/{2**63 - 1}").status_code == 404


# Names of hosts


def test_on_a_loopback_address_only_loopback_names_are_answered(server):
    port = server.url.rpartition(":")[2]
    for host, status in [("localhost", 200), ("127.0.0.1", 200), ("app.localhost", 200), ("evil.example", 400)]:
        for path in ("/", "/v1/models/pix2pix"):
            headers = {"Host": f"{host}:{port}"}
            assert requests.get(server.url + path, headers=headers, timeout=PATIENCE).status_code == status


def test_which_hosts_are_answered():
    assert answered_hosts("0.0.0.0", []) == ["*"]
    assert {"localhost", "127.0.0.1", "models.example"} <= set(answered_hosts("0.0.0.0", ["models.example"]))
    assert "*" not in answered_hosts("0.0.0.0", ["models.example"])
    assert "[fe80::1]" in answered_hosts("fe80::1", ["*.example"])
    assert "models.example" in answered_hosts("::1", ["models.example"])
    assert "*" not in answered_hosts("127.0.0.2", [])
    assert [is_loopback(host) for host in ("localhost", "a.LOCALHOST", "127.9.9.9", "[::1]", "::1")] == [True] * 5
    assert [is_loopback(host) for host in ("localhost.example", "10.0.0.1", "0.0.0.0", "::", "")] == [False] * 5


@pytest.mark.parametrize("name", ["", "https://a.example", "a.example:8501", "a.*", "*example", "::1"])
def test_a_name_that_no_request_can_have_is_refused(name):
    with pytest.raises(UserError, match="--allow_host must be a host name without scheme and port"):
        answered_hosts("127.0.0.1", ["*.example", "[::1]", "*", name])


# Bodies


def test_a_body_may_be_gzip(server):
    headers = {"Content-Encoding": "gzip"}
    long = ONE[:-1] + b', "note": "' + b"x" * 2**21 + b'"}'  # It is unpacked in several pieces.
    members = b"".join(map(gzip.compress, (ONE[:40], b"", ONE[40:])))
    for body in (gzip.compress(ONE), gzip.compress(long), members):
        response = requests.post(f"{server.url}/v1/models/pix2pix:predict", body, headers=headers, timeout=PATIENCE)
        (prediction,) = response.json()["predictions"]
        (expected,) = server.post(ONE).json()["predictions"]
        assert_same(decoded(base64.b64decode(prediction["b64"])), decoded(base64.b64decode(expected["b64"])))


@pytest.mark.parametrize(
    ("body", "encoding", "status", "sentence"),
    [
        (b"no gzip", "gzip", 400, "the body is not gzip"),
        (gzip.compress(ONE)[:-9], "gzip", 400, "the body is not gzip, or is cut short"),
        (gzip.compress(ONE) + gzip.compress(ONE)[:9], "gzip", 400, "the body is not gzip, or is cut short"),
        (gzip.compress(ONE) + b"more", "gzip", 400, "the body is not gzip (Error"),
        (
            gzip.compress(bytes(MAX_BYTES + 1), 1),
            "gzip",
            413,
            "the body has more, unpacked; up to 67108864 are allowed",
        ),
        (gzip.compress(b"") * 10_001, "gzip", 400, "the body has more than 10000 gzip members; send it as one"),
        (ONE, "br", 400, "Content-Encoding must be gzip or identity. Received: 'br'"),
    ],
)
def test_bodies_that_cannot_be_unpacked_are_refused(server, body, encoding, status, sentence):
    headers = {"Content-Encoding": encoding}
    response = requests.post(f"{server.url}/v1/models/pix2pix:predict", body, headers=headers, timeout=PATIENCE)
    assert response.status_code == status
    assert sentence in response.json()["error"]
    assert server.post(ONE).status_code == 200


@pytest.mark.parametrize("method", ["PredictionService/Predict", "ModelService/GetModelStatus"])
def test_what_is_no_message_is_refused(server, method):
    call = server.channel.unary_unary(f"/tensorflow.serving.{method}")
    with pytest.raises(Refusal, match="400: the request is no protobuf message of its kind"), refusals():
        call(b"\xff\xff", timeout=PATIENCE)


@pytest.mark.parametrize("dtype", [tf.resource, tf.variant])
def test_tensors_that_hold_no_numbers_are_refused(server, dtype):
    value = tf.make_tensor_proto(0).__class__(dtype=dtype.as_datatype_enum)
    with pytest.raises(Refusal, match=f"400: image is a {dtype.name}; numbers and strings are allowed"), refusals():
        server.predictions.Predict(request_of(value), timeout=PATIENCE)


def gif_with_a_larger_frame(side):
    """A GIF of 10x10 pixels whose only frame has side x side: few bytes, of which TensorFlow makes many."""
    file = io.BytesIO()
    Image.new("P", (side, side)).save(file, "GIF")
    content = bytearray(file.getvalue())
    content[6:10] = struct.pack("<HH", 10, 10)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (gif_with_a_larger_frame(3000), 400),
        (encoded(np.zeros((1, 300_000, 3), np.uint8)), 200),  # It is scaled for the network.
        (encoded(np.zeros((300_000, 1, 3), np.uint8)), 200),
    ],
    ids=["gif", "wide", "high"],
)
def test_a_small_file_takes_little_memory(server, content, status):
    """Padded to multiples of 32, and at its own size, an image of 300000x1 takes 1 GB; made 32 high at once, 115 MB."""
    server.post(ONE)
    with open(f"/proc/{server.process.pid}/clear_refs", "w") as file:
        file.write("5")
    before = server.rss()
    assert server.post({"instances": [b64(content)]}).status_code == status
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+)", text)[1]) * 1024 - before < 90e6


def test_the_page_is_at_the_root(server):
    response = server.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert '"model": "pix2pix"' in response.text


def test_a_body_that_is_too_large_is_refused_and_not_kept(server):
    """300 MB are sent, whose first 64 MB may be held for a moment."""

    def parts():
        for _ in range(300):
            yield bytes(2**20)

    with open(f"/proc/{server.process.pid}/clear_refs", "w") as file:
        file.write("5")
    before = server.rss()
    response = requests.post(server.url + "/v1/models/pix2pix:predict", data=parts(), timeout=PATIENCE)
    assert response.status_code == 413
    assert response.json() == {"error": f"the body has {300 * 2**20} bytes; up to {MAX_BYTES} are allowed"}
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    assert int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 - before < 150e6
    assert server.post(ONE).status_code == 200


def test_a_message_that_is_too_large_is_refused(server):
    with pytest.raises(Refusal, match="RESOURCE_EXHAUSTED"):
        server.ask_grpc("serving_default", {"image_bytes": [bytes(MAX_BYTES)]})
    assert server.post(ONE).status_code == 200


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        ({"sides": [1, 10**5, 10**5, 3], "int_val": [7]}, "image has 30000000000 bytes; up to 67108864 are allowed"),
        ({"sides": [1, 1, 1, 3], "int_val": [1, 2, 300]}, "image is not a valid tensor"),
        ({"sides": [1, 1, 1, 3], "tensor_content": b"12"}, "image is not a valid tensor"),
        ({"sides": [1, 1, 1, 3], "tensor_content": b"123", "dtype": 999}, "image is not a valid tensor"),
        ({"sides": [-1, 1, 1, 3], "tensor_content": b"123"}, r"image has a negative side: \[-1, 1, 1, 3\]"),
        ({"sides": [1], "dtype": STRING}, r"image has 0 strings, which is not what its shape says: \[1\]"),
        ({"sides": [8_000_000], "dtype": STRING, "string_val": [FILE]}, "image has 1 strings, which is not what its"),
    ],
)
def test_malformed_tensors_are_refused(server, tensor, sentence):
    tensor = dict(tensor)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=side) for side in tensor.pop("sides")])
    value = tf.make_tensor_proto(0).__class__(tensor_shape=shape, **{"dtype": tf.uint8.as_datatype_enum, **tensor})
    with pytest.raises(Refusal, match=f"400: {sentence}"), refusals():
        server.predictions.Predict(request_of(value), timeout=PATIENCE)


def test_labels_and_unknown_outputs_are_refused(server):
    value = tf.make_tensor_proto(smooth_image()[None])
    with pytest.raises(Refusal, match="400: versions have no labels here"), refusals():
        server.predictions.Predict(request_of(value, version_label="stable"), timeout=PATIENCE)
    request = request_of(value)
    request.output_filter.append("depth")
    with pytest.raises(Refusal, match="400: output 'depth' is unknown; the signature gives image"), refusals():
        server.predictions.Predict(request, timeout=PATIENCE)


def test_a_name_of_any_length_is_refused_with_a_short_sentence(server):
    """gRPC sends it as a header, which would be too long."""
    for ask in (server.ask_rest, server.ask_grpc):
        with pytest.raises(Refusal, match="400: signature 'äää") as refusal:
            ask("ä" * 100_000, {"image": smooth_image()[None]})
        assert len(refusal.value.message) == 500


def test_small_files_of_many_pixels_together_are_refused(server):
    content = encoded(np.zeros((4000, 4000), np.uint8))
    for ask in (server.ask_rest, server.ask_grpc):
        with pytest.raises(Refusal, match="400: the images of the request have 80000000 pixels together"):
            ask("serving_default", {"image_bytes": [content] * 5})
    assert server.post(ONE).status_code == 200


def test_a_client_that_goes_away_or_talks_nonsense_leaves_no_trace(server):
    address = server.url.removeprefix("http://").split(":")
    head = b"POST /v1/models/pix2pix:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    for sent in (head, b"nonsense\r\n\r\n"):
        with socket.create_connection(address) as connection:
            connection.sendall(sent)
            time.sleep(0.2)
    with pytest.raises(Refusal, match="DEADLINE_EXCEEDED"), refusals():
        value = tf.make_tensor_proto(smooth_image(1000, 1000)[None])
        server.predictions.Predict(request_of(value), timeout=0.01)
    assert server.post(ONE).status_code == 200
    assert "Traceback" not in server.errors()


# Starting


def ended(*flags):
    """The exit status, output and errors of a server that does not come up."""
    with started([*SERVE, *flags]) as this:
        output, _ = this.process.communicate(timeout=PATIENCE)
        return this.process.returncode, output, this.errors()


@pytest.fixture
def refusal():
    """refusal(base, rest_port=…): the sentence with which `serve` refuses to start, in this very process."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def refusal(base, rest_port=0, grpc_port=0, host="127.0.0.1"):
        with pytest.raises(UserError) as caught:
            model_server.serve(str(base), "pix2pix", host, rest_port, grpc_port)
        return str(caught.value)

    yield refusal
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.slow
def test_a_folder_without_a_version_ends_with_a_sentence(tmp_path):
    status, output, errors = ended(f"--model={tmp_path}")
    assert (status, output) == (1, "")
    assert errors.startswith(f"error: {tmp_path} is no run directory (it holds no config.json) and no export (")


@pytest.mark.parametrize("flag", ["rest_port", "grpc_port"])
def test_a_port_in_use_is_a_sentence(server, exports, refusal, flag):
    port = int((server.url if flag == "rest_port" else server.address).rpartition(":")[2])
    assert refusal(exports.first.parent, **{flag: port}) == (
        f"Nothing can listen on 127.0.0.1:{port} (Address already in use); give another --{flag} or --host."
    )


def test_one_port_for_both_interfaces_is_a_sentence(exports, refusal):
    port = free_port()
    assert refusal(exports.first.parent, port, port) == (
        f"Nothing can listen on 127.0.0.1:{port} (Address already in use); give another --grpc_port or --host."
    )


@pytest.mark.parametrize(("host", "reason"), [("", "--host is empty"), ("é..b", "no host name")])
def test_a_host_that_is_none_is_a_sentence(exports, refusal, host, reason):
    assert refusal(exports.first.parent, host=host) == (
        f"Nothing can listen on {host}:0 ({reason}); give another --rest_port or --host."
    )


def test_a_version_that_cannot_be_loaded_is_a_sentence(tmp_path, refusal):
    (tmp_path / "3").mkdir()
    assert re.fullmatch(rf"version 3 in {tmp_path} cannot be loaded \(.*\)", refusal(tmp_path))


@pytest.mark.slow
def test_a_run_is_served_at_once_and_leaves_nothing_behind(exports, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = exports.first.parents[1] / "run"
    with serving(run, "--size=own") as server:
        image = smooth_image(80, 90)
        expected = Translator.load(str(run), size="own")(image)
        assert_same(server.ask_rest("translate", {"image": image[None]})["image"][0], expected)
        server.process.send_signal(signal.SIGHUP)  # As when its terminal is closed.
        assert server.process.communicate(timeout=PATIENCE)[0] == "stopped\n"
        assert server.errors() == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_export_has_its_own_size(exports):
    status, _, errors = ended(f"--model={exports.first.parent}", "--size=training")
    sentence = "error: --size and --palette need a run: an export has its own, so give them to export.py.\n"
    assert (status, errors) == (1, sentence)


@pytest.mark.slow
def test_a_name_that_no_address_can_hold(tmp_path):
    status, _, errors = ended(f"--model={tmp_path}", "--model_name=a/b")
    assert status == 1
    assert errors == "error: --model_name must be of letters, digits, _, . and -. Received: 'a/b'.\n"


@pytest.mark.slow
def test_without_the_web_framework_it_says_what_to_install(tmp_path):
    """A process in which Starlette cannot be imported."""
    program = "import sys, runpy; sys.modules['starlette'] = None; del sys.argv[0]; "
    program += "runpy.run_module('pix2pix_tf.tools.serve', run_name='__main__', alter_sys=True)"
    with started([sys.executable, "-c", program, "serve", f"--model={tmp_path}"]) as this:
        this.process.communicate(timeout=PATIENCE)
        assert this.process.returncode == 1
        assert this.errors() == (
            "error: The server needs Starlette and Uvicorn, which are not installed: pip install 'pix2pix_tf[serve]'.\n"
        )


# Ending


@pytest.mark.slow
def test_a_request_in_flight_is_finished_when_the_server_is_told_to_stop(exports):
    with serving(exports.first.parent, "--model_name=other.name") as server:
        address = server.url.removeprefix("http://")
        idle = http.client.HTTPConnection(address)
        idle.request("GET", "/v1/models/other.name")
        assert idle.getresponse().read()

        def body():
            yield ONE[:10]
            time.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            yield ONE[10:]

        response = requests.post(f"{server.url}/v1/models/other.name:predict", data=body(), timeout=PATIENCE)
        assert response.status_code == 200
        output, _ = server.process.communicate(timeout=PATIENCE)
        assert (server.process.returncode, output) == (0, "stopped\n")
        assert server.errors() == ""


@pytest.mark.slow
def test_a_prediction_over_grpc_is_finished_after_ctrl_c(exports):
    with serving(exports.first.parent) as server:
        large, outputs = smooth_image(800, 800), []
        before = processor_seconds(server.process)
        asking = threading.Thread(
            target=lambda: outputs.append(server.ask_grpc("serving_default", {"image_bytes": [encoded(large)]}))
        )
        asking.start()
        wait_until(lambda: processor_seconds(server.process) > before + 0.1)
        server.process.send_signal(signal.SIGINT)
        asking.join()
        assert_same(decoded(outputs[0]["image_bytes"][0]), exports.translators[0](large))
        output, _ = server.process.communicate(timeout=PATIENCE)
        assert (server.process.returncode, output) == (0, "stopped\n")
        assert server.errors() == ""


@pytest.mark.slow
def test_a_request_that_never_comes_does_not_keep_the_server(exports):
    with serving(exports.first.parent) as server:
        with socket.create_connection(server.url.removeprefix("http://").split(":")) as connection:
            connection.sendall(
                b"POST /v1/models/pix2pix:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
            )
            time.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 503
            assert json.load(response) == {"error": "the server was stopped before the request was done"}
        server.process.communicate(timeout=PATIENCE)
        assert server.process.returncode == 0
        assert "Traceback" not in server.errors()


# Publishing


@pytest.mark.slow
def test_versions_come_and_go_while_it_runs(exports, tmp_path):
    """One server through it all: a new version, a damaged one, the removal of both."""
    image = smooth_image()[None]
    exports.publish(exports.first, tmp_path, 1)
    expected = [translator(image) for translator in exports.translators]
    with serving(tmp_path) as server:
        assert_same(server.ask_rest("translate", {"image": image})["image"], expected[0])

        exports.publish(exports.second, tmp_path, 2)
        assert server.process.stdout.readline() == "version 2 is served now\n"
        assert_same(server.ask_rest("translate", {"image": image})["image"], expected[1])
        assert_same(server.ask_grpc("translate", {"image": image}, version=2)["image"], expected[1])
        with pytest.raises(Refusal, match="404: version 1 of pix2pix is not served; version 2 is"):
            server.ask_grpc("translate", {"image": image}, version=1)
        assert server.status_grpc() == {1: "END", 2: "AVAILABLE"}

        shutil.rmtree(tmp_path / "1")
        (tmp_path / "3").mkdir()
        wait_until(lambda: "version 3" in server.errors())
        assert re.fullmatch(r"version 3 in .* cannot be loaded \(.*\); version 2 is still served\n", server.errors())
        assert_same(server.ask_rest("translate", {"image": image})["image"], expected[1])
        error = server.get("/v1/models/pix2pix/versions/3").json()["model_version_status"][0]
        assert (error["state"], error["status"]["error_code"]) == ("END", "UNKNOWN")

        (tmp_path / "3").rmdir()
        shutil.rmtree(tmp_path / "2")
        time.sleep(1.5)
        assert_same(server.ask_rest("translate", {"image": image})["image"], expected[1])
        assert server.is_ready()


@pytest.mark.slow
def test_versions_that_were_replaced_return_their_memory(exports, tmp_path):
    """Seen: 5 MB more after three versions. One that stayed would be 100 MB."""
    image = smooth_image()[None]
    exports.publish(exports.first, tmp_path, 1)
    with serving(tmp_path) as server:
        sizes = []
        for number in range(2, 6):
            exports.publish(exports.first, tmp_path, number)
            assert server.process.stdout.readline() == f"version {number} is served now\n"
            server.ask_grpc("translate", {"image": image})
            sizes.append(server.rss())
        assert sizes[-1] - sizes[0] < 60e6

"""An export in memory: what it returns, what it refuses, and that its memory returns."""

import gc
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from serving_process import assert_same, smooth_image

from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.saved_model import WARMUP_FILE, SavedModel, check_names

pytest_plugins = "serving_exports"

IMAGE = smooth_image()[None]


@pytest.fixture(scope="module")
def model(exports):
    """The first export."""
    return SavedModel(str(exports.first))


def test_its_signatures_are_those_of_the_export(model):
    assert {"serving_default", "translate", "sample"} <= set(model.signatures.signature_def)
    assert model.signature("") == model.signature("serving_default")
    assert set(model.signature("sample").inputs) == {"image", "seed"}


def test_its_folder_may_have_any_name(exports, tmp_path):
    folder = tmp_path / os.fsdecode(b"of \xff") / "copy [1]*"
    shutil.copytree(exports.first, folder)
    model = SavedModel(str(folder))
    assert "translate" in model.signatures.signature_def
    model.close()


def test_it_answers_as_the_run_does(model, exports):
    (output,) = model.predict("translate", {"image": IMAGE})["image"]
    assert_same(output, exports.translators[0](smooth_image()))


@pytest.mark.parametrize(
    ("signature", "inputs", "code", "sentence"),
    [
        (
            "paint",
            {},
            "FAILED_PRECONDITION",
            "signature 'paint' does not exist; the model has sample, serving_default, ",
        ),
        ("__saved_model_init_op", {}, "FAILED_PRECONDITION", "signature '__saved_model_init_op' does not exist"),
        (
            "translate",
            {"image": IMAGE.astype(np.float32)},
            "INVALID_ARGUMENT",
            "image must be uint8 of shape [?, ?, ?, ?]. Received: float32 of shape [1, 32, 32, 3].",
        ),
        (
            "sample",
            {"image": IMAGE, "seed": np.zeros(3, np.int32)},
            "INVALID_ARGUMENT",
            "seed must be int32 of shape [2]. Received: int32 of shape [3].",
        ),
        (
            "serving_default",
            {"image_bytes": np.array([b"hello"], object)},
            "INVALID_ARGUMENT",
            "image_bytes is not an image in JPEG, PNG, BMP or WebP",
        ),
        (
            "serving_default",
            {"image_bytes": np.array([b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IHDR" + b"\0\0\0\1" * 2], object)},
            "INVALID_ARGUMENT",
            "Invalid PNG. Failed to initialize decoder.",
        ),
        (
            "translate",
            {"image": IMAGE[:, :0]},
            "INVALID_ARGUMENT",
            "the image is 0x32 (height x width); from 1 to 16000000 pixels are ",
        ),
    ],
)
def test_what_it_refuses_and_the_whole_of_what_it_says(model, signature, inputs, code, sentence):
    with pytest.raises(Refused) as refused:
        model.predict(signature, inputs)
    assert refused.value.code.name == code
    assert refused.value.sentence.startswith(sentence)
    assert "\n" not in refused.value.sentence
    assert "node" not in refused.value.sentence


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["image"], "input 'seed' is missing; the signature takes image, seed"),
        (["image", "seed", "size"], "input 'size' is unknown; the signature takes image, seed"),
    ],
)
def test_names_that_do_not_fit(model, names, sentence):
    with pytest.raises(Refused) as refused:
        check_names(names, model.signature("sample"))
    assert (refused.value.code.name, refused.value.sentence) == ("INVALID_ARGUMENT", sentence)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), "UNAVAILABLE"),
        (tf.errors.InternalError(None, None, "Graph execution error:\n\nit failed\n\t [[node]]"), "INTERNAL"),
    ],
)
def test_failures_that_are_not_the_requests_fault(model, monkeypatch, error, code):
    def fail(*_):
        raise error

    monkeypatch.setattr(model, "_session", type("Session", (), {"run": fail}))
    with pytest.raises(Refused, match=r"there is not enough memory|^it failed$") as refused:
        model.predict("translate", {"image": IMAGE})
    assert refused.value.code.name == code


def test_warm_up_records_are_answered_before_anything_else(exports, tmp_path):
    wrong = shutil.copytree(exports.first, tmp_path / "1")
    (wrong / WARMUP_FILE).write_bytes(b"no record" * 10)
    with pytest.raises(tf.errors.DataLossError):
        SavedModel(str(wrong))
    (wrong / WARMUP_FILE).unlink()
    SavedModel(str(wrong)).close()


def test_a_damaged_export_is_an_error_not_the_end(exports, tmp_path):
    damaged = shutil.copytree(exports.first, tmp_path / "1")
    (weights,) = damaged.glob("variables/*.data*")
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(tf.errors.OpError):
        SavedModel(str(damaged))
    with pytest.raises(OSError, match="does not exist"):
        SavedModel(str(tmp_path / "nowhere"))


def memory():
    """The bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_a_closed_model_returns_its_memory(exports):
    """Seen: 110 MB a model, of which less than 1 MB stays. Three that stayed would be 330 MB."""

    def load_and_close():
        model = SavedModel(str(exports.first))
        model.predict("translate", {"image": IMAGE})
        held = memory()
        model.close()
        return held

    load_and_close()
    gc.collect()
    before = memory()
    held = max(load_and_close() for _ in range(3))
    assert held - before > 30e6
    assert memory() - before < 30e6

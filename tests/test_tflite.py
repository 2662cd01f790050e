"""TFLite files: what TensorFlow's own interpreter computes with them is what the run computes."""

import os

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, Translator, UserError, build_generator
from pix2pix_tf.exporting import tflite
from pix2pix_tf.exporting.tflite import export_tflite


def make_translator(**changes):
    """An untrained network whose weights are large enough to make something of its input."""
    config = Config(**{"image_size": 64, "base_filters": 4, **changes})
    generator = build_generator(config, image_size=(None, None))
    for variable in generator.variables:
        variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    return Translator(config, generator, 7)


@pytest.fixture
def run(monkeypatch):
    """run(task="colorize"): "RUN" is the run directory of this network, which is returned."""

    def run(**changes):
        translator = make_translator(**changes)
        monkeypatch.setattr(Translator, "load", lambda *_, **__: translator)
        return translator

    return run


def interpret(path, image):
    """What the interpreter with its usual kernels makes of a uint8 image [H, W, 3]."""
    interpreter = tf.lite.Interpreter(path)
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (given["dtype"], made["dtype"]) == (np.uint8, np.uint8)
    interpreter.set_tensor(given["index"], image[None])
    interpreter.invoke()
    return interpreter.get_tensor(made["index"])[0]


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize(
    ("changes", "size", "name"),
    [
        ({"task": "colorize", "norm": "instance"}, "37x53", "translate-37x53-step-7.tflite"),
        pytest.param({}, "", "translate-64x64-step-7.tflite", marks=pytest.mark.slow),
        pytest.param(
            {"task": "inpaint", "generator": "encoder_decoder", "norm": "none"},
            96,
            "translate-96x96-step-7.tflite",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"task": "colorize_rgb", "inference_statistics": "batch"},
            "",
            "translate-64x64-step-7.tflite",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_outputs_are_those_of_the_run_to_one_level(run, tmp_path, changes, size, name):
    translator = run(**changes)
    path = export_tflite("RUN", str(tmp_path / "new"), size)
    assert path == str(tmp_path / "new" / name)
    shape = [int(side) for side in name.split("-")[1].split("x")]
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = translator(image).astype(int)
    assert expected.std() > 20
    assert np.abs(interpret(path, image) - expected).max() <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_a_run_in_bfloat16_is_exported_in_float32(run, tmp_path):
    translator = run(precision="bfloat16")
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    output = interpret(export_tflite("RUN", str(tmp_path)), image)
    exact = make_translator()
    exact.generator.set_weights(translator.generator.get_weights())
    assert np.abs(output - exact(image).astype(int)).max() <= 1


def test_nothing_is_overwritten(run, tmp_path):
    run()
    path = tmp_path / "translate-64x64-step-7.tflite"
    path.write_text("mine")
    with pytest.raises(UserError, match=r"step-7\.tflite exists already; remove it, or give another --export_dir"):
        export_tflite("RUN", str(tmp_path))
    assert path.read_text() == "mine"


def test_a_file_with_other_outputs_is_not_written(run, tmp_path, monkeypatch):
    translator = run()
    monkeypatch.setattr(tflite, "_convert", lambda *_: convert_negative())
    with pytest.raises(UserError, match=r"the TFLite file differs from the run's generator by up to \d+"):
        export_tflite("RUN", str(tmp_path / "new"), translator.config.image_size)
    assert not os.path.exists(tmp_path / "new")


def convert_negative():
    """A TFLite file that inverts its input."""

    @tf.function(input_signature=[tf.TensorSpec([1, 64, 64, 3], tf.uint8)], autograph=False)
    def function(image):
        return tf.cast(255 - tf.cast(image, tf.int32), tf.uint8)

    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], function).convert()


@pytest.mark.parametrize("size", ["0", "64x", "big", "64x64x3"])
def test_a_size_that_is_none_is_refused(run, tmp_path, size):
    run()
    with pytest.raises(UserError, match="size must be a size like 256 or 256x512"):
        export_tflite("RUN", str(tmp_path), size)


def test_a_size_above_twice_the_training_size_is_refused(run, tmp_path):
    """There, the run scales the image that the network sees."""
    run()
    with pytest.raises(UserError, match=r"size must be at most 128x128, twice the training size\. Received: 128x129\."):
        export_tflite("RUN", str(tmp_path), "128x129")

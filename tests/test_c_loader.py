"""An export without Python: a C program loads it through TensorFlow's C API, as servers and other languages do."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from pix2pix_tf import Config, Translator, build_generator
from pix2pix_tf.exporting import signatures

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).with_name("load_model.c")
SIZE = (37, 53)
IMAGE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """tests/load_model.c, compiled against the headers and libraries of the pip package."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("needs a C compiler: cc, gcc or clang")
    path, libraries = tmp_path_factory.mktemp("program") / "load_model", tf.sysconfig.get_lib()
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", str(SOURCE), "-o", str(path)]
    command += [f"-I{tf.sysconfig.get_include()}", f"-L{libraries}", f"-Wl,-rpath,{libraries}"]
    command += ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"]
    compiled = subprocess.run(command, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    return path


def write_export(folder, **fields):
    """An untrained Translator whose weights are large enough to make something of its input, and its export."""
    config = Config(image_size=32, base_filters=4, **fields)
    generator = build_generator(config, image_size=(None, None))
    for variable in generator.variables:
        variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    signatures.save(config, generator, 10_000, str(folder))
    return Translator(config, generator), folder


@pytest.fixture(scope="module", params=["translate", "colorize"])
def exported(request, tmp_path_factory):
    return write_export(tmp_path_factory.mktemp("exported"), task=request.param)


def tensors(export, signature):
    """The names of the graph's tensors that are the only input and the only output of a signature."""
    saved = saved_model_pb2.SavedModel.FromString((export / "saved_model.pb").read_bytes())
    definition = saved.meta_graphs[0].signature_def[signature]
    (source,), (output,) = definition.inputs.values(), definition.outputs.values()
    return [source.name, output.name]


def run(program, export, folder, names=None, image=IMAGE):
    """Translates an image, as a file and as pixels → the exit status, the errors and the paths of both outputs."""
    by_file, by_pixels = names or [tensors(export, name) for name in ("serving_default", "translate")]
    if image.shape[-1] == 3:
        Image.fromarray(image).save(folder / "in.png")
    else:
        by_file = ["", ""]
    (folder / "in.rgb").write_bytes(image.tobytes())
    outputs = folder / "out.png", folder / "out.rgb"
    command = [program, export, *by_file, folder / "in.png", outputs[0], *by_pixels, folder / "in.rgb", outputs[1]]
    # Only what the program is given: no Python, and no variable that would help it to find the libraries.
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command += [*map(str, image.shape), image.dtype.name]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stderr, *outputs


def assert_same(output, expected):
    distance = np.abs(output.astype(int) - expected.astype(int))
    assert distance.max() <= 1
    assert np.mean(distance == 0) >= 0.999


def test_the_outputs_are_those_of_the_run(program, exported, tmp_path):
    translator, export = exported
    status, errors, file, pixels = run(program, export, tmp_path)
    assert status == 0, errors
    expected = translator(IMAGE)
    assert np.std(expected) > 20
    with Image.open(file) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert_same(np.asarray(image), expected)
    assert_same(np.frombuffer(pixels.read_bytes(), np.uint8).reshape(IMAGE.shape), expected)


def test_sixteen_bits_and_five_bands_of_floats(program, tmp_path):
    translator, export = write_export(tmp_path / "depth", output_channels=1, output_dtype="uint16")
    status, errors, file, pixels = run(program, export, tmp_path)
    assert status == 0, errors
    expected = translator(IMAGE)
    assert len(np.unique(expected)) > 1000
    for output in (
        tf.io.decode_png(file.read_bytes(), dtype=tf.uint16).numpy(),
        np.frombuffer(pixels.read_bytes(), np.uint16).reshape(expected.shape),
    ):
        assert np.abs(output.astype(int) - expected).max() <= 20  # of 65535

    kind = {"input_channels": 5, "input_dtype": "float32", "input_range": (0, 2)}
    translator, export = write_export(tmp_path / "bands", output_dtype="float32", output_range=(-20, 60), **kind)
    image = np.random.default_rng(1).uniform(0, 2, (*SIZE, 5)).astype(np.float32)
    status, errors, _, pixels = run(program, export, tmp_path, image=image)
    assert status == 0, errors
    output = np.frombuffer(pixels.read_bytes(), np.float32).reshape(*SIZE, 3)
    assert np.ptp(output) > 20
    np.testing.assert_allclose(output, translator(image), atol=0.01)


def test_a_damaged_export_is_an_error_of_tensorflow(program, exported, tmp_path):
    _, export = exported
    damaged = shutil.copytree(export, tmp_path / "damaged")
    content = (damaged / "saved_model.pb").read_bytes()
    (damaged / "saved_model.pb").write_bytes(content[: len(content) // 2])
    names = [tensors(export, name) for name in ("serving_default", "translate")]
    status, errors, file, pixels = run(program, damaged, tmp_path, names)
    assert status == 1
    assert errors.endswith(f"{damaged}: Read less bytes than requested\n")
    assert not file.exists() and not pixels.exists()

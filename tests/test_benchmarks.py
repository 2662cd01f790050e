"""The benchmarks: the arithmetic that they count, that their peers are the same networks, and that they run quietly."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pix2pix_tf import Config, build_discriminator, build_generator
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.palettes import palette_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def load(name):
    specification = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_arithmetic_of_the_networks_by_hand():
    """Width 1 at 32x32, counted with a pencil: 2 x 16 x channels in x channels out x pixels."""
    config = Config(image_size=32, base_filters=1)
    encoder = 3 * 1 * 256 + 1 * 2 * 64 + 2 * 4 * 16 + 4 * 8 * 4 + 8 * 8 * 1
    decoder = 8 * 8 * 1 + 16 * 4 * 4 + 8 * 2 * 16 + 4 * 1 * 64 + 2 * 3 * 256
    judge = 6 * 1 * 256 + 1 * 2 * 64 + 2 * 4 * 16 + 4 * 8 * 9 + 8 * 1 * 4
    devices = load("devices")
    generator, discriminator = build_generator(config), build_discriminator(config)
    assert devices.flops(generator) == 32 * (encoder + decoder)
    assert devices.flops(discriminator) == 32 * judge
    assert devices.step_flops(generator, discriminator) == 32 * (3 * (encoder + decoder) + 8 * judge)


def test_pytorchs_networks_are_the_same():
    pytorch_step = load("pytorch_step")
    config = Config(image_size=64, base_filters=2)
    for peer, network in ((pytorch_step.unet, build_generator), (pytorch_step.patch_gan, build_discriminator)):
        shapes = sorted(sorted(parameter.shape) for parameter in peer(config).parameters())
        assert shapes == sorted(sorted(variable.shape) for variable in network(config).trainable_variables)


def test_pytorchs_step_trains_both_networks():
    pytorch_step = load("pytorch_step")
    batch = np.random.default_rng(0).uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32)
    step = pytorch_step.train_step(Config(image_size=32, base_filters=2, learning_rate=0.01), "float32")
    losses = [float(step(*batch)["g_l1"]) for _ in range(15)]
    assert losses[-1] < 0.95 * losses[0]


QUIET = """
import runpy, sys
from absl import flags
sys.modules["tensorflow"] = sys.modules["keras"] = None
for path in sys.argv[1:]:
    assert "cli.run(main)" in open(path).read(), path
    runpy.run_path(path)
    flags.FLAGS.remove_flag_values(list(flags.FLAGS))
"""


def test_tensorflow_is_started_quietly():
    """By `cli.run`, so that no script brings it in before: its first lines cannot be turned off."""
    scripts = [path for path in sorted(BENCHMARKS.glob("*.py")) if "__main__" in path.read_text()]
    assert len(scripts) >= 10
    done = subprocess.run([sys.executable, "-c", QUIET, *scripts], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def run(name, *arguments):
    command = [sys.executable, BENCHMARKS / f"{name}.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.slow
def test_train_step_names_the_device_and_prints_a_row_for_each_kind():
    tiny = ("--image_size=32", "--base_filters=2", "--rounds=2", "--block=2", "--precision=float32")
    lines = run("train_step", *tiny)
    assert lines[0].startswith(("CPU: ", "GPU: ")) and lines[1].startswith("matrix products: float32 ")
    assert lines[-3].split() == ["step", "seconds", "quartiles", "images/s", "x", "stock", "TFLOP/s", "share"]
    assert [line[:20].strip() for line in lines[-2:]] == ["stock Keras, float32", "pix2pix_tf, float32"]
    assert sum(line.startswith("round ") for line in lines) == 2


@pytest.mark.slow
def test_inference_prints_a_row_for_each_call():
    lines = run("inference", "--quick", "--tasks=translate")
    assert [line[12:35].strip() for line in lines[3:]] == [
        "stock Keras",
        "stock Keras, averages",
        "network alone",
        "generator",
        *(f"export, {count} a request" for count in (1, 4, 16)),
    ]


@pytest.mark.slow
def test_scaling_prints_a_row_for_each_strategy():
    lines = run("scaling", "--image_size=32", "--base_filters=2", "--steps=4", "--devices=2")
    rows = [["none", "1", "1"], ["mirrored", "2", "2"], ["multi_worker", "2", "2"]]
    assert [line.split()[:3] for line in lines[2:]] == rows


@pytest.mark.slow
def test_profile_step_finds_the_operations_of_a_step():
    _, _, *rows = run("profile_step", "--image_size=32", "--base_filters=1", "--steps=1")
    shares = {row[:32].strip(): float(row.split()[-1].rstrip("%")) for row in rows}
    assert {"convolutions", "norm", "Adam", "activations"} <= shares.keys()
    assert sum(shares.values()) == pytest.approx(100, abs=0.5)


@pytest.mark.slow
def test_upsampling_prints_a_row_for_each_run(toy_facades, tmp_path):
    (tmp_path / "fcn").mkdir()
    held_out = {"per_pixel": 0.5, "per_class": 0.25, "iou": 0.125}
    Classifier(palette_of("toy_facades"), width=1, norm=True, held_out=held_out).save(
        str(tmp_path / "fcn"), size=64, steps=1
    )
    small = ("--steps=4", "--seed=3", "--image_size=64", "--base_filters=2")
    command = [sys.executable, BENCHMARKS / "upsampling.py", f"--workdir={tmp_path}", *small]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    _, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    kinds = [["transposed", "3", "1"], ["transposed", "3", "4"], ["resize", "3", "1"], ["resize", "3", "4"]]
    assert [row[:3] for row in rows] == [*kinds, ["real photos", "", ""]]
    grids = {row[0]: float(row[7]) for row in rows}
    assert grids["transposed"] > 10 * grids["resize"]

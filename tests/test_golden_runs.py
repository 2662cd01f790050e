"""Runs and exports of earlier versions, stored with their outputs: today's code gives the same images."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_tf import Translator

GOLDEN = Path(__file__).parent / "golden_runs"
RUNS = ["batch", "instance", "colorize", "bfloat16"]
EXPORTS = ["batch", "colorize"]
SEED = [3, 5]
# The largest and the mean difference in levels of 255. Float32 rounds to the next level at most. Bfloat16 has 8 bits
# for a value between two layers, and CPUs sum such values in different orders.
BOUNDS = {"bfloat16": (4, 0.2)}
FLOAT32 = (1, 0.02)


def read(run, name):
    return np.asarray(Image.open(GOLDEN / run / name))


def assert_same(run, output, name):
    largest, mean = BOUNDS.get(run, FLOAT32)
    differences = np.abs(np.subtract(output, read(run, name), dtype=int))
    assert differences.max() <= largest
    assert differences.mean() <= mean


@pytest.mark.parametrize("run", RUNS)
def test_a_run_gives_the_recorded_images(run):
    translator = Translator.load(str(GOLDEN / run))
    assert translator.step == 20
    source = read(run, "input.png")
    assert_same(run, translator(source), "output.png")
    assert_same(run, translator(source, seed=SEED), "output_seed_3_5.png")
    # The bounds tell one recorded image from the other.
    assert np.abs(np.subtract(translator(source), read(run, "output_seed_3_5.png"), dtype=int)).mean() > 1


@pytest.mark.parametrize("run", EXPORTS)
def test_an_export_gives_the_recorded_images_in_plain_tensorflow(run, tmp_path):
    with tarfile.open(GOLDEN / run / "export.tar.xz") as archive:
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.3 and older have none.
        archive.extractall(tmp_path, **safely)
    signatures = tf.saved_model.load(str(tmp_path)).signatures
    source = tf.constant(read(run, "input.png")[None])
    assert_same(run, signatures["translate"](image=source)["image"][0], "output.png")
    noisy = signatures["sample"](image=source, seed=tf.constant(SEED))["image"][0]
    assert_same(run, noisy, "output_seed_3_5.png")
    assert json.loads((tmp_path / "assets.extra" / "model_card.json").read_text())["step"] == 20

"""The numbers of `pix2pix_tf.tools.evaluate`, against ones computed by hand."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config
from pix2pix_tf.data.sources import Split
from pix2pix_tf.evaluation import evaluate
from pix2pix_tf.evaluation.colors import color_report, histogram_intersection
from pix2pix_tf.evaluation.quality import mean_target, quality_table
from pix2pix_tf.training.loop import train


def flat(value, size=32):
    return np.full((size, size, 3), value, np.float32)


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 3)):
        (tmp_path / "photos" / split).mkdir(parents=True)
        for i in range(count):
            smooth = np.asarray(Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8)).resize((32, 32)))
            Image.fromarray(smooth).save(tmp_path / "photos" / split / f"{i}.png")
    return str(tmp_path / "photos")


def test_histogram_intersection_by_hand():
    assert histogram_intersection(np.array([0, 0, 5, 5]), np.array([0, 5, 5, 9])) == pytest.approx(0.75)
    assert histogram_intersection(np.zeros(7), np.zeros(7)) == 1.0
    assert histogram_intersection(np.array([-300.0]), np.array([-110.0])) == 1.0


def test_a_perfect_colorization_has_no_error_and_full_intersection():
    picture = np.random.default_rng(1).uniform(-1, 1, (32, 32, 3)).astype(np.float32)
    report = color_report([picture], [picture], [np.arange(1024).reshape(32, 32) < 256])
    assert report["median_lightness_error"] == 0.0
    assert report["a_intersection"] == report["b_intersection"] == 1.0
    assert report["a_intersection_grey"] < 0.1
    assert report["clipped_to_gamut"] == 0.25


def test_a_grey_answer_scores_as_the_grey_baseline():
    picture = np.random.default_rng(1).uniform(-1, 1, (32, 32, 3)).astype(np.float32)
    report = color_report([flat(0.0)], [picture])
    assert report["a_intersection"] == report["a_intersection_grey"]
    assert "clipped_to_gamut" not in report


def test_quality_table_shuffles_answers_and_knows_the_mean_image():
    values = (-0.5, 0.1, 0.6)
    pictures = [flat(value) for value in values]
    table = quality_table(pictures, pictures, flat(0.0))
    assert table["its own input"]["l1"] == 0.0
    assert table["the input of another picture"]["l1"] == pytest.approx((0.6 + 0.5 + 1.1) / 3, abs=1e-6)
    assert table["mean training image"]["l1"] == pytest.approx((0.5 + 0.1 + 0.6) / 3, abs=1e-6)


def test_mean_target_takes_the_target_side():
    pairs = [(np.full((32, 32, 3), a, np.uint8), np.full((32, 32, 3), 255, np.uint8)) for a in (0, 51)]
    split = Split(["x", "y"], pairs.__getitem__)
    mean = mean_target(split, Config(image_size=32, direction="b_to_a"))
    np.testing.assert_allclose(mean, flat(25.5 / 127.5 - 1), atol=1e-6)


def test_evaluate_measures_a_run(photos, tmp_path):
    config = Config(data_dir=photos, layout="photos", task="colorize", image_size=32, base_filters=2, steps=1)
    workdir = str(tmp_path / "run")
    train(config, workdir)
    quiet, noisy = evaluate(workdir), evaluate(workdir, noise_seed=0)
    assert quiet == evaluate(workdir)
    assert (quiet["step"], quiet["pairs"], quiet["noise"], noisy["noise"]) == (1, 3, False, True)
    assert quiet["quality"]["its own input"] != noisy["quality"]["its own input"]
    assert quiet["quality"]["its own input"]["l1"] < quiet["quality"]["the input of another picture"]["l1"]
    assert quiet["color"]["median_lightness_error"] < 0.5


def test_the_command_writes_json_and_prints_the_table(photos, tmp_path):
    config = Config(data_dir=photos, task="inpaint", image_size=32, base_filters=2, steps=1)
    workdir = tmp_path / "run"
    train(config, str(workdir))
    command = [sys.executable, "-m", "pix2pix_tf.tools.evaluate", f"--workdir={workdir}", "--nonoise"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads((workdir / "evaluation.json").read_text())
    assert f"| its own input | {results['quality']['its own input']['l1']:.4f} |" in run.stdout
    assert run.stderr == ""


def test_a_folder_that_is_no_run_is_refused_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "pix2pix_tf.tools.evaluate", f"--workdir={tmp_path}"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert (
        run.stderr
        == f"error: {tmp_path} holds no config.json, so it is no run directory; give one that train.py made.\n"
    )

"""A run of other images than RGB from file to file: five float bands to one, and RGB to a depth of 16 bits."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from array_pairs import band_config, write_band_pairs, write_depth_pairs
from PIL import Image
from untrained_runs import write_run

from pix2pix_tf import build_generator
from pix2pix_tf.data import found_sides
from pix2pix_tf.runs import load_config, read_metrics
from pix2pix_tf.training.checkpoints import load_generator, path_of
from pix2pix_tf.training.loop import train


@pytest.fixture(scope="module")
def band_run(tmp_path_factory):
    """A trained run of five float bands to one, and its data; nobody writes to them."""
    root = tmp_path_factory.mktemp("bands")
    write_band_pairs(root / "data")
    write_band_pairs(root / "data", range(6, 8), "val")
    config = band_config(str(root / "data"), deterministic=True, sample_every=2, save_every=2)
    train(config, str(root / "run"))
    return root


@pytest.fixture(scope="module")
def depth_run(tmp_path_factory):
    """An untrained run of RGB to a depth of 16 bits, and its data."""
    root = tmp_path_factory.mktemp("depth")
    config = found_sides.settled(band_config(write_depth_pairs(root / "data")))
    write_run(str(root / "run"), config)
    return root


def test_the_settings_hold_what_was_found_as_numbers(band_run, depth_run):
    config = json.loads((band_run / "run" / "config.json").read_text())
    assert (config["input_channels"], config["input_dtype"], config["output_format"]) == (5, "float32", "tiff")
    assert all(isinstance(limit, float) for limit in config["input_range"] + config["output_range"])
    config = load_config(str(depth_run / "run"))
    assert (config.output_channels, config.output_dtype, config.output_range) == (1, "uint16", (0.0, 65535.0))


def test_units_are_recorded_and_samples_have_a_bar(band_run):
    records = [record for record in read_metrics(str(band_run / "run")) if "val_l1" in record]
    low, high = load_config(str(band_run / "run")).output_range
    for record in records:
        assert record["val_l1_units"] == pytest.approx(record["val_l1"] * (high - low) / 2, rel=1e-5)
        assert record["val_rmse_units"] >= record["val_l1_units"]
    grid = np.asarray(Image.open(band_run / "run" / "samples" / "step_00000004.png"))
    assert grid.shape == (18 + 2 * 36 + 36, 3 * 36 - 4, 3)
    images = grid[18 : 18 + 32]
    assert np.ptp(images[:, :32], axis=-1).max() > 20  # Three bands as RGB.
    assert np.ptp(images[:, 36:], axis=-1).max() == 0


@pytest.mark.slow
def test_a_run_resumes_bit_for_bit(band_run, tmp_path):
    shutil.copytree(band_run / "run", tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*-4*"):
        path.unlink()
    train(band_config(str(band_run / "data"), deterministic=True, sample_every=2, save_every=2), str(tmp_path / "run"))
    assert read_metrics(str(tmp_path / "run"))[-1]["step"] == 4
    weights = []
    for run in (band_run / "run", tmp_path / "run"):
        generator = build_generator(load_config(str(run)))
        assert load_generator(generator, path_of(str(run), "latest")) == 4
        weights.append(generator.get_weights())
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))
    assert Path(band_run / "run" / "config.json").read_text() == (tmp_path / "run" / "config.json").read_text()

"""The running average of the generator's weights: its numbers, where it is used, and who may choose."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, Translator, UserError, build_generator, exporting
from pix2pix_tf.data.pipeline import fixed_pairs
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.evaluation import evaluate
from pix2pix_tf.exporting import publication, tflite
from pix2pix_tf.folder_translation import models
from pix2pix_tf.runs import load_config
from pix2pix_tf.training import checkpoints
from pix2pix_tf.training.ema import update_averages
from pix2pix_tf.training.initialization import initialize
from pix2pix_tf.training.loop import train
from pix2pix_tf.training.publishing import publish
from pix2pix_tf.training.state import new_networks

SMALL = {"image_size": 32, "base_filters": 2, "receptive_field": 16, "batch_size": 2}


@pytest.fixture(scope="module")
def run(textured_pairs, tmp_path_factory):
    """A run of 3 steps with an average, all of whose checkpoints are kept; nobody writes to it."""
    workdir = str(tmp_path_factory.mktemp("ema"))
    config = Config(data_dir=textured_pairs, steps=3, ema=0.2, gan_weight=0.0, learning_rate=0.05, **SMALL)
    train(config.replace(save_every=1, eval_every=3), workdir)
    return workdir


def weights(run, which, checkpoint="latest"):
    return [value.numpy() for value in Translator.load(run, checkpoint, weights=which).generator.weights]


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("updates", "expected"), [(0, 2.8), (2, 2.5), (10**6, 1.2)])
def test_the_first_weights_are_forgotten_soon(updates, expected):
    average, variable = tf.Variable([1.0]), tf.Variable([3.0])
    update_averages([average], [variable], 0.9, tf.constant(updates, tf.int64))
    np.testing.assert_allclose(average, [expected], rtol=1e-6)


def test_the_average_is_that_of_the_weights_of_all_steps(run):
    average = build_generator(Config(**SMALL)).get_weights()
    for step in (1, 2, 3):
        decay = min(0.2, (1 + step) / (10 + step))
        raw = weights(run, "raw", f"step-{step}")
        average = [decay * old + (1 - decay) * new for old, new in zip(average, raw, strict=True)]
        for ours, theirs in zip(weights(run, "ema", f"step-{step}"), average, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert max(np.abs(a - b).max() for a, b in zip(average, raw, strict=True)) > 1e-3


def test_validation_and_all_who_do_not_choose_take_it(run):
    assert_equal(weights(run, "auto"), weights(run, "ema"))
    assert_equal(weights(run, "ema", "best"), weights(run, "ema"))
    assert_equal(weights(run, "raw", "best"), weights(run, "raw"))
    with open(f"{run}/metrics.jsonl") as file:
        val_l1 = json.loads(file.read().splitlines()[-1])["val_l1"]
    pairs = fixed_pairs(open_source(load_config(run)).val, load_config(run), 2)
    l1 = {
        which: np.mean([np.abs(Translator.load(run, weights=which).predict(a[None])[0] - b) for a, b in pairs])
        for which in ("ema", "raw")
    }
    assert l1["ema"] == pytest.approx(val_l1, rel=1e-5)
    assert l1["raw"] != pytest.approx(val_l1, rel=1e-4)


@pytest.mark.parametrize(
    ("module", "call"),
    [
        (publication, lambda run, out: exporting.export(run, out, weights="raw")),
        (tflite, lambda run, out: tflite.export_tflite(run, out, weights="raw")),
        (evaluate, lambda run, out: evaluate.evaluate(evaluate.Settings(run, weights="raw"))),
        (models, lambda run, out: models.open_run(run, weights="raw")),
    ],
)
def test_they_may_choose(run, tmp_path, monkeypatch, module, call):
    class Loaded(Exception):
        pass

    def load(run, checkpoint, size="auto", weights="auto", compile="none"):
        raise Loaded(weights)

    monkeypatch.setattr(module.Translator, "load", load)
    with pytest.raises(Loaded, match="raw"):
        call(run, str(tmp_path / "out"))


def test_it_is_published_and_new_runs_start_with_it(run, tmp_path, textured_pairs):
    publish(run, str(tmp_path / "published"))
    for which in ("ema", "raw"):
        half = [value.astype(np.float16) for value in weights(run, which)]
        assert_equal(weights(str(tmp_path / "published"), which), half)
    config = Config(data_dir=textured_pairs, ema=0.9, gan_weight=0.0, init_from=run, **SMALL)
    networks = new_networks(config)
    initialize(config, networks)
    assert_equal(networks["ema"].get_weights(), weights(run, "ema"))
    assert_equal(networks["generator"].get_weights(), weights(run, "raw"))


def test_a_run_without_one(untrained_run, textured_pairs):
    run = untrained_run(data_dir=textured_pairs)
    assert_equal(weights(run, "auto"), weights(run, "raw"))
    with pytest.raises(
        UserError, match=r"holds no average of its weights; train with --ema=0.999, or take weights=raw"
    ):
        Translator.load(run, weights="ema")
    with pytest.raises(UserError, match=r"^weights must be auto, ema, raw. Received: 'best'.$"):
        checkpoints.load_generator(None, "", "best")
    config = Config(ema=0.9, gan_weight=0.0, init_from=run, **SMALL | {"seed": 5})
    networks = new_networks(config)
    initialize(config, networks)
    assert_equal(networks["ema"].get_weights(), weights(run, "raw"))


@pytest.mark.parametrize("which", ["ema", "raw"])
def test_a_card_says_which_weights_are_exported(run, tmp_path, monkeypatch, which):
    monkeypatch.setattr(publication.signatures, "save", lambda *_: None)
    monkeypatch.setattr(
        publication.recording, "record_requests", lambda translator, folder: os.mkdir(f"{folder}/assets.extra")
    )
    monkeypatch.setattr(publication, "_check", lambda *_: [{"signature": "x", "equal": 1.0, "largest": 0}])
    folder = exporting.export(run, str(tmp_path), weights=which)
    with open(f"{folder}/assets.extra/model_card.json") as file:
        assert json.load(file)["weights"] == which
    words = {"ema": "Its weights are their running average (ema 0.2).", "raw": "Its weights are as they were trained."}
    assert words[which] in Path(folder, "assets.extra", "MODEL_CARD.md").read_text()

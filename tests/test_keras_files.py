"""Networks as .keras files: what is saved is loaded again."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Translator, UserError, build_discriminator, build_generator, load_generator
from pix2pix_tf.networks.layers import run
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.state import variables_of
from pix2pix_tf.training.step import make_train_step

GOLDEN_RUNS = Path(__file__).parent / "golden_runs"
CONFIGS = [
    {},
    {"norm": "instance", "precision": "bfloat16", "seed": 7},
    {"norm": "none", "receptive_field": 1, "conditional": False},
    {"generator": "resnet", "dropout": 0.2},
    {"upsampling": "resize", "precision": "bfloat16"},
    {"generator": "encoder_decoder", "receptive_field": 70, "dropout": 0.2, "task": "colorize"},
]


def saved_and_loaded(network, tmp_path):
    network.save(tmp_path / "network.keras")
    return keras.models.load_model(tmp_path / "network.keras")


def images(*shape):
    return tf.random.stateless_uniform(shape, [1, 2], -1.0, 1.0)


@pytest.mark.parametrize("changes", CONFIGS)
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_all_of_a_network_comes_back(tiny, tmp_path, build, changes):
    network = build(tiny(**changes))
    network.layers[-2].trainable = False
    loaded = saved_and_loaded(network, tmp_path)
    assert loaded.to_json() == network.to_json()
    assert [layer.get_config() for layer in loaded.layers] == [layer.get_config() for layer in network.layers]
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in network.layers]
    for ours, theirs in zip(loaded.weights, network.weights, strict=True):
        assert ours.path == theirs.path
        np.testing.assert_array_equal(ours, theirs)
    inputs = [images(1, *one.shape[1:]) for one in network.inputs]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    for seed in (None, [1, 2]):
        np.testing.assert_array_equal(run(loaded, inputs, seed=seed), run(network, inputs, seed=seed))


def test_a_layer_made_from_its_configuration_starts_with_the_same_weights(tiny):
    network = build_generator(tiny(seed=3))
    for again, layer in zip(keras.models.clone_model(network).layers, network.layers, strict=True):
        for ours, theirs in zip(again.weights, layer.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_generator_for_all_sizes_stays_one(tiny, tmp_path):
    network = build_generator(tiny(), image_size=(None, None))
    loaded = saved_and_loaded(network, tmp_path)
    image = images(1, 64, 96, 3)
    np.testing.assert_array_equal(loaded(image), network(image))


def test_loaded_networks_train_as_the_saved_ones(tiny, tmp_path):
    config = tiny(dropout=0.0)
    originals = build_generator(config), build_discriminator(config)
    loaded = [saved_and_loaded(network, tmp_path) for network in originals]
    condition, target = images(2, 32, 32, 3), images(2, 32, 32, 3) / 2
    for networks in (originals, loaded):
        optimizers = [Adam(variables_of(network), config.beta_1) for network in networks]
        step = make_train_step(config, *networks, *optimizers)
        step(condition, target, tf.zeros([2, 2], tf.int64), tf.constant(0.01))
    for ours, theirs in zip(loaded[0].weights, originals[0].weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.abs(loaded[0].weights[0] - build_generator(config).weights[0]).max() > 0.005  # It has trained.


def test_load_generator_takes_a_keras_file_or_a_run(tiny, tmp_path):
    network = build_generator(tiny())
    network.save(tmp_path / "network.keras")
    image = images(1, 32, 32, 3)
    np.testing.assert_array_equal(load_generator(str(tmp_path / "network.keras"))(image), network(image))
    run_dir = str(GOLDEN_RUNS / "batch")
    expected = Translator.load(run_dir).generator(image)
    np.testing.assert_array_equal(load_generator(run_dir)(image), expected)


def test_load_generator_refuses_what_is_neither(tmp_path):
    damaged = tmp_path / "network.keras"
    damaged.write_bytes(b"PK no archive")
    for path in (damaged, tmp_path / "absent.keras", tmp_path / "no_ending"):
        with pytest.raises(
            UserError, match=re.escape(f"{path} is no .keras file of this project's networks")
        ) as caught:
            load_generator(str(path))
        assert len(str(caught.value).replace(str(path), "")) < 240


@pytest.mark.parametrize(
    "code",
    [
        "import pix2pix_tf.networks, keras; load = keras.models.load_model",
        "from pix2pix_tf import load_generator as load",
    ],
)
@pytest.mark.slow
def test_one_import_is_enough(tiny, tmp_path, code):
    path = tmp_path / "generator.keras"
    build_generator(tiny()).save(path)
    code = f"{code}; print(load({str(path)!r}).get_layer('down2_norm').kind)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "batch\n"), done.stderr

"""Weights that are handed on: 16 bits, taken by everything that takes a run; and runs that start from them."""

import json
from pathlib import Path

import numpy as np
import pytest

from pix2pix_tf import Config, Translator, UserError, build_discriminator, build_generator, runs
from pix2pix_tf.training import checkpoints, weights_file
from pix2pix_tf.training.initialization import initialize
from pix2pix_tf.training.loop import train
from pix2pix_tf.training.publishing import publish
from pix2pix_tf.training.state import new_state

SMALL = {"image_size": 32, "base_filters": 2, "receptive_field": 16, "batch_size": 2}


@pytest.fixture(scope="module")
def run(textured_pairs, tmp_path_factory):
    """A run of 3 steps."""
    workdir = str(tmp_path_factory.mktemp("run"))
    train(Config(data_dir=textured_pairs, steps=3, vgg_weights="/home/me/vgg.h5", **SMALL), workdir)
    return workdir


@pytest.fixture(scope="module")
def published(run, tmp_path_factory):
    """The same run as it is handed on."""
    output = str(tmp_path_factory.mktemp("published"))
    publish(run, output, dataset="facades")
    return output


def networks_of(path):
    """The weights of both networks in a run."""
    config = Config(**SMALL)
    networks = {"generator": build_generator(config), "discriminator": build_discriminator(config)}
    step = checkpoints.load_networks(checkpoints.path_of(path), **networks)
    return step, [weight.numpy() for network in networks.values() for weight in network.weights]


def test_weights_are_those_of_the_run_rounded_to_16_bits(run, published):
    (step, full), (same_step, half) = networks_of(run), networks_of(published)
    assert step == same_step == 3
    for one, other in zip(full, half, strict=True):
        np.testing.assert_array_equal(one.astype(np.float16), other)


def test_settings_name_the_data_set_and_no_folder(published):
    with open(f"{published}/config.json") as file:
        settings = json.load(file)
    assert (settings["data_dir"], settings["dataset"]) == ("", "facades")
    assert not any("/" in value for value in settings.values() if isinstance(value, str))


def test_the_translator_takes_it(run, published):
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    outputs = [Translator.load(path)(image).astype(int) for path in (run, published)]
    assert Translator.load(published).step == 3
    assert np.abs(outputs[0] - outputs[1]).max() <= 2
    assert np.std(outputs[1]) > 0


def test_nothing_is_overwritten(run, published):
    with pytest.raises(UserError, match="holds a run already"):
        publish(run, published)


def test_a_folder_that_cannot_be_made_is_a_sentence(run):
    with pytest.raises(
        UserError, match=r"^/proc/x cannot be .* \(No such file or directory\); give another --output\.$"
    ):
        publish(run, "/proc/x")


def test_it_cannot_be_resumed_without_optimizers(published, textured_pairs):
    with pytest.raises(UserError, match=f"--init_from={published}"):
        train(Config(dataset="facades", data_dir=textured_pairs, steps=5, **SMALL), published)


def test_a_damaged_file_is_named(published, tmp_path):
    (tmp_path / "weights.npz").write_bytes((Path(published) / "weights.npz").read_bytes()[:1000])
    with pytest.raises(UserError, match=r"weights\.npz does not fit this run or is damaged"):
        weights_file.load(str(tmp_path / "weights.npz"), generator=build_generator(Config(**SMALL)))
    with pytest.raises(UserError, match=r"weights\.npz does not fit this run or is damaged"):
        weights_file.networks_in(str(tmp_path / "weights.npz"))


def test_values_that_16_bits_cannot_hold_are_refused(tmp_path):
    generator = build_generator(Config(**SMALL))
    generator.weights[0].assign(np.full(generator.weights[0].shape, 1e5))
    with pytest.raises(UserError, match="beyond 65504"):
        weights_file.save(str(tmp_path), 1, generator=generator)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", ["run", "published"])
def test_a_new_run_starts_with_the_weights_of_another(source, request):
    path = request.getfixturevalue(source)
    networks, _ = new_state(config := Config(**SMALL, init_from=path, seed=9))
    sentence = initialize(config, networks)
    assert sentence.startswith(f"starts with the generator and discriminator of {path}, step 3")
    started = [weight.numpy() for network in networks.values() for weight in network.weights]
    for one, other in zip(started, networks_of(path)[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_starts_there_and_resumes_as_any_run(published, textured_pairs, tmp_path, capsys):
    config = Config(data_dir=textured_pairs, steps=1, learning_rate=0.0, init_from=published, **SMALL)
    train(config, str(tmp_path / "new"))
    assert "starts with the generator and discriminator" in capsys.readouterr().out
    step, weights = networks_of(str(tmp_path / "new"))
    assert step == 1
    for one, other in zip(weights, networks_of(published)[1], strict=True):
        np.testing.assert_array_equal(one, other)
    train(config.replace(steps=2), str(tmp_path / "new"))
    assert "starts with" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base_filters": 3}, "--base_filters=2"),
        ({"norm": "instance"}, "--norm=batch"),
        ({"generator": "encoder_decoder"}, "--generator=unet"),
        ({"image_size": 64}, "--image_size with as many"),
        ({"receptive_field": 1}, "--receptive_field=16"),
        ({"conditional": False}, "--conditional=True"),
        ({"task": "colorize"}, "--task=translate"),
        (
            {"input_channels": 5},
            "makes 3 channels of 3, but this run, of task translate, 3 of 5; give data of that kind",
        ),
    ],
)
def test_what_must_match_is_named(published, change, message):
    config = Config(**{**SMALL, "init_from": published, **change})
    with pytest.raises(UserError, match=message):
        initialize(config, new_state(config)[0])


def test_a_new_run_has_the_networks_of_the_other_unless_told_otherwise(published):
    config = runs.new_config({"init_from": published, "norm": "instance", "image_size": 32})
    assert (config.base_filters, config.receptive_field, config.norm) == (2, 16, "instance")

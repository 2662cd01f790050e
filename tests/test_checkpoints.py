"""Checkpoints: what is saved comes back, what does not fit is refused, what is broken is never saved."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import UserError, build_discriminator, build_generator
from pix2pix_tf.training import checkpoints
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.training.state import variables_of


def new_run(workdir, config, keep=3):
    """Networks, optimizers and checkpoints as the training loop makes them."""
    networks = {"generator": build_generator(config)}
    if config.gan_weight:
        networks["discriminator"] = build_discriminator(config)
    optimizers = {name: Adam(variables_of(network), 0.5) for name, network in networks.items()}
    return SimpleNamespace(
        checkpoints=Checkpoints(str(workdir), keep, networks, optimizers), networks=networks, optimizers=optimizers
    )


def variables(run):
    """Everything that a run must not lose."""
    found = [weight.value for network in run.networks.values() for weight in network.weights]
    for adam in run.optimizers.values():
        found += [*adam.momentums, *adam.velocities, adam.iterations]
    return found


def scramble(run):
    """Gives every variable a value of its own."""
    for number, variable in enumerate(variables(run)):
        noise = tf.random.stateless_uniform(variable.shape, [number, 1], maxval=1000, dtype=tf.int32)
        variable.assign(tf.cast(noise, variable.dtype))


def save(run, step):
    run.checkpoints.step.assign(step)
    return run.checkpoints.save()


def test_restoring_gives_weights_optimizers_and_step_back(tmp_path, tiny):
    old = new_run(tmp_path, tiny())
    assert old.checkpoints.restore() == 0
    scramble(old)
    assert save(old, 12) == str(tmp_path / "checkpoints" / "step-12")
    new = new_run(tmp_path, tiny(seed=1))
    assert new.checkpoints.restore() == int(new.checkpoints.step) == 12
    for ours, theirs in zip(variables(new), variables(old), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_last_few_checkpoints_are_kept(tmp_path, tiny):
    run = new_run(tmp_path, tiny(), keep=2)
    for step in (1, 5, 1000):
        save(run, step)
    files = {name.split(".")[0] for name in os.listdir(tmp_path / "checkpoints")}
    assert files == {"checkpoint", "step-5", "step-1000"}
    assert checkpoints.path_of(str(tmp_path)).endswith("step-1000")


def test_a_new_process_keeps_counting_the_old_checkpoints(tmp_path, tiny):
    save(new_run(tmp_path, tiny(), keep=2), 1)
    run = new_run(tmp_path, tiny(), keep=2)
    assert run.checkpoints.restore() == 1
    for step in (2, 3):
        save(run, step)
    assert {name.split(".")[0] for name in os.listdir(tmp_path / "checkpoints")} == {"checkpoint", "step-2", "step-3"}


@pytest.mark.parametrize(
    "saved, wanted",
    [
        ({}, {"base_filters": 3}),
        ({}, {"gan_weight": 0.0}),
        ({"gan_weight": 0.0}, {}),
        ({}, {"norm": "none"}),
        ({}, {"image_size": 64}),
    ],
    ids=["width", "a network too many", "a network missing", "layers", "depth"],
)
def test_a_checkpoint_of_other_networks_is_refused(tmp_path, tiny, saved, wanted):
    path = save(new_run(tmp_path, tiny(**saved)), 1)
    with pytest.raises(UserError, match=f"^{path} does not fit this run or is damaged") as error:
        new_run(tmp_path, tiny(**wanted)).checkpoints.restore()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "ending, share",
    [
        ("data-00000-of-00001", 0),
        ("data-00000-of-00001", 0.5),
        ("data-00000-of-00001", None),
        ("index", 0),
        ("index", 0.5),
        ("index", None),
    ],
)
def test_a_damaged_checkpoint_is_refused(tmp_path, tiny, ending, share):
    run = new_run(tmp_path, tiny())
    path = save(run, 1)
    file = Path(f"{path}.{ending}")
    if share is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(UserError, match=f"^{path} does not fit this run or is damaged"):
        run.checkpoints.restore()


@pytest.mark.parametrize("network", ["generator", "discriminator"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_that_is_not_finite_is_not_saved(tmp_path, tiny, network, value):
    run = new_run(tmp_path, tiny())
    good = save(run, 1)
    kernel = run.networks[network].weights[-1].value
    kernel.assign(tf.tensor_scatter_nd_update(kernel, [[0] * len(kernel.shape)], [value]))
    assert save(run, 2) is None
    assert checkpoints.path_of(str(tmp_path)) == good
    assert run.checkpoints.restore() == 1


def test_a_generator_is_loaded_from_a_runs_checkpoint(tmp_path, tiny):
    run = new_run(tmp_path, tiny())
    scramble(run)
    save(run, 7)
    generator = build_generator(tiny(seed=1), image_size=(None, None))
    assert checkpoints.load_generator(generator, checkpoints.path_of(str(tmp_path))) == 7
    for ours, theirs in zip(generator.weights, run.networks["generator"].weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("changes", [{"base_filters": 3}, {"image_size": 64}, {"norm": "none"}])
def test_a_generator_of_another_shape_is_not_loaded(tmp_path, tiny, changes):
    path = save(new_run(tmp_path, tiny()), 1)
    with pytest.raises(UserError, match=f"^{path} does not fit"):
        checkpoints.load_generator(build_generator(tiny(**changes)), path)


def test_a_run_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(UserError, match=f"^{tmp_path} has no checkpoint in checkpoints/; train there first"):
        checkpoints.path_of(str(tmp_path))


# The best one


def offered(workdir, config, values, metric="val_l1", start=0):
    """Offers one generator after another, all of whose weights are its step; returns the steps that were kept."""
    generator = build_generator(config)
    best = checkpoints.Best(str(workdir), metric, generator, start)
    kept = []
    for step, value in enumerate(values, start=start + 1):
        for variable in generator.variables:
            variable.assign(tf.fill(variable.shape, float(step)))
        if best.offer(step, {metric: value}):
            kept.append(step)
    return kept


@pytest.mark.parametrize(
    ("metric", "kept", "value"),
    [("val_l1", [1, 3, 4], 0.1), ("val_psnr", [1, 2], 0.5), ("val_ssim", [1, 2], 0.5)],
)
def test_the_best_generator_is_kept_alone(tmp_path, tiny, metric, kept, value):
    assert offered(tmp_path, tiny(), [0.3, 0.5, 0.2, 0.1, 0.1, float("nan"), 0.4], metric) == kept
    folder = tmp_path / "checkpoints" / "best"
    assert json.loads((folder / "best.json").read_text()) == {"step": kept[-1], "metric": metric, "value": value}
    assert {name.split(".")[0] for name in os.listdir(folder)} == {"checkpoint", "best", f"step-{kept[-1]}"}
    generator = build_generator(tiny())
    assert checkpoints.load_generator(generator, checkpoints.path_of(str(tmp_path), "best")) == kept[-1]
    np.testing.assert_array_equal(generator.variables[0], np.full(generator.variables[0].shape, kept[-1]))


@pytest.mark.parametrize(
    ("start", "metric", "kept"),
    [(2, "val_l1", [4]), (1, "val_l1", [2, 3]), (2, "val_ssim", [3])],
    ids=["it goes on", "it died after its last checkpoint", "another metric"],
)
def test_a_run_that_goes_on_keeps_what_is_better_than_before(tmp_path, tiny, start, metric, kept):
    offered(tmp_path, tiny(), [0.3, 0.2])
    assert offered(tmp_path, tiny(), [0.25, 0.1], metric, start) == kept


def test_the_best_does_not_hide_the_latest(tmp_path, tiny):
    save(new_run(tmp_path, tiny()), 2)
    offered(tmp_path, tiny(), [0.3] * 9)
    assert checkpoints.path_of(str(tmp_path)).endswith("step-2")


def test_a_run_without_a_best_checkpoint(tmp_path, tiny):
    save(new_run(tmp_path, tiny()), 2)
    with pytest.raises(UserError, match=r"kept no best checkpoint; train with --eval_every, or take the latest\."):
        checkpoints.path_of(str(tmp_path), "best")

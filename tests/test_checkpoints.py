"""Checkpoints: what is saved comes back, what does not fit is refused, what is broken is never saved."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, UserError, build_discriminator, build_generator
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


def scramble(run, seed=1):
    """Gives every variable a value of its own."""
    for number, variable in enumerate(variables(run)):
        noise = tf.random.stateless_uniform(variable.shape, [number, seed], maxval=1000, dtype=tf.int32)
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
    with pytest.raises(UserError, match=f"^{path} does not fit this run") as error:
        new_run(tmp_path, tiny(**wanted)).checkpoints.restore()
    assert "\n" not in str(error.value)


def truncate(share):
    def damage(file):
        file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])

    return damage


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x10
    file.write_bytes(content)


DAMAGES = [
    *(("data-00000-of-00001", damage) for damage in (truncate(0), truncate(0.5), flip, Path.unlink)),
    *(("index", damage) for damage in (truncate(0), truncate(0.5), flip, Path.unlink)),
]


@pytest.fixture(scope="module")
def saved_three_times(tmp_path_factory, textured_pairs):
    """(config, the directory of a run with checkpoints 1, 2 and 3); copy it."""
    config = Config(data_dir=textured_pairs, image_size=32, base_filters=2, receptive_field=16)
    folder = tmp_path_factory.mktemp("saved")
    run = new_run(folder, config)
    for step in (1, 2, 3):
        scramble(run, step)
        save(run, step)
    return config, folder


@pytest.mark.parametrize("ending, damage", DAMAGES)
def test_a_damaged_checkpoint_is_set_aside_for_the_newest_that_is_whole(
    saved_three_times, tmp_path, capsys, ending, damage
):
    config, folder = saved_three_times
    workdir = shutil.copytree(folder, tmp_path / "run")
    for step in (2, 3):
        damage(workdir / "checkpoints" / f"step-{step}.{ending}")
    run = new_run(workdir, config)
    assert run.checkpoints.restore() == int(run.checkpoints.step) == 1
    expected = new_run(tmp_path / "expected", config)
    scramble(expected, 1)
    for ours, theirs in zip(variables(run), variables(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    warnings = capsys.readouterr().err
    assert f"{workdir}/checkpoints/step-3 is damaged and now called damaged-step-3; step-1 is resumed." in warnings
    names = {name.split(".")[0] for name in os.listdir(workdir / "checkpoints")}
    assert names == {"checkpoint", "step-1", "damaged-step-2", "damaged-step-3"}


def test_a_reader_takes_the_newest_that_is_whole_and_says_so(saved_three_times, tmp_path, capsys):
    workdir = shutil.copytree(saved_three_times[1], tmp_path / "run")
    flip(workdir / "checkpoints" / "step-3.index")
    before = sorted(os.listdir(workdir / "checkpoints"))
    assert os.path.basename(checkpoints.path_of(str(workdir))) == "step-2"
    sentence = f"{workdir}/checkpoints/step-3 is damaged; {workdir}/checkpoints/step-2 is taken instead."
    assert capsys.readouterr().err == f"warning: {sentence}\n"
    assert sorted(os.listdir(workdir / "checkpoints")) == before


def test_an_empty_state_file_as_a_power_cut_leaves_it_hides_no_checkpoint(saved_three_times, tmp_path):
    config, folder = saved_three_times
    workdir = shutil.copytree(folder, tmp_path / "run")
    (workdir / "checkpoints" / "checkpoint").write_bytes(b"")
    assert checkpoints.path_of(str(workdir)).endswith("step-3")
    assert new_run(workdir, config).checkpoints.restore() == 3


def test_a_run_whose_checkpoints_are_all_damaged_is_refused_and_left_as_it_is(saved_three_times, tmp_path):
    config, folder = saved_three_times
    workdir = shutil.copytree(folder, tmp_path / "run")
    for file in workdir.glob("checkpoints/*.index"):
        flip(file)
    before = sorted(os.listdir(workdir / "checkpoints"))
    sentence = rf"^{workdir}/checkpoints holds no whole checkpoint \(step-3, step-2, step-1: damaged\)"
    for load in (new_run(workdir, config).checkpoints.restore, lambda: checkpoints.path_of(str(workdir))):
        with pytest.raises(UserError, match=sentence):
            load()
    assert sorted(os.listdir(workdir / "checkpoints")) == before


def test_a_flipped_byte_of_an_optimizer_costs_no_generator(saved_three_times, tmp_path):
    config, folder = saved_three_times
    workdir = shutil.copytree(folder, tmp_path / "run")
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints" / "step-3"))
    shapes = reader.get_variable_to_shape_map()
    name = max(
        (name for name in shapes if "discriminator_optimizer/vel" in name), key=lambda name: np.prod(shapes[name])
    )
    file = workdir / "checkpoints" / "step-3.data-00000-of-00001"
    content = file.read_bytes()
    place = content.index(reader.get_tensor(name).tobytes())
    file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert checkpoints.path_of(str(workdir)).endswith("step-3")
    assert new_run(workdir, config).checkpoints.restore() == 2


@pytest.mark.parametrize("name", ["lr[2e-4]", "a*b?{c}", "back\\slash", os.fsdecode(b"latin-\xe9")])
def test_a_path_may_hold_any_characters(tmp_path, tiny, name):
    workdir = os.path.join(tmp_path, name)
    run = new_run(workdir, tiny(), keep=2)
    for step in (1, 2, 3):
        scramble(run, step)
        assert save(run, step) == os.path.join(workdir, "checkpoints", f"step-{step}")
    names = {file.split(".")[0] for file in os.listdir(os.path.join(workdir, "checkpoints"))}
    assert names == {"checkpoint", "step-2", "step-3"}
    new = new_run(workdir, tiny())
    assert new.checkpoints.restore() == 3
    np.testing.assert_array_equal(variables(new)[0], variables(run)[0])
    generator = build_generator(tiny(seed=1))
    assert checkpoints.load_generator(generator, checkpoints.path_of(workdir)) == 3
    np.testing.assert_array_equal(generator.weights[0], variables(run)[0])


def test_a_checkpoint_may_be_named(saved_three_times):
    _, workdir = saved_three_times
    assert checkpoints.path_of(str(workdir), "step-2") == str(workdir / "checkpoints" / "step-2")
    with pytest.raises(UserError, match=r"has no checkpoint step-7; there are: step-3, step-2, step-1\."):
        checkpoints.path_of(str(workdir), "step-7")
    with pytest.raises(UserError, match=r"checkpoint must be latest, best or step-N\. Received: 'bets'\."):
        checkpoints.path_of(str(workdir), "bets")


def test_what_cannot_be_written_leaves_the_older_checkpoints(tmp_path, tiny, monkeypatch):
    run = new_run(tmp_path, tiny())
    save(run, 1)

    def write(path):
        Path(f"{path}_temp").mkdir()
        Path(f"{path}.data-00000-of-00001").touch()
        raise tf.errors.ResourceExhaustedError(None, None, f"{path}_temp/part-0; No space left on device")

    monkeypatch.setattr(run.checkpoints._checkpoint, "write", write)
    sentence = (
        r"step-2 cannot be written \(No space left on device\); older checkpoints are untouched: check the folder"
    )
    with pytest.raises(UserError, match=sentence):
        save(run, 2)
    assert {name.split(".")[0] for name in os.listdir(tmp_path / "checkpoints")} == {"checkpoint", "step-1"}


def test_a_folder_with_the_name_of_a_checkpoints_file_is_left_alone(tmp_path, tiny):
    (tmp_path / "checkpoints" / "step-1.index" / "inside").mkdir(parents=True)
    run = new_run(tmp_path, tiny(), keep=1)
    for step in (2, 3):
        save(run, step)
    assert {name.split(".")[0] for name in os.listdir(tmp_path / "checkpoints")} == {"checkpoint", "step-1", "step-3"}
    assert (tmp_path / "checkpoints" / "step-1.index" / "inside").is_dir()
    (tmp_path / "checkpoints" / "step-4.index").mkdir()
    with pytest.raises(UserError, match=r"step-4 cannot be written \(.*\); older checkpoints are untouched"):
        save(run, 4)
    assert new_run(tmp_path, tiny()).checkpoints.restore() == 3


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
    best = checkpoints.Best(str(workdir), metric, {"generator": generator}, start)
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


@pytest.mark.parametrize("damage", [{"step": None}, {"value": [1]}, {"metric": 5}, {"value": None}])
def test_a_damaged_record_of_the_best_is_one_sentence(tmp_path, tiny, damage):
    offered(tmp_path, tiny(), [0.3])
    path = tmp_path / "checkpoints" / "best" / "best.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(UserError, match=rf"^{path} must hold a .* as {next(iter(damage))}, not .*; remove it\.$"):
        offered(tmp_path, tiny(), [0.3], start=1)
    path.unlink()
    assert offered(tmp_path, tiny(), [0.4], start=1) == [2]


def test_the_best_does_not_hide_the_latest(tmp_path, tiny):
    save(new_run(tmp_path, tiny()), 2)
    offered(tmp_path, tiny(), [0.3] * 9)
    assert checkpoints.path_of(str(tmp_path)).endswith("step-2")


def test_a_run_without_a_best_checkpoint(tmp_path, tiny):
    save(new_run(tmp_path, tiny()), 2)
    with pytest.raises(UserError, match=r"kept no best checkpoint; train with --eval_every, or take the latest\."):
        checkpoints.path_of(str(tmp_path), "best")

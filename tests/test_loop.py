"""The training loop: what a run writes, when it stops, how it goes on, and when it refuses to."""

import contextlib
import io
import json
import math
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import pix2pix_tf
from pix2pix_tf import Config, Translator, UserError
from pix2pix_tf.data import found_sides
from pix2pix_tf.data.pipeline import training_batches
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.training import loop, totals
from pix2pix_tf.training.loop import train

KERNEL = "generator/down2_conv.Skernel/.ATTRIBUTES/VARIABLE_VALUE"


def train_and_listen(config, workdir):
    """Trains and returns what was printed."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        train(config, str(workdir))
    return output.getvalue()


@pytest.fixture(scope="module")
def finished(textured_pairs, tmp_path_factory):
    """A run of two epochs, three steps each, that nobody changes: (config, run directory, printed text)."""
    small = {"image_size": 32, "base_filters": 2, "receptive_field": 16, "batch_size": 2}
    often = {"log_every": 1, "sample_every": 3, "save_every": 2, "keep_checkpoints": 2}
    config = Config(data_dir=textured_pairs, epochs=2, **small, **often)
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    return config, workdir, train_and_listen(config, workdir)


@pytest.fixture
def copied(finished, tmp_path):
    """The finished run's configuration, and a copy of its directory to play with."""
    return finished[0], shutil.copytree(finished[1], tmp_path / "copied")


def records(workdir):
    return [json.loads(line) for line in (Path(workdir) / "metrics.jsonl").read_text().splitlines()]


def contents(workdir):
    """{path: bytes} of everything in a run directory."""
    return {path: path.read_bytes() for path in Path(workdir).rglob("*") if path.is_file()}


def checkpoint_steps(workdir):
    return sorted(int(path.stem.removeprefix("step-")) for path in (workdir / "checkpoints").glob("*.index"))


class FakeStep:
    """Stands in for the compiled training step, which takes seconds to build.

    Attributes:
      calls: the arguments of each step so far.
      generator: the run's network.
    """

    def __init__(self, monkeypatch, losses=None, before=lambda fake, step: None):
        self.calls = []
        self._losses, self._before = losses or {}, before
        monkeypatch.setattr(loop, "make_train_step", self._make)
        monkeypatch.setattr(loop, "counting", self._counting)

    def _make(self, config, generator, *_):
        self.generator = generator
        return self

    def _counting(self, _, names, compile):
        """As `totals.counting`, but not compiled, so that each step can be seen."""

        def counted(*arguments):  # Their last one is the totals.
            self.calls.append(arguments[:-1])
            self._before(self, len(self.calls))
            losses = {"d_loss": 0.5, "g_l1": self._losses.get(len(self.calls), 0.25)}
            return totals.add(arguments[-1], tf.constant([losses.get(name, 1.0) for name in names], tf.float32))

        return counted


# What a run writes


def test_a_run_directory_holds_what_the_readme_promises(finished):
    config, workdir, _ = finished
    assert Config.from_json((workdir / "config.json").read_text()) == found_sides.settled(config)
    assert sorted(os.listdir(workdir / "samples")) == ["step_00000003.png", "step_00000006.png"]
    assert checkpoint_steps(workdir) == [4, 6]
    assert len(os.listdir(workdir / "tensorboard")) == 1
    assert Image.open(workdir / "losses.png").format == "PNG"
    expected = {"config.json", "metrics.jsonl", "losses.png", "checkpoints", "samples", "tensorboard", ".lock"}
    assert set(os.listdir(workdir)) == expected


def test_metrics_hold_every_loss_term_and_the_speed(finished):
    config, workdir, _ = finished
    rows = records(workdir)
    assert [(row["step"], row["epoch"]) for row in rows] == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)]
    losses = {"d_loss", "d_real", "d_fake", "g_loss", "g_gan", "g_l1", "learning_rate"}
    validation = {"val_l1", "val_psnr", "val_ssim"}
    for row in rows:
        assert set(row) == losses | {"step", "epoch", "seconds_per_step", "images_per_second"} | (
            validation if row["step"] % 3 == 0 else set()
        )
        assert row["learning_rate"] == config.learning_rate
        assert row["d_loss"] == pytest.approx((row["d_real"] + row["d_fake"]) / 2, rel=1e-5)
        assert row["g_loss"] == pytest.approx(row["g_gan"] + 100 * row["g_l1"], rel=1e-5)
        assert row["images_per_second"] == pytest.approx(2 / row["seconds_per_step"], rel=0.05)
        assert 0 <= row.get("val_l1", 0) <= 2


def test_samples_show_input_and_target_of_the_validation_pairs(finished):
    config, workdir, _ = finished
    grid = np.asarray(Image.open(workdir / "samples" / "step_00000006.png"))
    assert grid.shape == (18 + 2 * 36 - 4, 3 * 36 - 4, 3)
    for row in range(2):
        pair = np.asarray(Image.open(f"{config.data_dir}/val/{row}.png"))
        strip = grid[18 + 36 * row :][:32]
        np.testing.assert_array_equal(strip[:, :32], pair[:, :32])
        np.testing.assert_array_equal(strip[:, 72:], pair[:, 32:])
        assert strip[:, 36:68].std() > 0


def test_a_run_says_what_it_does_and_where_everything_is(finished):
    config, workdir, text = finished
    lines = text.splitlines()
    assert lines[0] == f"{config.data_dir}: side-by-side pairs, 7 train, 2 val; translate A → B"
    assert lines[1].startswith(("CPU: ", "GPU: "))
    assert lines[2:5] == [
        f"new run in {workdir}, on {config.data_dir}",
        f"training {workdir} from step 0 to 6, 3 steps an epoch",
        f"Ctrl-C, or kill {os.getpid()}, saves and stops",
    ]
    assert [line.split(",")[0] for line in lines if "images/s" in line] == [f"step {i}/6" for i in range(1, 7)]
    assert sum(line.startswith("step 6: validation L1 0.") for line in lines) == 1
    assert f"trained to step 6; everything is in {workdir}:" in lines
    named = {line.split()[0] for line in lines[lines.index(f"trained to step 6; everything is in {workdir}:") + 1 :]}
    assert {name.rstrip("/") for name in named} == set(os.listdir(workdir)) - {".lock"}


def test_the_settings_are_written_before_the_first_step(tiny, tmp_path, monkeypatch):
    config = tiny()
    seen = []
    FakeStep(monkeypatch, before=lambda fake, step: seen.append((tmp_path / "run" / "config.json").read_text()))
    train(config, str(tmp_path / "run"))
    assert seen == [found_sides.settled(config).to_json()] * 4


@pytest.mark.parametrize("changes, steps", [({"steps": 4}, 4), ({"steps": 0, "epochs": 3}, 9), ({"epochs": 1}, 4)])
def test_steps_or_else_epochs_bound_a_run(tiny, tmp_path, monkeypatch, changes, steps):
    fake = FakeStep(monkeypatch)
    train(tiny(**changes), str(tmp_path))
    assert len(fake.calls) == steps
    assert checkpoint_steps(tmp_path) == [steps]
    assert [row["step"] for row in records(tmp_path)] == [steps]


def test_a_record_is_the_mean_since_the_last_one(tiny, tmp_path, monkeypatch):
    FakeStep(monkeypatch, losses={1: 1.0, 2: 3.0, 3: 5.0, 4: 7.0, 5: 9.0})
    train(tiny(steps=5, log_every=2), str(tmp_path))
    assert [(row["step"], row["g_l1"], row["d_loss"]) for row in records(tmp_path)] == [
        (2, 2.0, 0.5),
        (4, 6.0, 0.5),
        (5, 9.0, 0.5),
    ]


def test_the_steps_are_given_the_pipelines_batches(tiny, tmp_path, monkeypatch):
    config = tiny(steps=5)
    fake = FakeStep(monkeypatch)
    train(config, str(tmp_path))
    for given, expected in zip(fake.calls, training_batches(open_source(config).train, config), strict=False):
        for ours, theirs in zip(given, expected, strict=False):
            np.testing.assert_array_equal(ours, theirs)


def test_the_seed_decides_the_weights(tiny, tmp_path, monkeypatch):
    FakeStep(monkeypatch)
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        train(tiny(steps=1, seed=seed), str(tmp_path / name))
    one, same, other = (
        tf.train.load_checkpoint(str(tmp_path / name / "checkpoints")).get_tensor(KERNEL)
        for name in ("one", "same", "other")
    )
    np.testing.assert_array_equal(one, same)
    assert np.mean(one == other) < 0.01


@pytest.mark.parametrize(
    "changes, terms",
    [
        ({"gan_weight": 0.0, "task": "colorize"}, {"g_loss", "g_l1"}),
        (
            {"reconstruction": "l2", "feature_matching_weight": 10.0, "task": "inpaint"},
            {"d_loss", "d_real", "d_fake", "g_loss", "g_gan", "g_l2", "g_feature_matching"},
        ),
    ],
)
def test_other_tasks_and_objectives_train_too(tiny, tmp_path, capsys, changes, terms):
    train(tiny(steps=2, log_every=1, **changes), str(tmp_path))
    first, last = records(tmp_path)
    assert {name for name in first if name.startswith(("g_", "d_"))} == terms
    assert all(math.isfinite(last[name]) for name in (*terms, "val_l1", "val_psnr", "val_ssim"))
    saved = {name.split("/")[0] for name, _ in tf.train.list_variables(str(tmp_path / "checkpoints" / "step-2"))}
    assert ("discriminator" in saved) == ("d_loss" in terms)
    warning = "warning: receptive_field=16 has no effect, as gan_weight is 0.0\n"
    assert (warning in capsys.readouterr().err) == ("d_loss" not in terms)


# The learning rate


def test_the_perceptual_loss_needs_weights_before_anything_is_written(tiny, tmp_path):
    with pytest.raises(
        UserError, match=r"^There is no file .*/none.h5; give vgg16_weights.*, or imagenet to have it dow"
    ):
        train(tiny(perceptual_weight=1.0, vgg_weights=str(tmp_path / "none.h5")), str(tmp_path / "run"))
    assert not (tmp_path / "run" / "config.json").exists()


def test_eval_every_measures_between_the_samples_and_keeps_the_best_generator(tiny, tmp_path, monkeypatch):
    """The weights of step 2 output in gray, all others in white: by L1 the second is the best."""

    def paint(fake, step):
        for variable in fake.generator.variables:
            last = variable.path.startswith("output_conv")
            variable.assign(tf.fill(variable.shape, 9.0 if last and step != 2 else 0.0))

    fake = FakeStep(monkeypatch, before=paint)
    train(tiny(steps=5, eval_every=2, sample_every=3, log_every=10), str(tmp_path))
    measured = {row["step"]: row["val_l1"] for row in records(tmp_path)}
    assert list(measured) == [2, 3, 4, 5]
    assert sorted(os.listdir(tmp_path / "samples")) == ["step_00000003.png", "step_00000005.png"]
    best = json.loads((tmp_path / "checkpoints" / "best" / "best.json").read_text())
    assert best == {"step": 2, "metric": "val_l1", "value": measured[2]}
    assert min(measured, key=measured.get) == 2
    kept = Translator.load(str(tmp_path), "best")
    assert kept.step == 2
    assert not np.any(kept.generator.get_layer("output_conv").kernel)
    assert Translator.load(str(tmp_path)).step == 5
    assert np.any(fake.generator.get_layer("output_conv").kernel)


def test_the_steps_are_given_the_learning_rate(tiny, tmp_path, monkeypatch):
    fake = FakeStep(monkeypatch)
    train(tiny(steps=6, decay_epochs=1, learning_rate=0.03), str(tmp_path))
    rates = [float(arguments[3]) for arguments in fake.calls]
    assert rates == pytest.approx([0.03, 0.03, 0.03, 0.03, 0.02, 0.01])


# Going on with a run


def test_another_learning_rate_is_told_and_recorded(copied, monkeypatch):
    config, workdir = copied
    fake = FakeStep(monkeypatch)
    changes = {"learning_rate": 1e-4, "lr_schedule": "step", "decay_epochs": 1}
    text = train_and_listen(config.replace(steps=7, **changes), workdir)
    assert "learning_rate 0.0002 → 0.0001 from step 6 on\nlr_schedule linear → step from step 6 on\n" in text
    assert "discriminator_learning_rate" not in text
    assert [float(arguments[3]) for arguments in fake.calls] == pytest.approx([1e-6])
    assert [row["learning_rate"] for row in records(workdir)[5:]] == pytest.approx([2e-4, 1e-6])
    assert "→" not in train_and_listen(config.replace(steps=8, **changes), workdir).split("training ", 1)[1]


@pytest.mark.parametrize("steps", [6, 3])
def test_a_finished_run_is_left_as_it_is(copied, steps):
    config, workdir = copied
    before = contents(workdir)
    text = train_and_listen(config if steps == 6 else config.replace(steps=steps), workdir)
    assert f"{workdir} is at step 6 of {steps} already; give a larger --steps or --epochs to train on." in text
    assert contents(workdir) == before


def test_a_finished_run_goes_on_to_a_larger_number_of_steps(copied):
    config, workdir = copied
    before = records(workdir)
    train(config.replace(steps=8), str(workdir))
    assert Config.from_json((workdir / "config.json").read_text()).steps == 8
    assert records(workdir)[:6] == before
    assert [(row["step"], row["epoch"]) for row in records(workdir)[6:]] == [(7, 3), (8, 3)]
    assert checkpoint_steps(workdir) == [6, 8]
    assert "step_00000008.png" in os.listdir(workdir / "samples")


def test_a_run_that_is_being_trained_is_refused_to_others(tiny, tmp_path, monkeypatch):
    def train_again(fake, step):
        if step == 1:
            before = contents(tmp_path)
            with pytest.raises(UserError, match=f"^{tmp_path} is being trained by another process; wait for it"):
                train(tiny(steps=9), str(tmp_path))
            assert contents(tmp_path) == before

    fake = FakeStep(monkeypatch, before=train_again)
    train(tiny(steps=2), str(tmp_path))
    assert len(fake.calls) == 2
    FakeStep(monkeypatch)
    train(tiny(steps=3), str(tmp_path))  # The lock was let go.


@pytest.mark.parametrize("change", [{"base_filters": 3}, {"direction": "b_to_a"}, {"beta_1": 0.9}])
def test_a_run_of_other_settings_is_refused_and_left_as_it_is(copied, change):
    config, workdir = copied
    before = contents(workdir)
    ((field, new),) = change.items()
    sentence = f"^The run in {workdir} was started with {field}={getattr(config, field)!r}, not {new!r};"
    with pytest.raises(UserError, match=sentence):
        pix2pix_tf.train(config.replace(steps=8, **change), workdir)
    assert contents(workdir) == before


def test_a_folder_of_other_files_is_refused_and_left_as_it_is(tiny, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match=f"^{tmp_path} holds files but no config.json"):
        train(tiny(), str(tmp_path))
    assert os.listdir(tmp_path) == ["thesis.tex"]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.utime(path, (0, 0))])
def test_a_run_that_was_killed_behind_its_last_checkpoint_gets_its_curves(copied, damage):
    config, workdir = copied
    expected = (workdir / "losses.png").read_bytes()
    (workdir / "losses.png").write_bytes(b"")
    damage(workdir / "losses.png")
    train(config, workdir)
    assert (workdir / "losses.png").read_bytes() == expected


def test_nothing_is_read_from_the_device_between_two_records(tiny, tmp_path, monkeypatch):
    """Every way from a tensor to Python leads through `_numpy`."""
    fake = FakeStep(monkeypatch)
    eager = next(kind for kind in type(tf.constant(0)).__mro__ if "_numpy" in vars(kind))
    read, reads = eager._numpy, []
    monkeypatch.setattr(eager, "_numpy", lambda tensor: (reads.append(len(fake.calls)), read(tensor))[1])
    train(tiny(steps=12, log_every=4, save_every=6), str(tmp_path))
    assert set(reads) - {0} == {4, 6, 8, 12}


# Stopping


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_saves_and_stops_after_the_step(tiny, tmp_path, monkeypatch, name):
    number = signal.Signals[name]
    handler = signal.getsignal(number)
    fake = FakeStep(monkeypatch, before=lambda fake, step: step == 3 and os.kill(os.getpid(), number))
    text = train_and_listen(tiny(steps=10), tmp_path / "my run")
    assert len(fake.calls) == 3
    assert checkpoint_steps(tmp_path / "my run") == [3]
    assert f"received {name}; saving after this step" in text
    assert text.endswith(f"stopped at step 3 of 10; resume with: python train.py --workdir='{tmp_path}/my run'\n")
    assert signal.getsignal(number) is handler


def test_the_second_ctrl_c_stops_at_once(tiny, tmp_path, monkeypatch):
    fake = FakeStep(monkeypatch, before=lambda fake, step: step == 3 and [os.kill(os.getpid(), 2) for _ in range(2)])
    with pytest.raises(KeyboardInterrupt):
        train(tiny(steps=10, save_every=2), str(tmp_path))
    assert len(fake.calls) == 3
    assert checkpoint_steps(tmp_path) == [2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_the_run(tiny, tmp_path, monkeypatch, value):
    FakeStep(monkeypatch, losses={3: value})
    message = (
        rf"step 3: g_l1 is {value}.*; the newest checkpoint in {tmp_path} is of step 2; try a lower --learning_rate"
    )
    with pytest.raises(UserError, match=message):
        train(tiny(steps=10, save_every=2), str(tmp_path))
    assert checkpoint_steps(tmp_path) == [2]


def test_a_loss_that_is_not_finite_before_the_first_checkpoint(tiny, tmp_path, monkeypatch):
    FakeStep(monkeypatch, losses={1: math.nan})
    with pytest.raises(UserError, match=f"step 1: g_l1 is nan, .*; {tmp_path} has no checkpoint yet"):
        train(tiny(), str(tmp_path))
    assert not list(tmp_path.glob("checkpoints/*.index"))


def test_a_weight_that_is_not_finite_is_never_saved(tiny, tmp_path, monkeypatch):
    def spoil(fake, step):
        if step == 3:
            fake.generator.weights[0].assign(fake.generator.weights[0] * math.nan)

    FakeStep(monkeypatch, before=spoil)
    message = f"step 3: a weight is NaN or Inf.*; the newest checkpoint in {tmp_path} is of step 2"
    with pytest.raises(UserError, match=message):
        train(tiny(steps=10, save_every=1), str(tmp_path))
    assert checkpoint_steps(tmp_path) == [1, 2]


@pytest.mark.parametrize("where", ["train", "val"])
def test_an_image_that_cannot_be_read_is_named(textured_pairs, tiny, tmp_path, monkeypatch, where):
    FakeStep(monkeypatch)
    data = shutil.copytree(textured_pairs, tmp_path / "data")
    for path in (data / where).iterdir():
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match=rf"{data}/{where}/\d\.png cannot be decoded"):
        train(tiny(data_dir=str(data)), str(tmp_path / "run"))

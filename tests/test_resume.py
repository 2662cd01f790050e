"""A run that was killed, stopped and continued in real processes equals one that was never stopped, bit for bit."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config

ENDLESS = "--steps=1000000"


@pytest.fixture
def flags(textured_pairs):
    """A tiny deterministic run with jitter, mirroring and noise: 7 pairs in batches of 2, a remainder each epoch."""
    small = ("--image_size=32", "--base_filters=2", "--receptive_field=16", "--batch_size=2", "--log_every=1")
    return (f"--data_dir={textured_pairs}", *small, "--deterministic")


def read_until(process, beginning):
    """Reads a process's output to a line that starts like this; returns the line."""
    for line in process.stdout:
        if line.startswith(beginning):
            return line
    raise AssertionError(f"it ended without a line {beginning!r}: {process.communicate()}")


def stop_when(process, beginning, number):
    """Sends a signal after that line; returns (exit status, the rest of the output, errors)."""
    read_until(process, beginning)
    process.send_signal(number)
    output, errors = process.communicate()
    return process.returncode, output, errors


def tensors(workdir):
    """Everything in the newest checkpoint but the number of times that it was saved."""
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    names = [name for name in reader.get_variable_to_shape_map() if not name.startswith(("save_counter", "_CHECK"))]
    return {name: reader.get_tensor(name) for name in names}


def losses(workdir):
    """metrics.jsonl without what depends on the clock and on where the run stopped."""
    rows = [json.loads(line) for line in Path(workdir, "metrics.jsonl").read_text().splitlines()]
    return [
        {name: row[name] for name in row if name.startswith(("d_", "g_")) or name in ("step", "epoch")} for row in rows
    ]


def assert_same_run(one, other):
    first, second = tensors(one), tensors(other)
    assert set(first) == set(second)
    assert len([name for name in first if "momentums" in name or "velocities" in name]) > 50
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
    assert losses(one) == losses(other)


@pytest.mark.slow
def test_a_run_that_was_stopped_in_every_way_equals_one_that_was_not(flags, tmp_path, start_train_py, run_train_py):
    stopped, straight = tmp_path / "stopped", tmp_path / "straight"
    again = f"--workdir={stopped}"

    status, _, errors = run_train_py(*flags, again, "--steps=4")  # Amid the second epoch of three steps.
    assert (status, errors) == (0, "")
    killed = start_train_py(again, ENDLESS, "--save_every=5")
    assert stop_when(killed, "step 8/", signal.SIGKILL)[0] == -signal.SIGKILL
    at = 5
    for number in (signal.SIGTERM, signal.SIGINT):  # With the settings that the run directory remembers.
        status, output, errors = stop_when(start_train_py(again), "step ", number)
        assert (status, errors) == (0, "")
        assert f"received {number.name}; saving after this step" in output
        before, at = at, losses(stopped)[-1]["step"]
        hint = f"stopped at step {at} of 1000000; resume with: python train.py --workdir={stopped}"
        assert output.splitlines()[-1] == hint
        assert at > before

    for arguments in ((again,), (*flags, f"--workdir={straight}", "--save_every=5")):
        assert run_train_py(*arguments, f"--steps={at + 3}")[0] == 0
    assert [row["step"] for row in losses(stopped)] == list(range(1, at + 4))
    assert Config.from_json((stopped / "config.json").read_text()).steps == at + 3
    assert_same_run(stopped, straight)

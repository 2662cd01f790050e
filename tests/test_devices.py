"""Many devices equal one: two of this process, and two processes that speak over loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, UserError
from pix2pix_tf.data.pipeline import training_batches
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.training.devices import Devices

REPOSITORY = Path(__file__).parents[1]
LOST = "error: Another worker was lost; start all of them again with the same commands, and the run resumes from its "


# Two devices of one process


@pytest.fixture(scope="module")
def stepped(tmp_path_factory):
    """stepped(devices, norm): what device_steps.py stored."""
    folder = tmp_path_factory.mktemp("steps")

    def stepped(devices, norm):
        out = folder / f"{devices}{norm}.npz"
        command = [sys.executable, str(REPOSITORY / "tests" / "device_steps.py"), str(devices), str(out), norm]
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=240)
        return dict(np.load(out))

    return stepped


def test_two_devices_equal_one_with_instance_norm(stepped):
    one, two = stepped(1, "instance"), stepped(2, "instance")
    assert set(one) == set(two)
    kinds = {"loss": 0, "gradient": 0, "weight": 0}
    averages = [name for name in one if name.startswith("weight ema")]
    assert all(not np.array_equal(one[name], one[name.replace("ema", "generator", 1)]) for name in averages)
    for name, value in one.items():
        kinds[name.split()[0]] += 1
        assert np.abs(value).max() > 0, name
        np.testing.assert_allclose(two[name], value, rtol=1e-5, atol=1e-5, err_msg=name)
    assert kinds["loss"] == 5 * 6
    assert kinds["gradient"] == kinds["weight"] - len(averages) > 20


def test_batch_norm_takes_the_statistics_of_each_devices_images(stepped):
    one, two = stepped(1, "batch"), stepped(2, "batch")
    assert abs(one["loss 0 g_l1"] - two["loss 0 g_l1"]) > 1e-4


def test_a_batch_that_cannot_be_shared_out(tmp_path):
    script = (
        "import tensorflow as tf; from pix2pix_tf import Config; from pix2pix_tf.training.devices import Devices;"
        "cpu = tf.config.list_physical_devices('CPU')[0];"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2);"
        "Devices(Config(strategy='mirrored', batch_size=3))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, timeout=120)
    sentence = "batch_size 3 cannot be divided evenly among 2 devices; take a multiple of 2."
    assert done.stderr.endswith(f"UserError: {sentence}\n")


def test_one_device_is_no_strategy():
    devices = Devices(Config(batch_size=3))
    assert devices.is_chief and devices.share == (0, 3) and devices.description is None
    assert devices.on_all(len) is len
    assert devices.of_all_processes(7) == [7]


# What each process reads


@pytest.mark.parametrize("start", [0, 2])
def test_the_processes_read_each_batch_without_overlap(tiny, start):
    config = tiny(batch_size=4, data_dir=tiny().data_dir, steps=3)
    split = open_source(config).train

    def batches(share):
        return list(islice(training_batches(split, config, start, share), 3))

    for whole, *parts in zip(batches(None), batches((0, 1)), batches((1, 2)), batches((2, 4)), strict=True):
        for kind, tensor in enumerate(whole):
            np.testing.assert_array_equal(np.concatenate([part[kind] for part in parts]), tensor)


@pytest.mark.parametrize(
    "tf_config",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "evaluator", "index": 0}}',
        '{"cluster": {"worker": 3}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": Infinity}}',
        "[" * 99_999,
    ],
)
def test_a_cluster_that_is_not_described(tf_config, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if tf_config is not None:
        monkeypatch.setenv("TF_CONFIG", tf_config)
    with pytest.raises(UserError, match="strategy multi_worker needs the environment variable TF_CONFIG") as caught:
        Devices(Config(strategy="multi_worker", batch_size=2))
    assert str(caught.value).endswith(f"Received: {tf_config or ''!r}.")


# Two processes


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def start_workers(tmp_path, textured_pairs):
    """start_workers(*flags, count=2): train.py once for each worker, in folders `0` and `1`, with the same flags."""
    processes = []

    def start(*flags, count=2):
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        small = "--image_size=32 --base_filters=2 --receptive_field=16 --batch_size=2 --norm=instance --log_every=1"
        started = []
        for index in range(count):
            folder = tmp_path / str(index)
            folder.mkdir(exist_ok=True)
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            command = [sys.executable, str(REPOSITORY / "train.py"), f"--data_dir={textured_pairs}", *small.split()]
            environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
            started.append(
                subprocess.Popen(
                    [*command, "--strategy=multi_worker", *flags],
                    cwd=folder,
                    env=environment | {"TF_CONFIG": json.dumps(task)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        processes.extend(started)
        return started

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ends(processes):
    """[(exit status, output, errors)] of processes that end by themselves."""
    return [(process.returncode, *texts) for process in processes for texts in [process.communicate(timeout=120)]]


def read_until(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended without a line {beginning!r}: {process.communicate()}")


def losses(workdir):
    """{step: {loss: value}} of metrics.jsonl."""
    rows = [json.loads(line) for line in Path(workdir, "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: {k: v for k, v in row.items() if k.startswith(("d_", "g_", "val_"))} for row in rows}


def weights(workdir):
    """The generator's weights in the newest checkpoint."""
    reader = tf.train.load_checkpoint(str(Path(workdir, "checkpoints")))
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith("generator/")]
    return {name: reader.get_tensor(name) for name in names}


def assert_nearly_the_same_run(one, other):
    first, second = losses(one), losses(other)
    assert list(first) == list(second)
    for step, values in first.items():
        assert second[step] == pytest.approx(values, rel=1e-4), step
    assert set(weights(one)) == set(weights(other))
    for name, value in weights(one).items():  # Adam makes much of gradients that are nearly 0, hence the mean.
        assert np.abs(value - weights(other)[name]).mean() < 1e-5, name


@pytest.fixture
def one_process(run_train_py, textured_pairs, tmp_path):
    """one_process(*flags): the run directory of the same run in a single process."""

    def one_process(*flags):
        small = "--image_size=32 --base_filters=2 --receptive_field=16 --batch_size=2 --norm=instance --log_every=1"
        workdir = tmp_path / "single"
        status, _, errors = run_train_py(f"--data_dir={textured_pairs}", *small.split(), f"--workdir={workdir}", *flags)
        assert (status, errors) == (0, "")
        return workdir

    return one_process


@pytest.mark.slow
def test_two_processes_equal_one_and_only_the_chief_writes(start_workers, one_process, tmp_path):
    chief, other = ends(start_workers("--workdir=run", "--steps=5", "--eval_every=2"))
    for status, output, errors in (chief, other):
        assert (status, errors) == (0, "")
        lines = output.splitlines()
        assert lines[lines.index("waiting for 2 workers") + 1] == (
            "multi_worker: 2 devices in 2 processes, 1 of 2 images a step on each"
        )
    assert_nearly_the_same_run(one_process("--steps=5", "--eval_every=2"), tmp_path / "0" / "run")
    assert list((tmp_path / "1").iterdir()) == []

    # The chief finds its run at step 5 now, and the other worker, which looks elsewhere, finds none.
    for status, _, errors in ends(start_workers("--workdir=run", "--steps=7")):
        assert status == 1
        assert errors == (
            "error: The workers found run at different steps (0, 5); it must be in a folder that all of them share.\n"
        )


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_lost_worker_ends_the_others_and_all_go_on(start_workers, one_process, tmp_path, victim):
    flags = (f"--workdir={tmp_path}/run", "--save_every=10")
    workers = start_workers(*flags, "--steps=1000000")
    read_until(workers[0], "step 12/")
    workers[victim].kill()
    ((status, output, errors),) = ends([workers[1 - victim]])
    assert status == 1
    assert errors.startswith(LOST) and errors.count("\n") == 1
    saved = int(tf.train.latest_checkpoint(str(tmp_path / "run" / "checkpoints")).rpartition("-")[2])
    assert saved >= 10 and saved % 10 == 0

    last = saved + 3
    for status, output, errors in ends(start_workers(*flags, f"--steps={last}")):
        assert (status, errors) == (0, "")
        assert f"from step {saved} to {last}" in output
    assert_nearly_the_same_run(one_process(f"--steps={last}"), tmp_path / "run")


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_stops_all_after_the_same_step(start_workers, tmp_path):
    workers = start_workers(f"--workdir={tmp_path}/run", "--steps=1000000")
    read_until(workers[0], "step 3/")
    workers[1].send_signal(signal.SIGTERM)
    (chief, other) = ends(workers)
    assert (chief[0], chief[2], other[0], other[2]) == (0, "", 0, "")
    assert "received SIGTERM; saving after this step" in other[1].splitlines()
    assert "received word that another worker stops; saving after this step" in chief[1].splitlines()
    assert chief[1].splitlines()[-1] == other[1].splitlines()[-1]
    step = max(losses(tmp_path / "run"))
    assert chief[1].splitlines()[-1].startswith(f"stopped at step {step} of 1000000; resume with: ")
    assert tf.train.latest_checkpoint(str(tmp_path / "run" / "checkpoints")).endswith(f"step-{step}")


@pytest.mark.slow
def test_ctrl_c_ends_a_worker_that_waits_for_the_others(start_workers, tmp_path):
    (worker,) = start_workers(f"--workdir={tmp_path}/run", "--steps=3", count=1)
    read_until(worker, "waiting for 2 workers")
    time.sleep(2)  # It waits in TensorFlow's own code by then.
    worker.send_signal(signal.SIGINT)
    ((status, _, errors),) = ends([worker])
    assert status != 0 and "Traceback" not in errors
    assert not (tmp_path / "run").exists()

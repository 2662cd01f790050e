"""How does a training step grow with the number of devices, and with processes on this machine?

    python benchmarks/scaling.py --devices=1,2

Each row runs in processes of its own, on the first GPUs, or on as many logical devices of the CPU, which share its
cores: there, the table shows what sharing out costs, not what more machines gain. The batch grows with the devices;
`multi_worker` is one process a device, over loopback. The share is that of one device's speed at matrix products,
times the devices, measured first in a process of its own.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.console import log

_DEVICES = flags.DEFINE_list("devices", ["1", "2"], "numbers of devices")
_FIELDS = cli.define_config_flags(only=["image_size", "base_filters"])
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "images a step on each device", lower_bound=1)
_PRECISION = flags.DEFINE_string("precision", "float32", "of the inner layers")
_COMPILE = flags.DEFINE_enum("compile", "none", ("none", "xla"), "how the step is compiled; xla: on one device only")
_STEPS = flags.DEFINE_integer("steps", 20, "timed steps of each row", lower_bound=4)
_ROW = flags.DEFINE_string("row", None, "used by this script itself: speed, or strategy,devices,devices of a process")


def time_steps(strategy, count, local_count):
    """Prints the seconds of each step, as JSON, if this process is the chief."""
    import tensorflow as tf
    from devices import step_flops

    from pix2pix_tf.training.devices import Devices
    from pix2pix_tf.training.state import new_state
    from pix2pix_tf.training.step import make_train_step

    if gpus := tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices(gpus[:local_count], "GPU")
    else:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * local_count)
    given = cli.given_config_fields(_FIELDS)
    config = Config(**given, batch_size=_BATCH_SIZE.value * count, strategy=strategy, precision=_PRECISION.value)
    placed = Devices(config)
    with placed.scope():
        networks, optimizers = new_state(config)
    step = make_train_step(config, *networks.values(), *optimizers.values())
    step = placed.on_all(tf.function(step, jit_compile=True) if _COMPILE.value == "xla" else step)
    first, past_last = placed.share
    batch = [tf.random.stateless_uniform((past_last - first, *config.size, 3), [0, i], -1, 1) for i in range(2)]
    seeds, rate = tf.tile([[0, 1]], [past_last - first, 1]), tf.constant(config.learning_rate)
    seconds = []
    for _ in range(_STEPS.value + 3):
        start = time.perf_counter()
        float(step(*batch, seeds, rate)["g_l1"])
        seconds.append(time.perf_counter() - start)
    if placed.is_chief:
        work = config.batch_size * step_flops(*networks.values()) / 1e12
        print(json.dumps({"seconds": seconds[3:], "work": work}))


def measure_device():
    """Prints the device's name and its speed at matrix products, as JSON."""
    import devices

    print(json.dumps({"name": devices.describe(), "speed": devices.matrix_speed(_PRECISION.value)}))


def run_row(row, processes=1):
    """Runs a row in processes of its own and returns what the first one prints."""
    command = [sys.executable, *sys.argv, f"--row={row}"]
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(processes)]
    workers = []
    for index in range(processes):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | ({"TF_CONFIG": json.dumps(task)} if processes > 1 else {})
        workers.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    outputs = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        raise UserError(f"The row {row} failed; what it said stands above.")
    return json.loads(outputs[0].splitlines()[-1])


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main():
    if _ROW.value == "speed":
        return measure_device()
    if _ROW.value:
        strategy, count, local = _ROW.value.split(",")
        return time_steps(strategy, int(count), int(local))
    if _COMPILE.value == "xla" and any(int(count) > 1 for count in _DEVICES.value):
        raise UserError("--compile=xla is for one device; add --devices=1.")
    device = run_row("speed")
    log(f"{device['name']}; matrix products: {_PRECISION.value} {device['speed']:.3f} TFLOP/s")
    rows = [("none", 1)]
    rows += [(kind, int(n)) for kind in ("mirrored", "multi_worker") for n in _DEVICES.value if int(n) > 1]
    log(
        f"{'strategy':<14}{'devices':>8}{'batch':>7}{'seconds':>9}{'quartiles':>18}{'images/s':>10}{'x one':>7}"
        f"{'TFLOP/s':>10}{'share':>7}"
    )
    one = None
    for strategy, count in rows:
        processes = count if strategy == "multi_worker" else 1
        found = run_row(f"{strategy},{count},{count // processes}", processes)
        low, median, high = statistics.quantiles(found["seconds"], n=4, method="inclusive")
        batch, flops = _BATCH_SIZE.value * count, found["work"] / median
        one = one or batch / median
        real = count if device["name"].startswith("GPU") else 1  # A CPU's logical devices share it.
        log(
            f"{strategy:<14}{count:8}{batch:7}{median:9.3f}{f'{low:.3f} to {high:.3f}':>18}{batch / median:10.2f}"
            f"{batch / median / one:7.2f}{flops:10.3f}{flops / device['speed'] / real:7.2f}"
        )


if __name__ == "__main__":
    cli.run(main)

"""How does a training step grow with the number of devices, and with processes on this machine?

    python benchmarks/scaling.py --devices=1,2

Each row runs in processes of its own, on the first GPUs, or on as many logical devices of the CPU, which share its
cores: there, the table shows what sharing out costs, not what more machines gain. The batch grows with the devices;
`multi_worker` is one process a device, over loopback.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time

from absl import app, flags, logging

import pix2pix_tf

_DEVICES = flags.DEFINE_list("devices", ["1", "2"], "numbers of devices")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 64, "width of both networks", lower_bound=1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "images a step on each device", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 20, "timed steps of each row", lower_bound=4)
_ROW = flags.DEFINE_string("row", None, "used by this script itself: strategy,devices,devices of this process")


def time_steps(strategy, devices, local_devices):
    """Prints the seconds of each step, as JSON, if this process is the chief."""
    import tensorflow as tf

    logging.set_verbosity(logging.ERROR)  # Strategies tell of their inner workings.
    from pix2pix_tf.training.devices import Devices
    from pix2pix_tf.training.state import new_state
    from pix2pix_tf.training.step import make_train_step

    if gpus := tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices(gpus[:local_devices], "GPU")
    else:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * local_devices)
    config = pix2pix_tf.Config(
        image_size=_IMAGE_SIZE.value,
        base_filters=_BASE_FILTERS.value,
        batch_size=_BATCH_SIZE.value * devices,
        strategy=strategy,
    )
    placed = Devices(config)
    with placed.scope():
        networks, optimizers = new_state(config)
    step = placed.on_all(make_train_step(config, *networks.values(), *optimizers.values()))
    first, past_last = placed.share
    count = past_last - first
    batch = [tf.random.stateless_uniform((count, *config.size, 3), [0, i], -1, 1) for i in range(2)]
    seeds, rate = tf.tile([[0, 1]], [count, 1]), tf.constant(config.learning_rate)
    seconds = []
    for _ in range(_STEPS.value + 3):
        start = time.perf_counter()
        float(step(*batch, seeds, rate)["g_l1"])
        seconds.append(time.perf_counter() - start)
    if placed.is_chief:
        print(json.dumps(seconds[3:]))


def measure(strategy, devices):
    """Runs one row in processes of its own and returns the seconds of its steps."""
    processes = devices if strategy == "multi_worker" else 1
    command = [sys.executable, *sys.argv, f"--row={strategy},{devices},{devices // processes}"]
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(processes)]
    workers = []
    for index in range(processes):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | ({"TF_CONFIG": json.dumps(task)} if processes > 1 else {})
        workers.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    outputs = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        sys.exit(f"error: {strategy} on {devices} devices failed; what it said stands above.")
    return json.loads(outputs[0].splitlines()[-1])


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(_):
    if _ROW.value:
        strategy, devices, local_devices = _ROW.value.split(",")
        time_steps(strategy, int(devices), int(local_devices))
        return
    rows = [("none", 1)]
    rows += [(kind, int(n)) for kind in ("mirrored", "multi_worker") for n in _DEVICES.value if int(n) > 1]
    print(f"{'strategy':<14}{'devices':>8}{'batch':>7}{'seconds':>9}{'quartiles':>18}{'images/s':>10}{'x one':>7}")
    one = None
    for strategy, devices in rows:
        low, median, high = statistics.quantiles(measure(strategy, devices), n=4, method="inclusive")
        speed = _BATCH_SIZE.value * devices / median
        one = one or speed
        print(
            f"{strategy:<14}{devices:8}{_BATCH_SIZE.value * devices:7}{median:9.3f}{f'{low:.3f} to {high:.3f}':>18}"
            f"{speed:10.2f}{speed / one:7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    app.run(main)

"""Does an export of this version answer faster than one of another version of the project?

    python benchmarks/exports.py --against=CHECKOUT --task=colorize

Each checkout trains a run for one step and exports it, with its own train.py and export.py. Both exports' `translate`
are then called in one process on the same image, in turns. The last row is what the task does around the network, in
a graph of its own: padding, for colorize RGB → CIELAB → RGB, and rounding.
"""

import os
import statistics
import subprocess
import sys
import tempfile

from absl import flags, logging

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.utils.console import log

_AGAINST = cli.define_path("against", None, "another checkout of this repository", required=True)
_TASK = flags.DEFINE_string("task", "colorize", "as for train.py")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 64, "width of both networks", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 40, "calls of each kind", lower_bound=2)

OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)


def main():
    import devices
    import tensorflow as tf

    from pix2pix_tf.tasks import get_task
    from pix2pix_tf.translation import translate_values

    logging.set_verbosity(logging.ERROR)  # Loading an export may log much.
    config = Config(task=_TASK.value, image_size=_IMAGE_SIZE.value, base_filters=_BASE_FILTERS.value)
    with tempfile.TemporaryDirectory() as folder:
        ours, others = (
            tf.saved_model.load(export(checkout, os.path.join(folder, str(number))))
            for number, checkout in enumerate((OWN, _AGAINST.value))
        )
    noise = tf.random.stateless_uniform((1, *config.size, 3), [0, 1], maxval=256, dtype=tf.int32)
    image = tf.cast(noise, tf.uint8)
    channels = get_task(config).output_channels
    around = tf.function(
        lambda image: translate_values(config, lambda seen: tf.repeat(seen[..., :1], channels, -1), image)
    )
    measured = devices.seconds_in_turns(
        {
            "this version": lambda: ours.signatures["translate"](image=image)["image"],
            "the other one": lambda: others.signatures["translate"](image=image)["image"],
            "all but the network": lambda: around(image),
        },
        _ROUNDS.value,
    )
    first = statistics.median(measured["the other one"])
    log(f"{config.task + ', 1 image':<22}{'ms':>8}{'quartiles':>18}{'x the other':>13}")
    for name, seconds in measured.items():
        low, median, high = (1000 * value for value in statistics.quantiles(seconds, n=4, method="inclusive"))
        log(f"{name:<22}{median:8.1f}{f'{low:.1f} to {high:.1f}':>18}{1000 * first / median:13.2f}")


def export(checkout, folder):
    """The version folder of an export that a checkout makes of a run of one step, below `folder`."""
    checkout, run, base = os.path.abspath(checkout), os.path.join(folder, "run"), os.path.join(folder, "export")
    sizes = [f"--task={_TASK.value}", f"--image_size={_IMAGE_SIZE.value}", f"--base_filters={_BASE_FILTERS.value}"]
    for script, *given in (
        ("train.py", *sizes, "--steps=1", "--validation_images=1", f"--workdir={run}"),
        ("export.py", f"--workdir={run}", f"--export_dir={base}"),
    ):
        command = [sys.executable, os.path.join(checkout, script), *given]
        environment = os.environ | {"PYTHONPATH": checkout}
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return os.path.join(base, "1")


if __name__ == "__main__":
    cli.run(main)

"""What does the training loop cost, beside calls of the step alone?

    python benchmarks/loop.py

The network has almost no work, so that everything around it shows: reading batches, counting losses, the log. The
loop's time is that between two records of a training, which leaves out compiling and the validation at its end.
"""

import contextlib
import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

import pix2pix_tf
from pix2pix_tf import cli

_STEPS = flags.DEFINE_integer("steps", 1000, "steps that are timed in each round, a multiple of 50", lower_bound=50)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "rounds of each kind, interleaved", lower_bound=1)
_FIELDS = cli.define_config_flags(only=["precision", "compile"])


def write_pairs(folder):
    """32 pairs of 32x32."""
    (folder / "train").mkdir()
    rng = np.random.default_rng(0)
    for number in range(32):
        Image.fromarray(rng.integers(0, 256, (32, 64, 3), np.uint8)).save(folder / "train" / f"{number}.png")


def seconds_of_loop(config, steps):
    """How long the steps between the first and the last but one record of a training take, by TensorBoard's clock."""
    import tensorflow as tf  # Here, after `cli.run` has started it quietly.

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        pix2pix_tf.train(config.replace(steps=steps + 2 * config.log_every), Path(folder, "run"))
        (path,) = Path(folder, "run", "tensorboard").iterdir()
        times = {event.step: event.wall_time for event in tf.compat.v1.train.summary_iterator(str(path))}
        return times[steps + config.log_every] - times[config.log_every]


def bare_steps(config):
    """seconds(count): how long that many calls of the compiled step take on one batch; read once, at the end."""
    from pix2pix_tf.data.pipeline import training_batches
    from pix2pix_tf.data.sources import open_source
    from pix2pix_tf.training.state import new_loss_scales, new_state
    from pix2pix_tf.training.step import loss_names, make_train_step
    from pix2pix_tf.training.totals import counting, no_steps, read

    networks, optimizers = new_state(config)
    names = loss_names(config)
    step = make_train_step(config, *networks.values(), *optimizers.values(), new_loss_scales(config))
    counted = counting(step, names, config.compile)
    batch = next(training_batches(open_source(config).train, config))

    def seconds(count):
        totals = no_steps(names)
        start = time.perf_counter()
        for _ in range(count):
            totals = counted(*batch, np.float32(config.learning_rate), totals)
        read(totals, names)
        return time.perf_counter() - start

    return seconds


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Path(folder))
        config = pix2pix_tf.Config(
            data_dir=folder,
            image_size=32,
            base_filters=1,
            receptive_field=16,
            **cli.given_config_fields(_FIELDS),
            sample_every=10**9,
            save_every=10**9,
            validation_images=1,
        )
        bare = bare_steps(config)
        bare(10)
        rates = {"bare step calls": [], "train.py's loop": []}
        for _ in range(_ROUNDS.value):
            rates["bare step calls"].append(_STEPS.value / bare(_STEPS.value))
            rates["train.py's loop"].append(_STEPS.value / seconds_of_loop(config, _STEPS.value))
    first = statistics.median(rates["bare step calls"])
    print(f"{'32x32, base_filters=1':<23}{'steps/s':>9}{'share':>8}")
    for name, values in rates.items():
        print(f"{name:<23}{statistics.median(values):9.1f}{statistics.median(values) / first:8.0%}")


if __name__ == "__main__":
    cli.run(main)

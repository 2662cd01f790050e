"""How many pairs a second does the input pipeline deliver, and how often is that what training consumes?

    python benchmarks/input_pipeline.py
    python benchmarks/input_pipeline.py --against=CHECKOUT      beside another version of the project

Each row does what the row above does and something more: decode, jitter and mirror, what the task makes of it (for
colorize, CIELAB). Uncached, every pair is decoded anew; cached, it comes from memory. The last row is the pipeline of
training, with its batches. The pairs are JPEG files that are drawn here, unless --data_dir names others.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import flags
from PIL import Image

from pix2pix_tf import Config, cli

define_path = getattr(cli, "define_path", flags.DEFINE_string)  # The versions that --against names may not have it.
_DATA_DIR = define_path("data_dir", "", "folder of side-by-side pairs")
_TASK = flags.DEFINE_string("task", "colorize", "as for train.py")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_SECONDS = flags.DEFINE_float("seconds", 3.0, "how long each row is measured", lower_bound=0.1)
_STEP_SECONDS = flags.DEFINE_float(
    "step_seconds", 0.35, "time of a training step of one pair, see train_step.py", lower_bound=1e-6
)
_AGAINST = define_path("against", "", "another checkout of this repository, to compare this one with")
_ROUNDS = flags.DEFINE_integer("rounds", 3, "processes of each checkout, in turns", lower_bound=1)
_JSON = flags.DEFINE_bool("json", False, "print the rows as JSON")

DRAWN = 64  # pairs
BLOCK = 16  # pairs that are counted at a time
CACHES = {"uncached": 0, "cached": 4 * 2**30}  # bytes


def draw_pairs(folder, size):
    """Writes side-by-side JPEG pairs of smooth texture, about as hard to decode as photos."""
    height, width = size
    rng = np.random.default_rng(0)
    for number in range(DRAWN):
        coarse = Image.fromarray(rng.integers(0, 256, (height // 8, width // 4, 3), dtype=np.uint8))
        drawn = coarse.resize((2 * width, height), Image.Resampling.BICUBIC)
        drawn.save(os.path.join(folder, f"{number}.jpg"), quality=90)


def stages(config):
    """{name: function of (pair, number)}; each result is what the pipeline has then."""
    import tensorflow as tf  # Here, as below, after `cli.run` has started it quietly.

    from pix2pix_tf import augment
    from pix2pix_tf.data.sources import source_and_target
    from pix2pix_tf.tasks import get_task

    def jitter(pair, number):
        return augment.random_jitter_and_mirror(pair, tf.stack([0, number]), config.size, config.jitter, config.mirror)

    def task(pair, number):
        return get_task(config).encode(*source_and_target(config, jitter(pair, number)))

    return {"decode": lambda pair, _: tf.size(pair[0]), "+ jitter": jitter, "+ task": task}


def blocks(split, stage, cache_bytes):
    """A data set of blocks of BLOCK pairs that went through a stage, without end."""
    import tensorflow as tf

    from pix2pix_tf.data.pipeline import Reader

    reader = Reader(split, cache_bytes)
    numbers = tf.data.Dataset.range(len(split)).repeat()
    pairs = numbers.map(lambda number: stage(reader(number), number), num_parallel_calls=tf.data.AUTOTUNE)
    return pairs.batch(BLOCK).prefetch(2)


def training_blocks(split, config, cache_bytes):
    """The data set of training, in batches of BLOCK pairs."""
    from pix2pix_tf.data.pipeline import Reader, training_dataset

    return training_dataset(split, config.replace(batch_size=BLOCK), reader=Reader(split, cache_bytes))


def pairs_per_second(dataset, warm_up, seconds):
    """Counts blocks for some time, after the first `warm_up`, which fill the cache."""
    iterator = iter(dataset)
    for _ in range(warm_up):
        next(iterator)
    count, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        next(iterator)
        count += 1
    del iterator  # One that lives when Python ends would wait for ever for the threads that call Python.
    return count * BLOCK / passed


def measure(config):
    """{row: pairs a second for each of CACHES}."""
    from pix2pix_tf.data.sources import open_source

    split = open_source(config).train
    warm_up = len(split) // BLOCK + 4

    def speeds(make_blocks):
        return [pairs_per_second(make_blocks(room), warm_up, _SECONDS.value) for room in CACHES.values()]

    rows = {
        name: speeds(lambda room, stage=stage: blocks(split, stage, room)) for name, stage in stages(config).items()
    }
    return rows | {"training": speeds(lambda room: training_blocks(split, config, room))}


def compare(checkouts):
    """{checkout: its rows}: the medians of --rounds processes of each, one after the other in turns."""
    measured = {checkout: [] for checkout in checkouts}
    command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--against=", "--json"]
    for _ in range(_ROUNDS.value):
        for checkout in checkouts:
            environment = os.environ | {"PYTHONPATH": os.path.abspath(checkout)}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            measured[checkout].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        checkout: {name: np.median([rows[name] for rows in runs], axis=0) for name in runs[0]}
        for checkout, runs in measured.items()
    }


def print_comparison():
    """Prints the rows of this checkout and of another one, and their ratios."""
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
    ours, others = compare([own, _AGAINST.value]).values()
    print(f"{'pairs/s':<10}" + "".join(f"{name:>10}{'against':>10}{'ratio':>7}" for name in CACHES))
    for name in ours:
        columns = zip(ours[name], others[name], strict=True)
        print(f"{name:<10}" + "".join(f"{our:10.0f}{other:10.0f}{our / other:7.2f}" for our, other in columns))


def print_rows(rows):
    """Prints pairs a second, and how many times that is what training consumes."""
    print(f"{'pairs/s':<10}" + "".join(f"{name:>10}{'x step':>8}" for name in CACHES))
    for name, speeds in rows.items():
        print(f"{name:<10}" + "".join(f"{speed:10.0f}{speed * _STEP_SECONDS.value:8.0f}" for speed in speeds))


def main():
    if _AGAINST.value:
        print_comparison()
        return
    with tempfile.TemporaryDirectory() as drawn:
        config = Config(
            data_dir=_DATA_DIR.value or drawn,
            layout="side_by_side",
            task=_TASK.value,
            image_size=_IMAGE_SIZE.value,
        )
        if not _DATA_DIR.value:
            draw_pairs(drawn, config.size)
        rows = measure(config)
    print(json.dumps(rows)) if _JSON.value else print_rows(rows)


if __name__ == "__main__":
    cli.run(main)

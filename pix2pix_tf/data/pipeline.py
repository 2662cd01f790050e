"""Pairs → batches for the networks, with tf.data.

read and cache → jitter and mirror → task encoding → batch → prefetch. The content of step s depends
on the configuration's seed and on s alone, so a run that starts at step s sees exactly what an
uninterrupted one would have seen there: each epoch's order is a shuffle seeded by the epoch, and
every random number is a stateless function of the picture's running number.
"""

import contextlib
import os
from pathlib import Path

import tensorflow as tf

from pix2pix_tf import augment
from pix2pix_tf.data.sources import source_and_target
from pix2pix_tf.data.split import Split
from pix2pix_tf.errors import UserError
from pix2pix_tf.tasks import get_task


class Reader:
    """Reads pairs of a split in a tf.data graph, and keeps decoded ones in memory up to a limit.

    Attributes:
      failure: the UserError that ended a read, for whoever catches TensorFlow's error.
    """

    def __init__(self, split: Split, cache_bytes: float):
        self._split = split
        self._cache = {}
        self._room = cache_bytes
        self.failure = None

    def __call__(self, number):
        """int64 scalar tensor → (a, b), uint8 [H, W, 3] tensors."""
        # Not stateful: the same number gives the same pair, so that calls may run in parallel.
        pair = tf.numpy_function(self._read, [number], [tf.uint8, tf.uint8], stateful=False)
        return tuple(tf.ensure_shape(image, [None, None, 3]) for image in pair)

    def _read(self, number):
        number = int(number)
        if number in self._cache:
            return self._cache[number]
        try:
            pair = self._split.read(number)
        except UserError as error:
            self.failure = error
            raise
        size = sum(image.nbytes for image in pair)
        if size <= self._room:
            self._room -= size
            self._cache[number] = pair
        return pair


def cache_bytes(config) -> float:
    """How much memory decoded pictures may take: as configured, or half of what is free."""
    return free_memory() / 2 if config.cache_gigabytes == "auto" else config.cache_gigabytes * 2**30


def free_memory() -> int:
    """Bytes that are free on this machine, or that the container allows, if it allows less.

    Where the system does not tell, as outside Linux, a quarter of the machine's memory is taken for free.
    """
    limits = []
    with contextlib.suppress(OSError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # of control groups, version 2 and 1
        with contextlib.suppress(OSError, ValueError):  # It is not there, or "max".
            limits.append(int(Path("/sys/fs/cgroup", name).read_text()))
    return min(limits, default=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)


def steps_per_epoch(split, config) -> int:
    """Full batches in one pass; the pairs left over differ from epoch to epoch."""
    return len(split) // config.batch_size


def training_dataset(split, config, start_step=0, reader=None, share=None) -> tf.data.Dataset:
    """Batches from `start_step` on, without end.

    Args:
      share: (first, last), the part of every batch that is read, where other processes read the rest.

    Returns:
      A dataset of (condition [N, H, W, C], truth [N, H, W, C'], noise seeds int64 [N, 2]), float32 in
      [-1, 1].
    """
    reader = reader or Reader(split, cache_bytes(config))
    first, last = share or (0, config.batch_size)
    used = steps_per_epoch(split, config) * config.batch_size
    first_image = start_step * config.batch_size

    def epoch_order(epoch):
        # Dataset.shuffle would mix in TensorFlow's global seed, which a user of the library may set.
        numbers = tf.random.experimental.stateless_shuffle(tf.range(len(split), dtype=tf.int64), [config.seed, epoch])
        return tf.data.Dataset.from_tensor_slices(numbers[:used])

    def example(image_number, pair_number):
        seeds = tf.random.experimental.stateless_split([config.seed, image_number], 2)
        pair = augment.random_jitter_and_mirror(
            reader(pair_number), seeds[0], config.size, config.jitter, config.mirror
        )
        return *get_task(config).encode(*source_and_target(config, pair)), seeds[1]

    order = tf.data.Dataset.range(first_image // used, tf.int64.max).flat_map(epoch_order).skip(first_image % used)
    numbered = tf.data.Dataset.zip(tf.data.Dataset.range(first_image, tf.int64.max), order)
    if last - first < config.batch_size:
        numbered = numbered.filter(lambda image_number, _: first <= image_number % config.batch_size < last)
    examples = numbered.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return examples.batch(last - first, drop_remainder=True).prefetch(2)


def training_batches(split, config, start_step=0, share=None):
    """Iterates over `training_dataset`; a picture that cannot be used raises its UserError.

    It is raised outside of the `except`: TensorFlow's error as its context would keep the iterator alive,
    and a process that ends while an iterator reads pictures may hang.
    """
    reader = Reader(split, cache_bytes(config))
    try:
        yield from training_dataset(split, config, start_step, reader, share)
        return
    except tf.errors.OpError:
        if not reader.failure:
            raise
    raise reader.failure


def fixed_pairs(split, config, count) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """`count` pairs spread evenly over a split, the same at each call, without jitter.

    Returns:
      A list of (source, target), float32 [H, W, 3] in [-1, 1] at the training size.
    """
    count = min(count, len(split))
    numbers = [i * len(split) // count for i in range(count)]
    return [source_and_target(config, augment.plain(split.read(i), config.size)) for i in numbers]

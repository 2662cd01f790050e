"""Pairs → batches for the networks, with tf.data.

read and cache → jitter and mirror → task encoding → batch → prefetch. The content of step s depends
on the configuration's seed and on s alone, so a run that starts at step s sees exactly what an
uninterrupted one would have seen there: each epoch's order is a shuffle seeded by the epoch, and
every random number is a stateless function of the image's running number.
"""

import contextlib
import os
from pathlib import Path

import tensorflow as tf

from pix2pix_tf import augment
from pix2pix_tf.data.sources import source_and_target
from pix2pix_tf.data.split import PHOTOS, Split
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import sides_in_files
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.spread import evenly_spread

_SLURM = ("SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE")


class Reader:
    """Reads pairs of a split in a tf.data graph, and keeps decoded ones in memory up to a limit.

    Attributes:
      failure: the UserError that ended a read, for whoever catches TensorFlow's error.
    """

    def __init__(self, split: Split, cache_bytes: float, sides=PHOTOS):
        self._split, self._sides = split, sides
        self._cache = {}
        self._room = cache_bytes
        self.failure = None

    def __call__(self, number):
        """int64 scalar tensor → (a, b), tensors [H, W, C] of what the sides are."""
        # Not stateful: the same number gives the same pair, so that calls may run in parallel.
        pair = tf.numpy_function(self._read, [number], [side.dtype for side in self._sides], stateful=False)
        return tuple(
            tf.ensure_shape(image, [None, None, side.channels]) for image, side in zip(pair, self._sides, strict=True)
        )

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
    """How much memory decoded images may take: as configured, or half of what is free."""
    return free_memory() / 2 if config.cache_gigabytes == "auto" else config.cache_gigabytes * 2**30


def free_memory() -> int:
    """Bytes that are free on this machine, or that this process may use, if that is less.

    Where the system does not tell, as outside Linux, a quarter of the machine's memory is taken for free.
    """
    limits = [*_limits_of_control_groups(), *_limits_of_slurm()]
    with contextlib.suppress(OSError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min(limits, default=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)


def _limits_of_control_groups():
    """Bytes that the process's own control groups and all that these lie in leave; versions 2 and 1."""
    groups = {("/sys/fs/cgroup", "memory.max", "/"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "/")}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, controllers, group = line.split(":", 2)
            if number == "0":
                groups.add(("/sys/fs/cgroup", "memory.max", group))
            elif "memory" in controllers.split(","):
                groups.add(("/sys/fs/cgroup/memory", "memory.limit_in_bytes", group))
    for root, file, group in groups:
        path = Path(root, group.lstrip("/"))
        for folder in (path, *(parent for parent in path.parents if parent.is_relative_to(root))):
            with contextlib.suppress(OSError, ValueError):  # It is not there, or "max".
                yield int(Path(folder, file).read_text())


def _limits_of_slurm():
    """Bytes that SLURM allots to the job on this node, where it does not enforce them by control groups."""
    environment = {name: os.environ[name] for name in _SLURM if os.environ.get(name, "").isdecimal()}
    if megabytes := int(environment.get("SLURM_MEM_PER_NODE", 0)):  # 0 stands for the whole node.
        yield megabytes * 2**20
    elif {"SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"} <= environment.keys():
        yield int(environment["SLURM_MEM_PER_CPU"]) * int(environment["SLURM_CPUS_ON_NODE"]) * 2**20


def steps_per_epoch(split, config) -> int:
    """Full batches in one pass; the pairs left over differ from epoch to epoch."""
    return len(split) // config.batch_size


def training_dataset(split, config, start_step=0, reader=None, share=None) -> tf.data.Dataset:
    """Batches from `start_step` on, without end.

    Args:
      share: (first, last), the part of every batch that is read, where other processes read the rest.

    Returns:
      A dataset of (condition [N, H, W, C], target [N, H, W, C'], noise seeds int64 [N, 2]), float32 in
      [-1, 1].
    """
    sides = sides_in_files(config)
    reader = reader or Reader(split, cache_bytes(config), sides)
    first, last = share or (0, config.batch_size)
    used = steps_per_epoch(split, config) * config.batch_size
    first_image = start_step * config.batch_size
    pair_numbers = tf.range(len(split), dtype=tf.int64)

    def epoch_order(epoch):
        # Stateless: tf.data's own shuffle mixes in the global seed, which belongs to whoever calls this.
        order = tf.random.experimental.stateless_shuffle(pair_numbers, [config.seed, epoch], "philox")
        return tf.data.Dataset.from_tensor_slices(order[:used])

    def example(image_number, pair_number):
        seeds = tf.random.experimental.stateless_split([config.seed, image_number], 2)
        pair = augment.random_jitter_and_mirror(
            reader(pair_number), seeds[0], config.size, config.jitter, config.mirror, sides, config.preprocess
        )
        return *get_task(config).encode(*source_and_target(config, pair)), seeds[1]

    order = tf.data.Dataset.range(first_image // used, tf.int64.max).flat_map(epoch_order).skip(first_image % used)
    numbered = tf.data.Dataset.zip(tf.data.Dataset.range(first_image, tf.int64.max), order)
    if last - first < config.batch_size:
        numbered = numbered.filter(lambda image_number, _: first <= image_number % config.batch_size < last)
    examples = numbered.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return examples.batch(last - first, drop_remainder=True).prefetch(2)


def training_batches(split, config, start_step=0, share=None):
    """Iterates over `training_dataset`; an image that cannot be used raises its UserError.

    It is raised outside of the `except`: TensorFlow's error as its context would keep the iterator alive,
    and a process that ends while an iterator reads images may hang.
    """
    reader = Reader(split, cache_bytes(config), sides_in_files(config))
    try:
        yield from training_dataset(split, config, start_step, reader, share)
        return
    except tf.errors.OpError:
        if not reader.failure:
            raise
    raise reader.failure


def read_pair(config, split, number):
    """A pair of a split as the run sees it without jitter: (source, target), float32 [H, W, C] in [-1, 1]."""
    pair = augment.plain(split.read(number), config.size, sides_in_files(config), config.preprocess)
    return source_and_target(config, pair)


def fixed_pairs(split, config, count) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """`count` pairs spread evenly over a split, the same at each call, without jitter.

    Returns:
      A list of (source, target), float32 [H, W, C] in [-1, 1] at the training size.
    """
    return [read_pair(config, split, number) for number in evenly_spread(len(split), count)]

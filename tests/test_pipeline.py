"""Batches: what a step sees depends on the seed and the step alone, and every pair has its turn."""

import gc
import os
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, UserError
from pix2pix_tf.data import pipeline
from pix2pix_tf.data.pipeline import Reader, fixed_pairs, steps_per_epoch, training_batches, training_dataset
from pix2pix_tf.data.split import Split

ROWS, COLUMNS = np.mgrid[:36, :36].astype(np.uint8)
SHIFT = {"A": 0, "B": 100}


def half(number, side):
    """uint8 [36, 36, 3]: red tells pair and half, green the row and blue the column, so that a crop shows."""
    return np.stack([np.full_like(ROWS, 10 * number + SHIFT[side]), 7 * ROWS, 7 * COLUMNS], axis=-1)


def split_of(count, reads=None):
    """`count` pairs in memory; `reads` counts how often each is read."""

    def read(number):
        if reads is not None:
            reads[number] += 1
        return half(number, "A"), half(number, "B")

    return Split([f"{i}.png" for i in range(count)], read)


def batches(split, config, count, start=0):
    """`count` batches from step `start` on, each a list of arrays."""
    return [[part.numpy() for part in batch] for batch in islice(training_batches(split, config, start), count)]


def numbers(batch, side="A"):
    """The numbers of the pairs that a batch's images show."""
    return [round((float(image[0, 0, 0]) + 1) * 12.75 - SHIFT[side] / 10) for image in batch]


def small(**changes):
    return Config(**{"image_size": 32, "jitter_size": 36, "batch_size": 2, **changes})


@pytest.mark.parametrize("start", [1, 2, 3, 5])
def test_batches_from_a_later_step_are_the_tail_of_those_from_the_first(start):
    config = small()  # 5 pairs: two steps an epoch and a pair left over, so all starts but one are amid an epoch.
    whole, tail = batches(split_of(5), config, 8), batches(split_of(5), config, 8 - start, start)
    for ours, theirs in zip(tail, whole[start:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_global_seed_of_the_user_changes_nothing(seed):
    config = small()
    expected = batches(split_of(5), config, 4)
    tf.random.set_seed(seed)
    for ours, theirs in zip(batches(split_of(5), config, 4), expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("pairs, batch_size, steps", [(6, 2, 3), (6, 1, 6), (5, 2, 2), (7, 3, 2), (3, 3, 1)])
def test_an_epoch_visits_each_pair_once_but_for_the_remainder(pairs, batch_size, steps):
    config = small(batch_size=batch_size)
    assert steps_per_epoch(split_of(pairs), config) == steps
    visited = [n for condition, _, _ in batches(split_of(pairs), config, 30 * steps) for n in numbers(condition)]
    left_over = set()
    for epoch in range(30):
        turns = visited[epoch * steps * batch_size :][: steps * batch_size]
        assert len(set(turns)) == len(turns) == steps * batch_size
        left_over |= set(range(pairs)) - set(turns)
    assert len(left_over) == (0 if pairs == steps * batch_size else pairs)  # It is not always the same pair.


def test_the_order_differs_between_epochs_and_between_seeds():
    orders = set()
    for seed in (0, 1):
        visited = [
            numbers(condition)[0] for condition, _, _ in batches(split_of(8), small(batch_size=1, seed=seed), 24)
        ]
        orders |= {tuple(visited[epoch : epoch + 8]) for epoch in (0, 8, 16)}
    assert len(orders) == 6


@pytest.mark.parametrize("direction, sides", [("a_to_b", "AB"), ("b_to_a", "BA")])
def test_condition_and_target_are_the_right_halves_with_one_crop(direction, sides):
    for condition, target, _ in batches(split_of(3), small(direction=direction), 3):
        assert numbers(condition, sides[0]) == numbers(target, sides[1])
        np.testing.assert_array_equal(condition[..., 1:], target[..., 1:])


def test_colorize_learns_from_the_half_that_the_arrow_points_to():
    config = small(task="colorize_rgb", direction="b_to_a")
    condition, target, _ = batches(split_of(4), config, 1)[0]
    assert set(numbers(target, "A")) < set(range(4))
    np.testing.assert_allclose(condition, tf.image.rgb_to_grayscale(target), atol=1e-6)


def test_values_span_minus_one_to_one_exactly():
    image = np.concatenate([np.zeros((32, 16, 3), np.uint8), np.full((32, 16, 3), 255, np.uint8)], axis=1)
    config = small(jitter_size=0, mirror=False, batch_size=1)
    condition, _, _ = batches(Split(["p"], lambda _: (image, image)), config, 1)[0]
    np.testing.assert_array_equal(condition[0], np.where(image == 0, -1.0, 1.0))


def test_pairs_vary_with_jitter_and_mirror_and_only_then():
    def variants(**changes):
        return {b[0].tobytes() for b in batches(split_of(1), small(batch_size=1, **changes), 40)}

    assert len(variants(jitter_size=0, mirror=False)) == 1
    assert len(variants(jitter_size=0, mirror=True)) == 2
    assert len(variants(jitter_size=36, mirror=False)) > 12  # of 25 crops


@pytest.mark.parametrize("task, channels", [("translate", (3, 3)), ("colorize", (1, 2))])
def test_shapes_are_static(task, channels):
    config = small(task=task, image_size="32x64", jitter_size="36x72", batch_size=3)
    condition, target, seeds = training_dataset(split_of(4), config).element_spec
    assert condition == tf.TensorSpec((3, 32, 64, channels[0]), tf.float32)
    assert target == tf.TensorSpec((3, 32, 64, channels[1]), tf.float32)
    assert seeds == tf.TensorSpec((3, 2), tf.int64)


def test_noise_seeds_differ_between_images_and_steps_and_runs():
    seeds = [
        tuple(image)
        for run_seed in (0, 1)
        for _, _, seeds in batches(split_of(5), small(seed=run_seed), 10)
        for image in seeds
    ]
    assert len(set(seeds)) == 2 * 10 * 2


# The cache of decoded images


@pytest.mark.parametrize("room, read_once", [(0, 0), (1, 1), (2.5, 2), (4, 4)])
def test_images_are_decoded_once_as_far_as_memory_allows(room, read_once):
    reads = Counter()
    reader = Reader(split_of(4, reads), cache_bytes=room * 2 * half(0, "A").nbytes)
    for number in 3 * [0, 1, 2, 3]:
        a, b = reader(tf.constant(number, tf.int64))
        np.testing.assert_array_equal(a, half(number, "A"))
        np.testing.assert_array_equal(b, half(number, "B"))
    assert reads == {number: 1 if number < read_once else 3 for number in range(4)}


def test_the_cache_takes_half_of_what_is_free_unless_it_is_told_otherwise(monkeypatch):
    monkeypatch.setattr(pipeline, "free_memory", lambda: 10 * 2**30)
    assert pipeline.cache_bytes(small()) == 5 * 2**30
    assert pipeline.cache_bytes(small(cache_gigabytes=0.25)) == 2**28


def test_free_memory_is_a_part_of_the_machines():
    assert 2**26 < pipeline.free_memory() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


V1, V2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"


@pytest.mark.parametrize(
    "files, environment, expected",
    [
        ({}, {}, 8000 * 1024),
        ({f"{V2}/memory.max": "max"}, {}, 8000 * 1024),
        ({f"{V2}/memory.max": "1000"}, {}, 1000),
        ({f"{V2}/memory.max": "99999999999"}, {}, 8000 * 1024),
        ({f"{V2}/job/step/memory.max": "max", f"{V2}/job/memory.max": "3000"}, {}, 3000),
        ({f"{V2}/job/step/memory.max": "2000", f"{V2}/job/memory.max": "3000"}, {}, 2000),
        ({f"{V1}/memory.limit_in_bytes": "5000"}, {}, 5000),
        ({f"{V1}/slurm/job/memory.limit_in_bytes": "9223372036854771712"}, {}, 8000 * 1024),
        ({f"{V1}/slurm/memory.limit_in_bytes": "4000"}, {}, 4000),
        ({}, {"SLURM_MEM_PER_NODE": "4"}, 4 * 2**20),
        ({}, {"SLURM_MEM_PER_NODE": "0"}, 8000 * 1024),
        ({}, {"SLURM_MEM_PER_CPU": "1", "SLURM_CPUS_ON_NODE": "3"}, 3 * 2**20),
    ],
)
def test_free_memory_is_no_more_than_this_process_may_use(monkeypatch, files, environment, expected):
    files |= {
        "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n",
        "/proc/self/cgroup": "4:memory:/slurm/job\n3:cpu,cpuacct:/x\n0::/job/step\n",
    }

    def read(path):
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    monkeypatch.setattr(pipeline.Path, "read_text", read)
    for name in ("SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert pipeline.free_memory() == expected


@pytest.mark.parametrize("gigabytes, at_least, at_most", [(4.0, 4, 8), (0.0, 20, 1000)])
def test_training_caches_as_the_configuration_says(gigabytes, at_least, at_most):
    reads = Counter()
    batches(split_of(4, reads), small(cache_gigabytes=gigabytes), 10)
    assert at_least <= reads.total() <= at_most  # Reading is ahead of the batches, and parallel.


@pytest.mark.parametrize("bad", [0, 3])
def test_an_image_that_cannot_be_used_raises_its_own_error(bad):
    def read(number):
        if number == bad:
            raise UserError(f"{number}.png cannot be decoded")
        return half(number, "A"), half(number, "B")

    with pytest.raises(UserError, match=rf"^{bad}\.png cannot be decoded$"):
        batches(Split(["p"] * 4, read), small(), 2)


def test_the_error_keeps_no_reading_threads_alive():
    def read(number):
        raise UserError("cannot be decoded")

    def iterators():
        return [thing for thing in gc.get_objects() if type(thing).__name__ == "OwnedIterator"]

    gc.collect()
    before = len(iterators())
    with pytest.raises(UserError):
        batches(Split(["p"] * 4, read), small(), 1)
    assert len(iterators()) <= before  # A process that ends while they read may hang for ever.


def test_a_bug_while_reading_is_no_user_error():
    with pytest.raises(tf.errors.OpError, match="division by zero"):
        batches(Split(["p"] * 4, lambda _: 1 / 0), small(), 1)


# Validation


@pytest.mark.parametrize("count, expected", [(1, [0]), (3, [0, 3, 6]), (4, [0, 2, 5, 7]), (50, list(range(10)))])
def test_fixed_pairs_are_spread_evenly_and_the_same_at_each_call(count, expected):
    config = small(direction="b_to_a", jitter_size=64)
    first, second = fixed_pairs(split_of(10), config, count), fixed_pairs(split_of(10), config, count)
    assert numbers([source for source, _ in first], "B") == expected
    assert numbers([target for _, target in first], "A") == expected
    np.testing.assert_array_equal(first, second)


def test_fixed_pairs_are_whole_images_in_the_networks_range():
    config = small(image_size=32, jitter_size=64, mirror=True)
    image = np.dstack([np.arange(0, 256, 8, dtype=np.uint8)[None].repeat(32, axis=0)] * 3)
    (source, _), *_ = fixed_pairs(Split(["p"], lambda _: (image, image)), config, 1)
    np.testing.assert_allclose(source, image / 127.5 - 1, atol=1e-6)

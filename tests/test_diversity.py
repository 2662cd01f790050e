"""How outputs change with noise and input, for generators whose outputs are known."""

import math
import types

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Translator, build_generator
from pix2pix_tf.data.split import Split
from pix2pix_tf.evaluation.diversity import distance, diversity_report, mean_pairwise_distance


def flat(value, size=32):
    return np.full((size, size, 3), value, np.uint8)


@pytest.fixture
def report_of(tiny):
    """report_of(generate, values): the report on flat pairs, the same on both sides, for a generator of one's own."""

    def report_of(generate, values):
        split = Split([""] * len(values), lambda i: (flat(values[i]), flat(values[i])))
        translator = types.SimpleNamespace(config=tiny(batch_size=1), generate=generate)
        return diversity_report(translator, split)

    return report_of


def test_distance_by_hand():
    assert distance(flat(0), flat(255)) == 2.0
    half = flat(10)
    half[:16] += 51
    assert distance(half, flat(10)) == pytest.approx(0.2)
    assert distance(flat(250), flat(5)) == distance(flat(5), flat(250)) == pytest.approx(245 / 127.5)


def test_mean_pairwise_distance_by_hand():
    # 51, 102 and 51 apart.
    assert mean_pairwise_distance([flat(0), flat(51), flat(102)]) == pytest.approx((0.4 + 0.8 + 0.4) / 3)


def test_a_perfect_generator_is_as_diverse_as_the_targets(report_of):
    report = report_of(lambda source, seeds: source, [0, 51, 102])
    assert report["noise"] == 0.0
    assert report["outputs"] == report["targets"] == pytest.approx((0.4 + 0.8 + 0.4) / 3)
    assert report["spread"] == 1.0


def test_a_generator_that_sees_the_noise_only_has_collapsed(report_of):
    # Seeds 0 to 4 give 0, 10, … 40: over the ten pairs, the difference is 20 on average.
    def generate(source, seeds):
        ((seed, _),) = seeds
        return tf.zeros_like(source) + (10 * seed) / 127.5 - 1

    report = report_of(generate, [0, 51, 102])
    assert report["noise"] == pytest.approx(20 / 127.5)
    assert report["outputs"] == report["spread"] == 0.0
    assert report["targets"] > 0.5


def test_each_image_has_its_own_noise(report_of):
    seen = []
    report_of(lambda source, seeds: (seen.extend(seeds), source)[1], [0, 51])
    assert seen == [(seed, i) for seed in range(5) for i in range(2)]


def test_twenty_images_are_enough(report_of):
    numbers = []
    report = report_of(lambda source, seeds: (numbers.append(seeds[0][1]), source)[1], [100] * 45)
    assert report["pictures"] == 20
    assert numbers[:4] == [0, 2, 4, 6]
    assert math.isnan(report["spread"])  # All targets are the same.


@pytest.mark.parametrize(("dropout", "varies"), [(0.0, False), (0.5, True)])
def test_dropout_is_the_noise(tiny, dropout, varies):
    config = tiny(dropout=dropout)
    rng = np.random.default_rng(0)
    pairs = [tuple(rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)) for _ in range(2)]
    translator = Translator(config, build_generator(config, image_size=(None, None)))
    report = diversity_report(translator, Split(["", ""], pairs.__getitem__))
    assert (report["noise"] > 0) == varies

"""The bootstrap's interval against the binomial distribution, SciPy and the normal approximation."""

import numpy as np
import pytest
import scipy.stats

from pix2pix_tf.evaluation.bootstrap import mean_and_interval


def test_two_values_by_hand():
    # A resample's mean is 0 or 1 with probability 1/4 each, so the interval holds both.
    assert mean_and_interval([0.0, 1.0]) == {"mean": 0.5, "low": 0.0, "high": 1.0}


def test_equal_values_leave_no_doubt():
    assert mean_and_interval([0.25] * 8) == {"mean": 0.25, "low": 0.25, "high": 0.25}


def test_zeros_and_ones_follow_the_binomial_distribution():
    result = mean_and_interval([0] * 12 + [1] * 8)
    expected = scipy.stats.binom(20, 0.4).ppf([0.025, 0.975]) / 20
    assert [result["low"], result["high"]] == pytest.approx(expected)


def test_it_agrees_with_scipy():
    values = np.random.default_rng(3).gamma(2.0, size=60)
    result = mean_and_interval(values)
    expected = scipy.stats.bootstrap([values], np.mean, n_resamples=10_000, method="percentile", rng=1)
    assert result["mean"] == pytest.approx(np.mean(values))
    for name in ("low", "high"):
        assert result[name] == pytest.approx(getattr(expected.confidence_interval, name), abs=0.02)


def test_the_seed_decides():
    values = np.random.default_rng(3).gamma(2.0, size=60)
    assert mean_and_interval(values, 1) == mean_and_interval(values, 1) != mean_and_interval(values, 2)


def test_an_infinite_value_is_one_of_many():
    result = mean_and_interval([1.0] * 300 + [np.inf])
    assert (result["mean"], result["low"], result["high"]) == (np.inf, 1.0, np.inf)

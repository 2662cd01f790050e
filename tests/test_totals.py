"""Losses between two records: sums on the device, and the first step that was not finite."""

import dataclasses
import math

import pytest
import tensorflow as tf

from pix2pix_tf.training import totals

NAMES = ("d_loss", "g_l1")


def after(*steps):
    result = totals.no_steps(NAMES)
    for losses in steps:
        result = totals.add(result, tf.constant(losses))
    return totals.read(result, NAMES)


def test_the_means_are_over_the_steps():
    assert after([1.0, 2.0], [3.0, 7.0]) == totals.Reading({"d_loss": 2.0, "g_l1": 4.5}, 0, None)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_the_first_loss_that_is_not_finite_is_kept(value):
    assert after([1.0, 1.0], [1.0, value], [math.nan, math.nan]).bad == (2, "g_l1", value)


def test_nan_is_kept_too():
    step, name, value = after([math.nan, 1.0], [1.0, 1.0]).bad
    assert (step, name) == (1, "d_loss") and math.isnan(value)


def test_the_compiled_step_counts_what_it_returns():
    def train_step(condition, target, seeds, learning_rate):
        return {"g_l1": learning_rate * tf.reduce_mean(target), "d_loss": tf.reduce_mean(condition)}

    counted = totals.counting(train_step, NAMES)
    result = totals.no_steps(NAMES)
    for rate in (1.0, 3.0):
        result = counted(tf.fill([2], 5.0), tf.fill([2], 2.0), None, tf.constant(rate), result)
    assert totals.read(result, NAMES) == totals.Reading({"d_loss": 5.0, "g_l1": 4.0}, 0, None)


def test_there_is_no_mean_where_all_steps_were_skipped():
    result = totals.add(totals.no_steps(NAMES), tf.constant([math.nan, 1.0]), 1.0)
    means, skipped, bad = dataclasses.astuple(totals.read(result, NAMES))
    assert all(map(math.isnan, means.values())) and (skipped, bad) == (1, None)

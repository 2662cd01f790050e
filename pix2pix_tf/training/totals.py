"""Losses stay on the device between two log steps: their sums there, and the first step that was not finite."""

import dataclasses
import math
import typing

import tensorflow as tf


class Totals(typing.NamedTuple):
    """What is known on the device of the steps since the last record.

    Attributes:
      sums: float32 [losses], each loss added up over the steps.
      count: int32, the steps.
      bad_step: int32, which of these steps, from 1 on, was the first with a NaN or Inf; 0 if none was.
      bad_losses: float32 [losses] of that step.
    """

    sums: tf.Tensor
    count: tf.Tensor
    bad_step: tf.Tensor
    bad_losses: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Reading:
    """Totals as Python numbers.

    Attributes:
      means: {name of a loss: its mean}.
      bad: (which step, from 1 on, name of the loss, its value) of the first loss that was NaN or Inf; None if none was.
    """

    means: dict[str, float]
    bad: tuple[int, str, float] | None


def no_steps(names) -> Totals:
    """The totals before the first step."""
    zeros, zero = tf.zeros([len(names)]), tf.constant(0)
    return Totals(zeros, zero, zero, zeros)


def add(totals: Totals, losses: tf.Tensor) -> Totals:
    """Totals with one more step, whose `losses` are float32 [losses]."""
    count = totals.count + 1
    is_first_bad = (totals.bad_step == 0) & ~tf.reduce_all(tf.math.is_finite(losses))
    return Totals(
        totals.sums + losses,
        count,
        tf.where(is_first_bad, count, totals.bad_step),
        tf.where(is_first_bad, losses, totals.bad_losses),
    )


def counting(train_step, names):
    """A training step (see `step`) → the same compiled, as a function of its arguments and `Totals` → `Totals`."""

    @tf.function(autograph=False)
    def counted(condition, target, seeds, learning_rate, totals):
        losses = train_step(condition, target, seeds, learning_rate)
        return add(totals, tf.stack([tf.cast(losses[name], tf.float32) for name in names]))

    return counted


def read(totals: Totals, names) -> Reading:
    """Waits for the device and copies its totals."""
    sums, count, bad_step, bad_losses = (tensor.numpy() for tensor in totals)
    means = {name: float(value) / max(int(count), 1) for name, value in zip(names, sums, strict=True)}
    bad = None
    if bad_step:
        values = dict(zip(names, map(float, bad_losses), strict=True))
        name = next(name for name, value in values.items() if not math.isfinite(value))
        bad = (int(bad_step), name, values[name])
    return Reading(means, bad)

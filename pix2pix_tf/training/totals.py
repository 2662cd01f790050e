"""Losses stay on the device between two log steps: their sums there, and the first step that was not finite."""

import dataclasses
import math
import typing

import tensorflow as tf

MOST_SKIPPED = 50  # Steps in a row whose gradients overflow float16; more is as bad as a NaN.


class Totals(typing.NamedTuple):
    """What is known on the device of the steps since the last record.

    Attributes:
      sums: float32 [losses], each loss added up over the steps whose losses are all finite.
      finite: int32, how many these are.
      count: int32, the steps.
      skipped: int32, how many of them were skipped because gradients overflowed float16.
      in_a_row: int32, how many were skipped last, in earlier records too.
      bad_step: int32, which of these steps, from 1 on, was the first with a NaN or Inf; 0 if none was.
      bad_losses: float32 [losses] of that step.
    """

    sums: tf.Tensor
    finite: tf.Tensor
    count: tf.Tensor
    skipped: tf.Tensor
    in_a_row: tf.Tensor
    bad_step: tf.Tensor
    bad_losses: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Reading:
    """Totals as Python numbers.

    Attributes:
      means: {name of a loss: its mean}, NaN where no step was finite.
      skipped: how many steps were skipped.
      bad: (which step, from 1 on, name of the loss, its value) of the first loss that was NaN or Inf; None if none was.
    """

    means: dict[str, float]
    skipped: int
    bad: tuple[int, str, float] | None


def no_steps(names, before: Totals | None = None) -> Totals:
    """The totals before the first step, or after those of `before`."""
    zeros, zero = tf.zeros([len(names)]), tf.constant(0)
    return Totals(zeros, zero, zero, zero, before.in_a_row if before else zero, zero, zeros)


def add(totals: Totals, losses: tf.Tensor, skipped=0.0) -> Totals:
    """Totals with one more step of `losses`, float32 [losses]; where `skipped` is 1, not 0, they need not be finite."""
    is_finite = tf.reduce_all(tf.math.is_finite(losses))
    is_skipped = tf.convert_to_tensor(skipped) > 0
    count, one = totals.count + 1, tf.cast(is_skipped, tf.int32)
    in_a_row = (totals.in_a_row + 1) * one
    is_bad = (~is_skipped & ~is_finite) | (in_a_row >= MOST_SKIPPED)
    is_first_bad = (totals.bad_step == 0) & is_bad
    return Totals(
        totals.sums + tf.where(is_finite, losses, 0.0),
        totals.finite + tf.cast(is_finite, tf.int32),
        count,
        totals.skipped + one,
        in_a_row,
        tf.where(is_first_bad, count, totals.bad_step),
        tf.where(is_first_bad, losses, totals.bad_losses),
    )


def counting(train_step, names, compile="none"):
    """A training step (see `step`) → the same compiled, as a function of its arguments and `Totals` → `Totals`.

    `compile` is the field of `Config`.
    """

    # On many devices, gradients cannot be exchanged within a tf.function in another one.
    train_step = getattr(train_step, "python_function", train_step)

    @tf.function(autograph=False, jit_compile=compile == "xla" or None)
    def counted(condition, target, seeds, learning_rate, totals):
        losses = train_step(condition, target, seeds, learning_rate)
        vector = tf.stack([tf.cast(losses[name], tf.float32) for name in names])
        return add(totals, vector, losses.get("skipped", 0.0))

    return counted


def read(totals: Totals, names) -> Reading:
    """Waits for the device and copies its totals."""
    values = Totals(*(tensor.numpy() for tensor in totals))
    finite = int(values.finite) or math.nan  # Where all were skipped, there is no mean.
    means = {name: float(total) / finite for name, total in zip(names, values.sums, strict=True)}
    bad = None
    if values.bad_step:
        losses = dict(zip(names, map(float, values.bad_losses), strict=True))
        everything = f"the gradient of {MOST_SKIPPED} steps in a row"
        name = next((name for name, value in losses.items() if not math.isfinite(value)), everything)
        bad = (int(values.bad_step), name, losses.get(name, math.inf))
    return Reading(means, int(values.skipped), bad)

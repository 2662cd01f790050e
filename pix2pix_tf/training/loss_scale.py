"""Dynamic loss scaling, without which small gradients vanish in float16 and large ones overflow.

As `keras.mixed_precision.LossScaleOptimizer`: the loss is multiplied by a power of two, the gradients are divided by
it; a step whose gradients overflow is skipped and halves it, and 2,000 good steps in a row double it.
"""

import tensorflow as tf

START = 2.0**15
DOUBLED_AFTER = 2000


class LossScale(tf.Module):
    """The scale of one network's loss.

    Attributes:
      scale: float32.
      good_steps: int32, since the last change.
    """

    def __init__(self):
        super().__init__()
        one = tf.VariableAggregation.ONLY_FIRST_REPLICA  # With copies on many devices, one of them counts.
        self.scale = tf.Variable(START, trainable=False, aggregation=one)
        self.good_steps = tf.Variable(0, trainable=False, aggregation=one)

    def unscaled(self, gradients) -> tuple[list, tf.Tensor]:
        """Gradients of the scaled loss → (those of the loss itself, whether all of them are finite)."""
        gradients = [gradient / self.scale for gradient in gradients]
        return gradients, tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])

    def update(self, is_finite) -> None:
        """Adapts the scale after a step with these gradients."""
        good_steps = tf.where(is_finite, self.good_steps + 1, 0)
        doubles = good_steps >= DOUBLED_AFTER
        grown = tf.where(doubles, self.scale * 2.0, self.scale)
        self.scale.assign(tf.where(is_finite, grown, tf.maximum(self.scale / 2.0, 1.0)))
        self.good_steps.assign(tf.where(doubles, 0, good_steps))

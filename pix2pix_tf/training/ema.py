"""A running average of the generator's weights, which fluctuates less than the weights themselves. Not in the paper.

It is a network of its own, `ema`, beside the generator: in checkpoints, and for samples, validation and inference.
"""

import tensorflow as tf


def update_averages(averages, variables, decay, updates) -> None:
    """average += (1 - d)·(variable - average), d = min(decay, (1 + updates) / (10 + updates)).

    The bound, as in TensorFlow's own `ExponentialMovingAverage`, lets the first weights be forgotten in a short run.
    `updates` is how many the variables have seen, an integer tensor. Each device updates its own copy, with the same
    numbers on all of them.
    """
    updates = tf.cast(updates, tf.float32)
    share = 1.0 - tf.minimum(decay, (1.0 + updates) / (10.0 + updates))
    for average, variable in zip(averages, variables, strict=True):
        tf.raw_ops.AssignAddVariableOp(resource=average.handle, value=share * (variable - average))


def start_average(networks: dict) -> None:
    """Sets the average, if there is one among the networks, to the generator's present weights."""
    if "ema" in networks:
        networks["ema"].set_weights(networks["generator"].get_weights())

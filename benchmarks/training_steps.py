"""The training steps that are compared: this project's, stock Keras', and PyTorch's."""

import functools
import time

import devices
import tensorflow as tf
from stock import keras_policy, stock_train_step

from pix2pix_tf.networks import layers
from pix2pix_tf.training.state import new_state
from pix2pix_tf.training.step import make_train_step
from pix2pix_tf.utils.console import log


def our_train_step(config):
    """The step that `train.py` runs."""
    networks, optimizers = new_state(config)
    step = make_train_step(config, *networks.values(), *optimizers.values())
    seeds = tf.tile([[0, 1]], [config.batch_size, 1])
    rate = tf.constant(config.learning_rate)
    return lambda condition, target: step(condition, target, seeds, rate)


def keras_train_step(config):
    """The stock step."""
    with keras_policy(config.precision):
        return stock_train_step(config)


def make(config, precisions, peers, xla, small=None) -> dict:
    """{"stock Keras, float32": a function that makes the step}, of all kinds in all precisions, float32 first.

    With `xla`, TensorFlow's steps are compiled by it; `small` is `layers.SMALL` for this project's.
    """
    if small is not None:
        layers.SMALL = small

    def compiled(make_step, precision):
        step = make_step(config.replace(precision=precision))
        return tf.function(step, jit_compile=True) if xla else step

    kinds = {"stock Keras": keras_train_step, "pix2pix_tf": our_train_step}
    steps = {
        f"{kind}, {precision}": functools.partial(compiled, make_step, precision)
        for kind, make_step in kinds.items()
        for precision in precisions
    }
    if peers:
        import pytorch_step

        steps |= {f"PyTorch, {name}": functools.partial(pytorch_step.train_step, config, name) for name in precisions}
    return steps


def example(config) -> list:
    """A batch of noise: condition and target, float32 [N, H, W, 3] in [-1, 1]."""
    shape = (config.batch_size, *config.size, 3)
    return [tf.random.stateless_uniform(shape, [0, i], -1, 1) for i in range(2)]


def warm_up(makers, batch) -> dict:
    """{name: step without arguments} after a first call; one that the device emulates is left out, and said."""
    steps, seconds = {}, {}
    for name, make_step in makers.items():
        arguments = [part.numpy() for part in batch] if name.startswith("PyTorch") else batch
        step = functools.partial(make_step(), *arguments)
        float(step()["g_l1"])  # The first call traces and compiles.
        seconds[name] = min(_time(step) for _ in range(3))
        kind, precision = name.split(", ")
        slower = seconds[name] / seconds.get(f"{kind}, float32", seconds[name])
        if slower > devices.MUCH_SLOWER:
            log(f"{name}: {seconds[name]:.3f} s, {slower:.1f} times float32: {precision} is emulated here; left out")
        else:
            log(f"{name}: {seconds[name]:.3f} s after a warm-up")
            steps[name] = step
    return steps


def _time(step):
    start = time.perf_counter()
    float(step()["g_l1"])
    return time.perf_counter() - start

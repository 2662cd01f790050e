"""How long is a training step, beside the stock Keras formulation of the same step?

    python benchmarks/train_step.py

Stock: plain `Conv2D`, `Conv2DTranspose`, `BatchNormalization`, `Dropout` and `keras.optimizers.Adam`, D then G on
the updated D, in one `tf.function` (stock.py). All steps run in one process on the same data, in interleaved blocks;
each block's first call is left out, and the table shows medians and quartiles.
"""

import statistics
import time

import keras
import tensorflow as tf
from absl import app, flags
from stock import stock_train_step

import pix2pix_tf
from pix2pix_tf.networks import layers
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.state import variables_of
from pix2pix_tf.training.step import make_train_step

_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "images a step", lower_bound=1)
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 64, "width of both networks", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 8, "blocks of each kind", lower_bound=2)
_BLOCK = flags.DEFINE_integer("block", 6, "steps a block", lower_bound=2)
_SMALL = flags.DEFINE_integer("small", layers.SMALL, "largest side that takes the formulas of small.py; 0 for none")


def our_train_step(config):
    """The step that `train.py` runs."""
    generator, discriminator = pix2pix_tf.build_generator(config), pix2pix_tf.build_discriminator(config)
    optimizers = [Adam(variables_of(network), config.beta_1) for network in (generator, discriminator)]
    step = make_train_step(config, generator, discriminator, *optimizers)
    seeds = tf.tile([[0, 1]], [config.batch_size, 1])
    rate = tf.constant(config.learning_rate)
    return lambda condition, target: step(condition, target, seeds, rate)


def stock_bfloat16_train_step(config):
    """The stock step under Keras' own policy for bfloat16."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return stock_train_step(config)
    finally:
        keras.config.set_dtype_policy("float32")


def measure(steps, arguments, rounds, block):
    """{name: step} → {name: its times in seconds}, from interleaved blocks after a warm-up of each step."""
    seconds = {name: [] for name in steps}
    for round_number in range(rounds + 1):
        for name, step in steps.items():
            for call in range(block):
                start = time.perf_counter()
                float(step(*arguments)["g_l1"])
                if round_number and call:
                    seconds[name].append(time.perf_counter() - start)
    return seconds


def main(_):
    layers.SMALL = _SMALL.value
    config = pix2pix_tf.Config(
        image_size=_IMAGE_SIZE.value, batch_size=_BATCH_SIZE.value, base_filters=_BASE_FILTERS.value
    )
    shape = (config.batch_size, *config.size, 3)
    images = [tf.random.stateless_uniform(shape, [0, i], -1, 1) for i in range(2)]
    steps = {
        "stock Keras, float32": stock_train_step(config),
        "stock Keras, bfloat16": stock_bfloat16_train_step(config),
        "pix2pix_tf, float32": our_train_step(config),
        "pix2pix_tf, bfloat16": our_train_step(config.replace(precision="bfloat16")),
    }
    seconds = measure(steps, images, _ROUNDS.value, _BLOCK.value)
    stock = statistics.median(seconds["stock Keras, float32"])
    print(f"{'step':<23}{'seconds':>9}{'quartiles':>18}{'images/s':>10}{'x stock':>9}")
    for name, times in seconds.items():
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        spread = f"{low:.3f} to {high:.3f}"
        print(f"{name:<23}{median:9.3f}{spread:>18}{config.batch_size / median:10.2f}{stock / median:9.2f}")


if __name__ == "__main__":
    app.run(main)

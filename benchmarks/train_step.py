"""How long is a training step, beside the stock Keras formulation of the same step?

    python benchmarks/train_step.py

Stock: plain `Conv2D`, `Conv2DTranspose`, `BatchNormalization`, `Dropout` and `keras.optimizers.Adam`, D then G on
the updated D, in one `tf.function`. All steps run in one process on the same data, in interleaved blocks; each
block's first call is left out, and the table shows medians.
"""

import statistics
import time

import keras
import tensorflow as tf
from absl import app, flags

import pix2pix_tf
from pix2pix_tf import losses
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.step import make_train_step, variables_of

_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the pictures")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 1, "pictures a step", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 8, "blocks of each kind", lower_bound=2)
_BLOCK = flags.DEFINE_integer("block", 6, "steps a block", lower_bound=2)


def stock_generator(config):
    """The U-Net of plain Keras layers."""
    widths = [config.base_filters * width for width in (1, 2, 4, 8, 8, 8, 8, 8)]
    x = inputs = keras.Input((*config.size, 3))
    encoded = []
    for level, filters in enumerate(widths):
        if level:
            x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
        x = keras.layers.Conv2D(filters, 4, 2, "same", use_bias=False)(x)
        if 0 < level < len(widths) - 1:
            x = keras.layers.BatchNormalization(epsilon=1e-5)(x)
        encoded.append(x)
    for block, (filters, skip) in enumerate(zip(widths[-2::-1], encoded[-2::-1], strict=True)):
        x = keras.layers.ReLU()(x)
        x = keras.layers.Conv2DTranspose(filters, 4, 2, "same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(epsilon=1e-5)(x)
        if block < 3:
            x = keras.layers.Dropout(0.5)(x)
        x = keras.layers.Concatenate()([x, skip])
    x = keras.layers.ReLU()(x)
    return keras.Model(inputs, keras.layers.Conv2DTranspose(3, 4, 2, "same", activation="tanh")(x))


def stock_discriminator(config):
    """PatchGAN 70 of plain Keras layers."""
    inputs = [keras.Input((*config.size, 3)), keras.Input((*config.size, 3))]
    x = keras.layers.Concatenate()(inputs)
    for layer, width in enumerate((1, 2, 4, 8)):
        if layer < 3:
            x = keras.layers.Conv2D(config.base_filters * width, 4, 2, "same", use_bias=layer == 0)(x)
        else:
            x = keras.layers.ZeroPadding2D(1)(x)
            x = keras.layers.Conv2D(config.base_filters * width, 4, 1, "valid", use_bias=False)(x)
        if layer:
            x = keras.layers.BatchNormalization(epsilon=1e-5)(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    x = keras.layers.ZeroPadding2D(1)(x)
    return keras.Model(inputs, keras.layers.Conv2D(1, 4, 1, "valid")(x))


def stock_train_step(config):
    """D, then G on the updated D, as a Keras user would write it."""
    generator, discriminator = stock_generator(config), stock_discriminator(config)
    optimizers = [keras.optimizers.Adam(config.learning_rate, config.beta_1, epsilon=1e-8) for _ in range(2)]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)

    @tf.function
    def train_step(condition, target):
        with tf.GradientTape() as generator_tape:
            fake = generator(condition, training=True)
            with tf.GradientTape() as tape:
                real_logits = discriminator([condition, target], training=True)
                fake_logits = discriminator([condition, tf.stop_gradient(fake)], training=True)
                d_loss, _, _ = losses.discriminator_loss(config.gan_loss, real_logits, fake_logits)
            gradients = tape.gradient(d_loss, discriminator.trainable_variables)
            optimizers[1].apply(gradients, discriminator.trainable_variables)
            fake_logits = discriminator([condition, fake], training=True)
            g_gan = losses.generator_gan_loss(config.gan_loss, fake_logits)
            g_l1 = losses.reconstruction_loss(config.reconstruction, target, fake)
            g_loss = g_gan + config.reconstruction_weight * g_l1
        gradients = generator_tape.gradient(g_loss, generator.trainable_variables)
        optimizers[0].apply(gradients, generator.trainable_variables)
        return {"d_loss": d_loss, "g_gan": g_gan, "g_l1": g_l1}

    return train_step


def our_train_step(config):
    """The step that `train.py` runs."""
    generator, discriminator = pix2pix_tf.build_generator(config), pix2pix_tf.build_discriminator(config)
    optimizers = [Adam(variables_of(network), config.beta_1) for network in (generator, discriminator)]
    step = make_train_step(config, generator, discriminator, *optimizers)
    seeds = tf.tile([[0, 1]], [config.batch_size, 1])
    rate = tf.constant(config.learning_rate)
    return lambda condition, target: step(condition, target, seeds, rate)


def measure(steps, arguments, rounds, block):
    """{name: step} → {name: median seconds}, from interleaved blocks after a warm-up of each step."""
    seconds = {name: [] for name in steps}
    for round_number in range(rounds + 1):
        for name, step in steps.items():
            for call in range(block):
                start = time.perf_counter()
                float(step(*arguments)["g_l1"])
                if round_number and call:
                    seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main(_):
    config = pix2pix_tf.Config(image_size=_IMAGE_SIZE.value, batch_size=_BATCH_SIZE.value)
    shape = (config.batch_size, *config.size, 3)
    pictures = [tf.random.stateless_uniform(shape, [0, i], -1, 1) for i in range(2)]
    steps = {
        "stock Keras, float32": stock_train_step(config),
        "pix2pix_tf, float32": our_train_step(config),
        "pix2pix_tf, bfloat16": our_train_step(config.replace(precision="bfloat16")),
    }
    medians = measure(steps, pictures, _ROUNDS.value, _BLOCK.value)
    stock, float32, _ = medians.values()
    print(f"{'step':<22}{'seconds':>9}{'images/s':>10}{'x stock':>9}{'x float32':>11}")
    for name, seconds in medians.items():
        print(
            f"{name:<22}{seconds:9.3f}{config.batch_size / seconds:10.2f}"
            f"{stock / seconds:9.2f}{float32 / seconds:11.2f}"
        )


if __name__ == "__main__":
    app.run(main)

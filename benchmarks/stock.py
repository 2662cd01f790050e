"""pix2pix as a Keras user would write it, of stock layers and Keras' Adam: what the other benchmarks compare with."""

import contextlib

import keras
import tensorflow as tf

from pix2pix_tf import losses


@contextlib.contextmanager
def keras_policy(precision):
    """Layers that are made inside compute in a precision by Keras' own policy for it."""
    keras.config.set_dtype_policy("float32" if precision == "float32" else f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def stock_generator(config, input_channels=3, output_channels=3):
    """The U-Net of plain Keras layers."""
    widths = [config.base_filters * width for width in (1, 2, 4, 8, 8, 8, 8, 8)[: config.levels]]
    x = inputs = keras.Input((*config.size, input_channels))
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
    x = keras.layers.Conv2DTranspose(output_channels, 4, 2, "same", activation="tanh", dtype="float32")(x)
    return keras.Model(inputs, x)


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
    return keras.Model(inputs, keras.layers.Conv2D(1, 4, 1, "valid", dtype="float32")(x))


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

"""The losses against numbers computed by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import losses

# Logits whose probabilities are 1/2, 3/4, 1/4 and 9/10.
LOGITS = [0.0, math.log(3), -math.log(3), math.log(9)]
SHAPES = [(4,), (4, 1, 1, 1), (1, 2, 2, 1), (2, 2, 1, 1)]


def logits(shape=(4,), dtype=tf.float32):
    return tf.constant(LOGITS, dtype, shape)


def bfloat16(values):
    return np.array(tf.cast(tf.cast(values, tf.bfloat16), tf.float32))


@pytest.mark.parametrize("shape", SHAPES)
def test_vanilla_discriminator_loss(shape):
    total, real, fake = losses.discriminator_loss("vanilla", logits(shape), -logits(shape))
    expected = -(math.log(1 / 2) + math.log(3 / 4) + math.log(1 / 4) + math.log(9 / 10)) / 4
    np.testing.assert_allclose([total, real, fake], [expected] * 3, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_lsgan_discriminator_loss(shape):
    total, real, fake = losses.discriminator_loss("lsgan", logits(shape) + 1.0, logits(shape) + 2.0)
    squares = [value**2 for value in LOGITS]
    shifted = [(value + 2) ** 2 for value in LOGITS]
    expected = [(sum(squares) + sum(shifted)) / 8, sum(squares) / 4, sum(shifted) / 4]
    np.testing.assert_allclose([total, real, fake], expected, rtol=1e-6)


def test_hinge():
    real, fake = tf.constant([2.0, 0.5, -1.0]), tf.constant([-2.0, 0.5, 1.0, -0.5])
    found = losses.discriminator_loss("hinge", real, fake)
    np.testing.assert_allclose(found, [((0.5 + 2) / 3 + (1.5 + 2 + 0.5) / 4) / 2, 2.5 / 3, 1.0], rtol=1e-6)
    np.testing.assert_allclose(losses.generator_gan_loss("hinge", fake), 0.25)


def test_label_smoothing_is_one_sided():
    found = losses.discriminator_loss("lsgan", tf.constant([0.5, 1.0]), tf.constant([0.5, 1.0]), 0.2)
    np.testing.assert_allclose(found, [(0.065 + 0.625) / 2, (0.09 + 0.04) / 2, 1.25 / 2], rtol=1e-6)
    _, real, fake = losses.discriminator_loss("vanilla", logits(), -logits(), 0.2)
    wrong = -(math.log(1 / 2) + math.log(1 / 4) + math.log(3 / 4) + math.log(1 / 10)) / 4
    right = -(math.log(1 / 2) + math.log(3 / 4) + math.log(1 / 4) + math.log(9 / 10)) / 4
    np.testing.assert_allclose([real, fake], [0.8 * right + 0.2 * wrong, right], rtol=1e-6)


def test_r1_is_the_mean_squared_norm():
    gradients = tf.reshape(tf.constant([3.0, 4.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]), [2, 1, 2, 2])
    np.testing.assert_allclose(losses.r1_penalty(gradients), (25 + 4) / 2)


def test_the_discriminators_objective_is_halved_and_its_terms_are_not():
    total, real, fake = losses.discriminator_loss("vanilla", tf.zeros([3]), tf.fill([3], math.log(3)))
    np.testing.assert_allclose([real, fake], [math.log(2), math.log(4)], rtol=1e-6)
    np.testing.assert_allclose(total, math.log(8) / 2, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_generator_loss(shape):
    vanilla = -(math.log(1 / 2) + math.log(3 / 4) + math.log(1 / 4) + math.log(9 / 10)) / 4
    np.testing.assert_allclose(losses.generator_gan_loss("vanilla", logits(shape)), vanilla, rtol=1e-6)
    lsgan = sum((value - 1) ** 2 for value in LOGITS) / 4
    np.testing.assert_allclose(losses.generator_gan_loss("lsgan", logits(shape)), lsgan, rtol=1e-6)


def test_the_generators_loss_does_not_saturate():
    fake_logits = tf.constant([-100.0])
    with tf.GradientTape() as tape:
        tape.watch(fake_logits)
        loss = losses.generator_gan_loss("vanilla", fake_logits)
    np.testing.assert_allclose([loss, *tape.gradient(loss, fake_logits)], [100.0, -1.0], rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_reconstruction(shape):
    target, output = tf.constant([0.0, 1.0, -1.0, 0.5], shape=shape), tf.constant([0.5, 1.0, 1.0, 0.25], shape=shape)
    np.testing.assert_allclose(losses.reconstruction_loss("l1", target, output), (0.5 + 0 + 2 + 0.25) / 4)
    np.testing.assert_allclose(losses.reconstruction_loss("l2", target, output), (0.25 + 0 + 4 + 0.0625) / 4)


def test_feature_matching_is_the_mean_over_layers_of_mean_distances():
    real = [tf.zeros([1, 2, 2, 3]), tf.ones([1, 1, 1, 5])]
    fake = [tf.fill([1, 2, 2, 3], -0.5), tf.fill([1, 1, 1, 5], 3.0)]
    np.testing.assert_allclose(losses.feature_matching_loss(real, fake), (0.5 + 2.0) / 2)


def test_feature_matching_moves_only_the_fake():
    real, fake = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 0.0])
    with tf.GradientTape() as tape:
        loss = losses.feature_matching_loss([real], [fake])
    to_real, to_fake = tape.gradient(loss, [real, fake])
    assert to_real is None
    np.testing.assert_allclose(to_fake, [0.5, -0.5])


@pytest.mark.parametrize(
    ("loss", "same"),
    [
        (
            lambda x: losses.discriminator_loss("vanilla", x, x)[0],
            lambda x: np.mean(np.log(2 + np.exp(x) + np.exp(-x)) / 2),
        ),
        (lambda x: losses.discriminator_loss("lsgan", x, x)[0], lambda x: np.mean((x - 1) ** 2 + x**2) / 2),
        (lambda x: losses.generator_gan_loss("vanilla", x), lambda x: np.mean(np.log1p(np.exp(-x)))),
        (lambda x: losses.generator_gan_loss("lsgan", x), lambda x: np.mean((x - 1) ** 2)),
        (lambda x: losses.reconstruction_loss("l1", x, -x), lambda x: np.mean(np.abs(2 * x))),
        (lambda x: losses.reconstruction_loss("l2", x, -x), lambda x: np.mean(4 * x**2)),
        (lambda x: losses.feature_matching_loss([x], [-x]), lambda x: np.mean(np.abs(2 * x))),
    ],
)
def test_losses_of_bfloat16_are_computed_in_float32(loss, same):
    values = tf.random.stateless_normal([1000], [1, 2])
    result = loss(tf.cast(values, tf.bfloat16))
    assert result.dtype == tf.float32
    np.testing.assert_allclose(result, same(bfloat16(values)), rtol=1e-5)

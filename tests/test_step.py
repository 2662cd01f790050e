"""One training step against the same step computed by hand, term by term."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, build_discriminator, build_generator
from pix2pix_tf.networks.discriminator import feature_layers
from pix2pix_tf.networks.layers import run
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.state import variables_of
from pix2pix_tf.training.step import loss_names, make_train_step

CONFIG = Config(image_size=32, base_filters=2, receptive_field=16)
SEEDS = tf.constant([[1, 2], [3, 4]], tf.int64)
D_TERMS = {"d_loss", "d_real", "d_fake"}


class Descent:
    """Plain gradient descent, so that an update shows its gradient."""

    def apply(self, gradients, variables, learning_rate):
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(learning_rate * gradient)


def images(seed):
    coarse = tf.random.stateless_uniform([2, 8, 8, 3], [seed, 0], -1.0, 1.0)
    return tf.image.resize(coarse, (32, 32))


def networks(config):
    """A generator and a discriminator with weights large enough for noticeable gradients."""
    pair = build_generator(config), build_discriminator(config)
    for network in pair:
        for variable in network.variables:
            variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    return pair


def values(network):
    return [variable.numpy() for variable in network.variables]


def see(config, network, condition, image):
    return run(network, [condition, image] if config.conditional else image, statistics="batch")


def call(config, logits, real):
    if config.gan_loss == "lsgan":
        return tf.reduce_mean((logits - (1.0 if real else 0.0)) ** 2)
    if config.gan_loss == "hinge":
        return tf.reduce_mean(tf.maximum(1 - logits if real else 1 + logits, 0))
    return tf.reduce_mean(tf.math.softplus(-logits if real else logits))


def discriminator_objective(config, discriminator, condition, target, fake):
    logits = see(config, discriminator, condition, target)
    share = config.label_smoothing
    real = (1 - share) * call(config, logits, True) + (share * call(config, logits, False) if share else 0)
    half = (real + call(config, see(config, discriminator, condition, fake), False)) / 2
    return half + config.r1_weight / 2 * (penalty(config, discriminator, condition, target) if config.r1_weight else 0)


def penalty(config, discriminator, condition, target):
    """R1 by TensorFlow's own gradients alone."""
    return tf.reduce_sum(to_target(config, discriminator, condition, target) ** 2) / target.shape[0]


def to_target(config, discriminator, condition, target):
    with tf.GradientTape() as tape:
        tape.watch(target)
        scores = judged(config, discriminator, condition, target)
    return tape.gradient(scores, target)


def judged(config, discriminator, condition, target):
    return tf.reduce_sum(tf.reduce_mean(see(config, discriminator, condition, target), (1, 2, 3)))


def generator_objective(config, discriminator, condition, target, fake):
    error = target - fake
    total = config.reconstruction_weight * tf.reduce_mean(tf.abs(error) if config.reconstruction == "l1" else error**2)
    if config.gan_weight:
        network = feature_layers(discriminator)
        logits, *fakes = see(config, network, condition, fake)
        _, *reals = see(config, network, condition, target)
        distances = [tf.reduce_mean(tf.abs(a - b)) for a, b in zip(reals, fakes, strict=True)]
        total -= config.gan_weight * tf.reduce_mean(logits) if config.gan_loss == "hinge" else 0.0
        total += config.gan_weight * call(config, logits, True) if config.gan_loss != "hinge" else 0.0
        total += config.feature_matching_weight * sum(distances) / len(distances)
    return total


@functools.cache
def one_step(config, rate=0.1):
    """Networks after one step of gradient descent, and its losses; compiled once for all tests."""
    generator, discriminator = networks(config)
    step = make_train_step(config, generator, discriminator, Descent(), Descent())
    losses = step(images(1), images(2), SEEDS, tf.constant(rate))
    return generator, discriminator, {name: float(value) for name, value in losses.items()}


def descended(network, objective, rate=0.1):
    """The weights that one step of gradient descent on `objective()` gives."""
    with tf.GradientTape() as tape:
        loss = objective()
    gradients = tape.gradient(loss, variables_of(network))
    return [value - rate * gradient.numpy() for value, gradient in zip(values(network), gradients, strict=True)]


def assert_all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-6)


WEIGHTS = {"gan_weight": 3.0, "reconstruction_weight": 50.0, "feature_matching_weight": 10.0}
STABLE = {"label_smoothing": 0.2, "r1_weight": 8.0, "discriminator_learning_rate": 1e-4}
HINGE = {"gan_loss": "hinge", "norm": "instance"}
OF_BOTH = [{}, {"gan_loss": "lsgan"}, {"conditional": False}, HINGE, STABLE]
OF_THE_GENERATOR = [{"reconstruction": "l2"}, {"reconstruction_weight": 0.0}, WEIGHTS]


@pytest.mark.parametrize("changes", OF_BOTH)
def test_the_discriminators_update_is_the_gradient_of_half_its_losses(changes):
    config = CONFIG.replace(**changes)
    generator, discriminator = networks(config)
    condition, target = images(1), images(2)
    fake = run(generator, condition, statistics="batch", seed=SEEDS)
    rate = 0.05 if config.discriminator_learning_rate else 0.1
    expected = descended(
        discriminator, lambda: discriminator_objective(config, discriminator, condition, target, fake), rate
    )
    _, updated, losses = one_step(config)
    assert_all_close(values(updated), expected)
    objective = discriminator_objective(config, discriminator, condition, target, fake)
    assert losses["d_loss"] == pytest.approx(float(objective), rel=1e-4)
    assert losses["d_loss"] == pytest.approx((losses["d_real"] + losses["d_fake"]) / 2 + 4 * losses.get("d_r1", 0))


def test_r1_is_how_fast_the_discriminators_judgement_changes():
    """Along its own gradient g a function changes by |g|², here of all images together; by finite differences."""
    config = CONFIG.replace(**STABLE)
    _, discriminator = networks(config)
    gradient = to_target(config, discriminator, images(1), images(2))
    there, back = (judged(config, discriminator, images(1), images(2) + sign * 0.01 * gradient) for sign in (1, -1))
    squared = float(there - back) / 0.02
    assert one_step(config)[2]["d_r1"] == pytest.approx(squared / 2, rel=0.01)
    assert squared > 1e-4


@pytest.mark.parametrize("changes", OF_BOTH + OF_THE_GENERATOR)
def test_the_generators_update_is_the_gradient_against_the_updated_discriminator(changes):
    config = CONFIG.replace(**changes)
    updated_generator, updated, losses = one_step(config)
    generator, _ = networks(config)
    condition, target = images(1), images(2)

    def objective():
        fake = run(generator, condition, statistics="batch", seed=SEEDS)
        return generator_objective(config, updated, condition, target, fake)

    assert losses["g_loss"] == pytest.approx(float(objective()), rel=1e-4)
    assert_all_close(values(updated_generator), descended(generator, objective))


def test_the_perceptual_loss_is_the_distance_of_features_and_moves_the_generator():
    """With features of random weights: a convolution in the place of VGG-16."""
    kernel = tf.random.stateless_normal([3, 3, 3, 4], [1, 2])

    def features(image):
        first = tf.nn.relu(tf.nn.conv2d(image, kernel, 1, "SAME"))
        return [first, tf.nn.avg_pool2d(first, 2, 2, "VALID")]

    config = CONFIG.replace(gan_weight=0.0, reconstruction_weight=10.0, perceptual_weight=3.0)
    generator, _ = networks(config)
    condition, target = images(1), images(2)

    def distance(fake):
        pairs = zip(features(target), features(fake), strict=True)
        return sum(tf.reduce_mean(tf.abs(real - made)) for real, made in pairs) / 2

    def objective():
        fake = run(generator, condition, statistics="batch", seed=SEEDS)
        return generator_objective(config, None, condition, target, fake) + 3 * distance(fake)

    expected, loss = descended(generator, objective), float(objective())
    term = float(distance(run(generator, condition, statistics="batch", seed=SEEDS)))
    step = make_train_step(config, generator, None, Descent(), None, perceptual=features)
    losses = step(condition, target, SEEDS, tf.constant(0.1))
    assert losses.keys() == {"g_loss", "g_l1", "g_perceptual"} == set(loss_names(config))
    assert float(losses["g_perceptual"]) == pytest.approx(term, rel=1e-4)
    assert float(losses["g_loss"]) == pytest.approx(loss, rel=1e-4)
    assert_all_close(values(generator), expected)


def test_the_old_discriminator_would_give_another_loss():
    generator, discriminator = networks(CONFIG)
    _, updated, losses = one_step(CONFIG, rate=1.0)
    fake = run(generator, images(1), statistics="batch", seed=SEEDS)
    old, new = (float(call(CONFIG, see(CONFIG, d, images(1), fake), True)) for d in (discriminator, updated))
    assert losses["g_gan"] == pytest.approx(new, rel=1e-4)
    assert losses["g_gan"] != pytest.approx(old, rel=1e-2)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, D_TERMS | {"g_loss", "g_gan", "g_l1"}),
        ({"reconstruction": "l2"}, D_TERMS | {"g_loss", "g_gan", "g_l2"}),
        ({"reconstruction_weight": 0.0}, D_TERMS | {"g_loss", "g_gan"}),
        (WEIGHTS, D_TERMS | {"g_loss", "g_gan", "g_l1", "g_feature_matching"}),
        (STABLE, D_TERMS | {"d_r1", "g_loss", "g_gan", "g_l1"}),
        ({"precision": "bfloat16"}, D_TERMS | {"g_loss", "g_gan", "g_l1"}),
    ],
)
def test_losses_are_those_whose_weight_is_not_zero(changes, names):
    assert one_step(CONFIG.replace(**changes))[2].keys() == names


def test_the_generators_loss_is_the_weighted_sum():
    losses = one_step(CONFIG.replace(**WEIGHTS))[2]
    total = 3 * losses["g_gan"] + 50 * losses["g_l1"] + 10 * losses["g_feature_matching"]
    assert losses["g_loss"] == pytest.approx(total, rel=1e-5)


def test_without_gan_weight_there_is_no_discriminator():
    config = CONFIG.replace(gan_weight=0.0)
    generator, _ = networks(config)

    def output():
        return run(generator, images(1), statistics="batch", seed=SEEDS)

    expected_l1 = float(tf.reduce_mean(tf.abs(images(2) - output())))
    expected = descended(generator, lambda: generator_objective(config, None, images(1), images(2), output()))
    step = make_train_step(config, generator, None, Descent(), None)
    losses = step(images(1), images(2), SEEDS, tf.constant(0.1))
    assert losses.keys() == {"g_loss", "g_l1"}
    np.testing.assert_allclose([losses["g_loss"], losses["g_l1"]], [100 * expected_l1, expected_l1], rtol=1e-4)
    assert_all_close(values(generator), expected)


def adam(network):
    return Adam(variables_of(network), 0.5)


def test_a_step_is_reproducible_and_its_noise_follows_the_seeds():
    generator, discriminator = networks(CONFIG)
    step = make_train_step(CONFIG, generator, discriminator, Descent(), Descent())
    start, results = [generator.get_weights(), discriminator.get_weights()], []
    for seeds in (SEEDS, SEEDS, SEEDS + 1):
        generator.set_weights(start[0])
        discriminator.set_weights(start[1])
        losses = step(images(1), images(2), seeds, tf.constant(0.1))
        results.append([*losses.values(), *values(generator), *values(discriminator)])
    first, same, other = results
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first[2:6], other[2:6], strict=True))


def test_bfloat16_losses_are_nearly_those_of_float32():
    rounded, exact = (one_step(CONFIG.replace(precision=precision))[2] for precision in ("bfloat16", "float32"))
    for name, value in exact.items():
        assert rounded[name] == pytest.approx(value, rel=0.05)


def test_training_on_one_pair_brings_the_output_nearer():
    generator, discriminator = build_generator(CONFIG), build_discriminator(CONFIG)
    step = make_train_step(CONFIG, generator, discriminator, adam(generator), adam(discriminator))
    history = [float(step(images(1), images(2), SEEDS, tf.constant(5e-3))["g_l1"]) for _ in range(20)]
    assert history[-1] < 0.75 * history[0]

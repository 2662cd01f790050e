"""The fused Adam against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf.training.adam import Adam

SHAPES = [(3, 4), (5,), ()]


def start():
    return [tf.random.stateless_normal(shape, [len(shape), 1]) * 0.02 for shape in SHAPES]


def gradients(step):
    return [tf.random.stateless_normal(shape, [len(shape), 10 + step]) * 10.0 ** (-step) for shape in SHAPES]


@pytest.mark.parametrize("beta_1", [0.5, 0.0, 0.9])
def test_five_updates_equal_those_of_keras(beta_1):
    ours, theirs = [tf.Variable(value) for value in start()], [keras.Variable(value) for value in start()]
    adam = Adam(ours, beta_1)
    reference = keras.optimizers.Adam(beta_1=beta_1, beta_2=0.999, epsilon=1e-8)
    for step in range(5):
        rate = 2e-4 / (step + 1)
        adam.apply(gradients(step), ours, tf.constant(rate))
        reference.learning_rate = rate
        reference.apply(gradients(step), theirs)
    assert np.abs(ours[0] - start()[0]).max() > 2e-4
    for variable, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(variable, expected, rtol=0, atol=1e-7)


def test_the_first_update_is_one_learning_rate_long_whatever_the_gradient():
    variable = tf.Variable([1.0, 1.0, 1.0])
    Adam([variable], 0.5).apply([tf.constant([1e-3, -5.0, 0.0])], [variable], tf.constant(0.25))
    np.testing.assert_allclose(variable, [0.75, 1.25, 1.0], rtol=1e-3)


def test_moments_by_hand():
    variable = tf.Variable(0.0)
    adam = Adam([variable], 0.5)
    for gradient in (2.0, 4.0):
        adam.apply([tf.constant(gradient)], [variable], tf.constant(0.0))
    assert adam.iterations.numpy() == 2
    new = 1 - np.float32(0.999)
    np.testing.assert_allclose(adam.momentums[0], 0.5 * (0.5 * 2) + 0.5 * 4)
    np.testing.assert_allclose(adam.velocities[0], (1 - new) * (new * 4) + new * 16, rtol=1e-6)


def test_it_works_on_keras_variables_inside_a_graph():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    variables = [variable.value for variable in layer.trainable_variables]
    before = layer.get_weights()
    adam = Adam(variables, 0.5)
    update = tf.function(lambda rate: adam.apply([tf.ones_like(v) for v in variables], variables, rate))
    update(tf.constant(0.1))
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_allclose(new, old - 0.1, atol=1e-6)


def test_a_missing_gradient_is_an_error():
    variables = [tf.Variable(0.0), tf.Variable(0.0)]
    with pytest.raises(ValueError, match="zip"):
        Adam(variables, 0.5).apply([tf.constant(1.0)], variables, tf.constant(0.1))


def test_its_state_is_tracked_for_checkpoints():
    adam = Adam([tf.Variable([1.0]), tf.Variable([2.0])], 0.5)
    assert len(adam.variables) == 5

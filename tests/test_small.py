"""The formulas for very small inputs equal TensorFlow's own convolutions, and so do their gradients."""

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf.networks import layers
from pix2pix_tf.networks.small import small_convolution, small_transposed_convolution

EVEN_SIZES = [(2, 2), (4, 4), (6, 6), (8, 8), (4, 8), (8, 2)]
ANY_SIZES = [(1, 1), (2, 2), (4, 4), (8, 8), (4, 8), (1, 4), (3, 5)]
CASES = [(small_convolution, *size) for size in EVEN_SIZES] + [
    (small_transposed_convolution, *size) for size in ANY_SIZES
]


def stock(x, kernel, function):
    if function is small_convolution:
        return tf.nn.conv2d(x, kernel, strides=2, padding="SAME")
    shape = [x.shape[0], 2 * x.shape[1], 2 * x.shape[2], kernel.shape[2]]
    return tf.nn.conv2d_transpose(x, kernel, shape, strides=2, padding="SAME")


def operands(function, height, width, batch=3):
    x = tf.random.stateless_normal([batch, height, width, 5], [1, 2])
    kernel = tf.random.stateless_normal([4, 4, 5, 7] if function is small_convolution else [4, 4, 7, 5], [3, 4])
    return x / 4, kernel / 10


def value_and_gradients(function, x, kernel):
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = function(x, kernel)
        scalar = tf.reduce_sum(y * tf.random.stateless_normal(y.shape, [5, 6]))
    return y, *tape.gradient(scalar, [x, kernel])


@pytest.mark.parametrize(("function", "height", "width"), CASES)
@pytest.mark.parametrize(("batch", "training"), [(1, True), (3, True), (3, False)])
def test_the_function_and_its_gradients_equal_the_stock_ones(function, height, width, batch, training):
    x, kernel = operands(function, height, width, batch)
    results = value_and_gradients(lambda x, kernel: function(x, kernel, training), x, kernel)
    expected = value_and_gradients(lambda x, kernel: stock(x, kernel, function), x, kernel)
    for result, reference in zip(results, expected, strict=True):
        assert result.shape == reference.shape
        np.testing.assert_allclose(result, reference, atol=1e-5)


@pytest.mark.parametrize("function", [small_convolution, small_transposed_convolution])
def test_the_batch_size_may_be_unknown(function):
    x, kernel = operands(function, 4, 8)

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 8, 5]), tf.TensorSpec(kernel.shape)])
    def graph(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = function(x, kernel, training=True)
        return y, *tape.gradient(y, [x, kernel])

    y, to_x, to_kernel = graph(x, kernel)
    np.testing.assert_allclose(y, stock(x, kernel, function), atol=1e-5)
    assert to_x.shape == x.shape and to_kernel.shape == kernel.shape


@pytest.mark.parametrize("function", [small_convolution, small_transposed_convolution])
def test_bfloat16_stays_bfloat16(function):
    x, kernel = (tf.cast(operand, tf.bfloat16) for operand in operands(function, 4, 4))
    results = value_and_gradients(lambda x, kernel: tf.cast(function(x, kernel, training=True), tf.float32), x, kernel)
    assert function(x, kernel).dtype == results[1].dtype == results[2].dtype == tf.bfloat16
    expected = stock(tf.cast(x, tf.float32), tf.cast(kernel, tf.float32), function)
    np.testing.assert_allclose(results[0], expected, atol=0.03)


def test_they_are_taken_on_cpus_only(monkeypatch):
    assert layers.SMALL == layers._small_side() == 8
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"a {kind}"])
    assert layers._small_side() == 0

"""The layers of both networks, and the one place where norm statistics and noise are decided."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, build_discriminator, build_generator
from pix2pix_tf.networks.layers import Downsample, Dropout, Norm, PaddedConv, Upsample, measure_statistics, run

COMMON = {"seed": 0, "name": "layer", "dtype": "float32"}
CONFIG = Config(image_size=32, base_filters=2)


def random(*shape, seed=1):
    return tf.random.stateless_normal(shape, [seed, 2])


def noisy(rate=0.5):
    return Dropout(rate, name="noise", dtype="float32")


def norm(kind, channels=3):
    layer = Norm(kind, seed=0, name="norm", dtype="float32")
    layer.build((None, None, None, channels))
    layer.gamma.assign(random(channels, seed=7))
    layer.beta.assign(random(channels, seed=8))
    return layer


def normalized(x, axes, layer):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * layer.gamma.numpy() + layer.beta.numpy()


def all_values(network):
    return {variable.path: variable.numpy().copy() for variable in network.variables}


@pytest.mark.parametrize(("height", "width"), [(2, 2), (8, 8), (4, 8), (8, 10), (16, 32)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_downsample_is_a_strided_convolution_with_one_pixel_of_zeros_around(height, width, use_bias):
    layer, x = Downsample(5, use_bias=use_bias, **COMMON), random(2, height, width, 3)
    layer.build(x.shape)
    if use_bias:
        layer.bias.assign(random(5))
    expected = tf.nn.conv2d(x, layer.kernel, 2, [[0, 0], [1, 1], [1, 1], [0, 0]])
    np.testing.assert_allclose(layer(x), expected + (random(5) if use_bias else 0.0), atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (8, 8), (4, 8), (8, 9), (16, 32)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_upsample_is_the_stock_transposed_convolution(height, width, use_bias):
    layer, x = Upsample(5, use_bias=use_bias, **COMMON), random(2, height, width, 3)
    layer.build(x.shape)
    if use_bias:
        layer.bias.assign(random(5))
    expected = tf.nn.conv2d_transpose(x, layer.kernel, [2, 2 * height, 2 * width, 5], 2)
    np.testing.assert_allclose(layer(x), expected + (random(5) if use_bias else 0.0), atol=1e-6)


@pytest.mark.parametrize(("kernel_size", "zeros", "shrink"), [(4, 1, 1), (1, 0, 0)])
def test_padded_conv_pads_as_the_authors_do(kernel_size, zeros, shrink):
    layer = PaddedConv(5, kernel_size=kernel_size, zeros=zeros, use_bias=True, **COMMON)
    x = random(2, 9, 12, 3)
    layer.build(x.shape)
    layer.bias.assign(random(5))
    expected = tf.nn.conv2d(x, layer.kernel, 1, [[0, 0], [zeros, zeros], [zeros, zeros], [0, 0]]) + random(5)
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
    assert layer.compute_output_shape((2, 9, 12, 3)) == expected.shape == (2, 9 - shrink, 12 - shrink, 5)
    assert layer.compute_output_shape((None, None, 12, 3)) == (None, None, 12 - shrink, 5)


@pytest.mark.parametrize(
    ("kind", "statistics", "axes"),
    [
        ("batch", "batch", (0, 1, 2)),
        ("batch", "image", (1, 2)),
        ("instance", "batch", (1, 2)),
        ("instance", "image", (1, 2)),
    ],
)
@pytest.mark.parametrize("images", [1, 3])
def test_norm_equals_numpy(kind, statistics, axes, images):
    layer, x = norm(kind), random(images, 4, 6, 3) * 2 + 3
    result = layer(x, statistics=statistics)
    np.testing.assert_allclose(result, normalized(x.numpy(), axes, layer), atol=2e-5)


@pytest.mark.parametrize(("kind", "axes"), [("batch", (0, 1, 2)), ("instance", (1, 2))])
def test_norm_in_training_and_by_default(kind, axes):
    layer, x = norm(kind), random(3, 4, 6, 3)
    np.testing.assert_allclose(layer(x, training=True), normalized(x.numpy(), axes, layer), atol=2e-5)
    np.testing.assert_allclose(layer(x), normalized(x.numpy(), (1, 2), layer), atol=2e-5)


@pytest.mark.parametrize("statistics", ["batch", "image"])
def test_norm_of_a_batch_of_unknown_size(statistics):
    layer, x = norm("batch"), random(1, 4, 6, 3)
    graph = tf.function(
        lambda x: layer(x, statistics=statistics), input_signature=[tf.TensorSpec([None, None, None, 3])]
    )
    np.testing.assert_allclose(graph(x), normalized(x.numpy(), (1, 2), layer), atol=2e-5)


@pytest.mark.parametrize("images", [1, 2])
def test_norm_of_bfloat16_is_computed_in_float32(images):
    layer = Norm("batch", seed=0, name="norm", dtype="mixed_bfloat16")
    x = tf.cast(random(images, 8, 8, 3) + 100.0, tf.bfloat16)
    result = layer(x)
    assert result.dtype == tf.bfloat16
    assert layer.gamma.dtype == layer.beta.dtype == "float32"
    expected = normalized(np.array(tf.cast(x, tf.float32)), (1, 2), layer)
    np.testing.assert_allclose(tf.cast(result, tf.float32), expected, rtol=2**-7, atol=1e-5)


def test_norm_starts_near_the_identity():
    layer = Norm("batch", seed=0, name="norm", dtype="float32")
    layer.build((None, None, None, 4000))
    assert abs(np.mean(layer.gamma) - 1) < 0.002
    assert 0.019 < np.std(layer.gamma) < 0.021
    assert not np.any(layer.beta)


def test_there_is_no_noise_unless_asked():
    x = random(2, 4, 4, 8)
    np.testing.assert_array_equal(noisy()(x), x)
    np.testing.assert_array_equal(noisy()(x, seed=None), x)


def test_rate_zero_is_no_noise():
    x = random(2, 4, 4, 8)
    np.testing.assert_array_equal(noisy(0.0)(x, seed=[1, 2]), x)
    np.testing.assert_array_equal(noisy(0.0)(x, training=True), x)


def test_the_same_seed_draws_the_same_noise_and_another_seed_another():
    x = random(2, 4, 4, 8)
    first = noisy()(x, seed=[1, 2])
    np.testing.assert_array_equal(noisy()(x, seed=[1, 2]), first)
    assert np.any(noisy()(x, seed=[1, 3]) != first)
    assert np.any(noisy()(x, seed=[2, 2]) != first)


def test_each_layer_draws_noise_of_its_own():
    x = tf.ones([1, 8, 8, 8])
    a, b = (Dropout(0.5, name=name, dtype="float32")(x, seed=[1, 2]).numpy() for name in ("up1", "up2"))
    assert 0.4 < np.mean(a == b) < 0.6


def test_one_seed_is_shared_by_the_images_of_a_batch():
    first, second = noisy()(tf.ones([2, 4, 4, 8]), seed=[1, 2])
    np.testing.assert_array_equal(first, second)


def test_a_seed_for_each_image_draws_its_noise_wherever_it_stands():
    x, seeds = random(3, 4, 4, 8), np.array([[1, 2], [3, 4], [5, 6]])
    together = noisy()(x, seed=seeds).numpy()
    order = [2, 0, 1]
    np.testing.assert_array_equal(noisy()(tf.gather(x, order), seed=seeds[order]), together[order])
    for number in range(3):
        np.testing.assert_array_equal(noisy()(x[number : number + 1], seed=seeds[number])[0], together[number])
    assert np.any((together[0] == 0) != (together[1] == 0))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_noise_keeps_the_expectation(rate):
    y = noisy(rate)(tf.ones([1, 100, 100, 10]), seed=[1, 2]).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - rate)], rtol=1e-6)
    assert abs(np.mean(y == 0) - rate) < 0.01
    assert abs(y.mean() - 1) < 0.03


def test_training_draws_fresh_noise_for_each_call_and_each_image():
    layer, x = noisy(), tf.ones([2, 8, 8, 8])
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    masks = [first[0], first[1], second[0], second[1]]
    assert len({mask.tobytes() for mask in masks}) == 4
    assert all(0.4 < np.mean(mask == 0) < 0.6 for mask in masks)


def test_dropout_has_no_variable():
    layer = noisy()
    layer(tf.ones([1, 2, 2, 2]), training=True)
    assert layer.variables == []


def test_networks_have_no_variable_that_is_not_trained():
    for network in (build_generator(CONFIG), build_discriminator(CONFIG)):
        assert [v.path for v in network.variables] == [v.path for v in network.trainable_variables]
        assert {v.path.split("/")[-1] for v in network.variables} == {"kernel", "bias", "gamma", "beta"}


@pytest.mark.parametrize("statistics", ["image", "batch"])
def test_no_call_changes_a_variable(statistics):
    generator, x = build_generator(CONFIG), random(2, 32, 32, 3)
    before = all_values(generator)
    generator(x)
    generator(x, training=True)
    for seed in (None, [1, 2], [[1, 2], [3, 4]]):
        run(generator, x, statistics=statistics, seed=seed)
    after = all_values(generator)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[path], after[path]) for path in before)


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_run_is_a_call_of_the_network(norm):
    config, x = CONFIG.replace(norm=norm, dropout=0.0), random(2, 32, 32, 3)
    generator = build_generator(config)
    np.testing.assert_allclose(run(generator, x), generator(x), atol=1e-6)
    np.testing.assert_allclose(run(generator, x, statistics="batch"), generator(x, training=True), atol=1e-6)
    discriminator = build_discriminator(config)
    np.testing.assert_allclose(run(discriminator, [x, x]), discriminator([x, x]), atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_statistics_of_an_image_normalize_it_and_another_alike(precision):
    generator, x = build_generator(CONFIG.replace(precision=precision)), random(1, 32, 32, 3)
    statistics = measure_statistics(generator, x, seed=[1, 2])
    assert statistics.keys() == {layer.name for layer in generator.layers if isinstance(layer, Norm)}
    assert all(value.dtype == tf.float32 for pair in statistics.values() for value in pair)
    own = run(generator, x, seed=[1, 2])
    given = run(generator, tf.concat([x, 2 * x], 0), statistics=statistics, seed=[1, 2])
    np.testing.assert_allclose(given[0], own[0], atol=1e-5 if precision == "float32" else 0.02)
    assert np.abs(given[1] - run(generator, 2 * x, seed=[1, 2])[0]).max() > 1e-3


@pytest.mark.parametrize("kind", ["batch", "instance"])
@pytest.mark.parametrize("seed", [None, [1, 2]])
def test_an_output_does_not_depend_on_what_shares_the_batch(kind, seed):
    generator, x = build_generator(CONFIG.replace(norm=kind)), random(3, 32, 32, 3)
    together = run(generator, x, statistics="image", seed=seed)
    for number in range(3):
        alone = run(generator, x[number : number + 1], statistics="image", seed=seed)
        np.testing.assert_allclose(alone[0], together[number], atol=1e-6)


def test_batch_statistics_depend_on_what_shares_the_batch():
    generator, x = build_generator(CONFIG), random(3, 32, 32, 3)
    together = run(generator, x, statistics="batch")
    assert np.abs(run(generator, x[:1], statistics="batch")[0] - together[0]).max() > 1e-3


def test_every_layer_with_weights_is_one_of_these():
    ours = (Downsample, Upsample, PaddedConv, Norm)
    for network in (build_generator(CONFIG), build_discriminator(CONFIG)):
        assert all(isinstance(layer, ours) for layer in network.layers if layer.weights)
        assert not any(isinstance(layer, keras.layers.Dropout) for layer in network.layers)

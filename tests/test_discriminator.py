"""PatchGAN: golden counts, structure, receptive fields by measurement, and a plain NumPy forward pass."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, build_discriminator, build_generator
from pix2pix_tf.networks.discriminator import feature_layers
from pix2pix_tf.networks.layers import run

SMALL = Config(image_size=64, base_filters=2)
FIELDS = [1, 16, 70, 286]

PATCHGAN_70 = [
    ("condition", "InputLayer"),
    ("image", "InputLayer"),
    ("pair", "Concatenate"),
    ("disc1_conv", "Downsample"),
    ("disc1_activation", "LeakyReLU"),
    ("disc2_conv", "Downsample"),
    ("disc2_norm", "Norm"),
    ("disc2_activation", "LeakyReLU"),
    ("disc3_conv", "Downsample"),
    ("disc3_norm", "Norm"),
    ("disc3_activation", "LeakyReLU"),
    ("disc4_conv", "PaddedConv"),
    ("disc4_norm", "Norm"),
    ("disc4_activation", "LeakyReLU"),
    ("logits", "PaddedConv"),
]


def narrow(field, size=256, **changes):
    return Config(base_filters=1, image_size=size, receptive_field=field, **changes)


def structure(network):
    return [(layer.name, type(layer).__name__) for layer in network.layers]


def weights(network, ending=""):
    return {variable.path: variable.numpy() for variable in network.variables if variable.path.endswith(ending)}


def randomized(network):
    """All weights drawn anew, so large that each of them matters to the output; returns them by path."""
    rng = np.random.default_rng(0)
    for variable in network.variables:
        values = rng.normal(size=variable.shape) / 2
        variable.assign(values / np.sqrt(variable.shape[2]) if variable.path.endswith("kernel") else values)
    return weights(network)


def images(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def numpy_convolution(x, kernel, stride):
    x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1] - 3, x.shape[2] - 3
    return sum(
        np.einsum("nhwc,cd->nhwd", x[:, i : i + height : stride, j : j + width : stride], kernel[i, j])
        for i in range(4)
        for j in range(4)
    )


def numpy_patchgan_16(condition, image, w, axes):
    def leaky(x):
        return np.where(x > 0, x, 0.2 * x)

    x = np.concatenate([condition, image], axis=-1)
    x = leaky(numpy_convolution(x, w["disc1_conv/kernel"], 2) + w["disc1_conv/bias"])
    x = numpy_convolution(x, w["disc2_conv/kernel"], 1)
    x = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    x = leaky(x * w["disc2_norm/gamma"] + w["disc2_norm/beta"])
    return numpy_convolution(x, w["logits/kernel"], 1) + w["logits/bias"]


def influence(field, size):
    """bool [size, size]: which pixels of the image move the logit in the middle of the map."""
    network = build_discriminator(narrow(field, size, norm="none", conditional=False))
    image = tf.constant(images(1, size, size, 3))
    with tf.GradientTape() as tape:
        tape.watch(image)
        logits = run(network, image)
        logit = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0] * 1e6
    return np.any(tape.gradient(logit, image)[0] != 0, axis=-1)


@pytest.mark.parametrize(("field", "count"), [(70, 2_768_705), (16, 139_585), (286, 11_159_361), (1, 9_024)])
def test_golden_number_of_parameters(field, count):
    assert build_discriminator(Config(receptive_field=field)).count_params() == count


@pytest.mark.parametrize(("field", "count"), [(70, 176_081), (1, 720)])
def test_it_may_have_a_width_of_its_own(field, count):
    config = Config(receptive_field=field, base_filters=3, discriminator_filters=16)
    assert build_discriminator(config).count_params() == count
    assert build_discriminator(config.replace(base_filters=16, discriminator_filters=0)).count_params() == count
    assert build_generator(config).get_layer("down1_conv").filters == 3


@pytest.mark.parametrize(("field", "size"), [(1, 32), (16, 64), (70, 128), (286, 512)])
def test_a_logit_sees_exactly_its_receptive_field(field, size):
    seen = influence(field, size)
    assert np.count_nonzero(seen) == field**2
    assert np.count_nonzero(seen.any(axis=0)) == np.count_nonzero(seen.any(axis=1)) == field


@pytest.mark.parametrize(("field", "side"), [(1, 256), (16, 126), (70, 30), (286, 6)])
def test_size_of_the_map_at_256(field, side):
    assert build_discriminator(narrow(field)).output_shape == (None, side, side, 1)


@pytest.mark.parametrize(
    ("field", "size", "shape"), [(70, "64x128", (6, 14)), (16, 32, (14, 14)), (286, 128, (2, 2)), (70, 32, (2, 2))]
)
def test_size_of_the_map_at_other_sizes(field, size, shape):
    config = narrow(field, size)
    network = build_discriminator(config)
    x = images(1, *config.size, 3)
    assert run(network, [x, x]).shape == (1, *shape, 1) == (1, *network.output_shape[1:])


@pytest.mark.parametrize(("statistics", "axes"), [("image", (1, 2)), ("batch", (0, 1, 2))])
def test_known_output(statistics, axes):
    network = build_discriminator(Config(image_size=32, base_filters=2, receptive_field=16))
    condition, image = images(2, 32, 32, 3), images(2, 32, 32, 3, seed=2)
    expected = numpy_patchgan_16(condition, image, randomized(network), axes)
    assert expected.shape == (2, 14, 14, 1) and expected.std() > 0.1
    np.testing.assert_allclose(run(network, [condition, image], statistics=statistics), expected, atol=2e-5)


def test_pixelgan_is_a_function_of_each_pixel():
    network = build_discriminator(narrow(1, 32, norm="none"))
    w = randomized(network)
    pair = [images(1, 32, 32, 3), images(1, 32, 32, 3, seed=2)]
    x = np.concatenate(pair, axis=-1)
    for layer in ("disc1", "disc2"):
        x = x @ w[f"{layer}_conv/kernel"][0, 0] + w[f"{layer}_conv/bias"]
        x = np.where(x > 0, x, 0.2 * x)
    np.testing.assert_allclose(run(network, pair), x @ w["logits/kernel"][0, 0], atol=1e-5)


def test_patchgan_70_is_this_list_of_layers():
    assert structure(build_discriminator(SMALL)) == PATCHGAN_70


def test_an_unconditional_discriminator_sees_the_image_alone():
    network = build_discriminator(SMALL.replace(conditional=False))
    assert structure(network) == [row for row in PATCHGAN_70 if row[0] not in ("condition", "pair")]
    assert weights(network)["disc1_conv/kernel"].shape == (4, 4, 3, 2)


@pytest.mark.parametrize(
    ("task", "conditional", "channels"),
    [("translate", True, 6), ("colorize", True, 3), ("colorize", False, 2), ("colorize_rgb", True, 4)],
)
def test_channels_follow_the_task(task, conditional, channels):
    network = build_discriminator(SMALL.replace(task=task, conditional=conditional))
    assert weights(network)["disc1_conv/kernel"].shape == (4, 4, channels, 2)


def test_any_number_of_channels():
    network = build_discriminator(SMALL.replace(input_channels=5, output_channels=7))
    assert run(network, [images(2, 64, 64, 5), images(2, 64, 64, 7)]).shape == (2, 6, 6, 1)


@pytest.mark.parametrize(
    ("field", "widths"),
    [(1, [6, 1, 2, 1]), (16, [6, 1, 2, 1]), (70, [6, 1, 2, 4, 8, 1]), (286, [6, 1, 2, 4, 8, 8, 8, 1])],
)
def test_shapes_of_all_kernels(field, widths):
    side = 1 if field == 1 else 4
    kernels = [value.shape for value in weights(build_discriminator(narrow(field)), "kernel").values()]
    assert kernels == [(side, side, *pair) for pair in itertools.pairwise(widths)]


@pytest.mark.parametrize(("field", "layers"), [(1, 2), (16, 2), (70, 4), (286, 6)])
def test_norm_is_on_all_layers_but_the_first_and_the_last(field, layers):
    network = build_discriminator(narrow(field))
    norms = [name for name, kind in structure(network) if kind == "Norm"]
    assert norms == [f"disc{layer}_norm" for layer in range(2, layers + 1)]


@pytest.mark.parametrize("field", FIELDS)
def test_strides(field):
    network = build_discriminator(narrow(field))
    strides = [layer.strides for layer in network.layers if layer.name.endswith("conv") or layer.name == "logits"]
    halvings = {1: 0, 16: 1, 70: 3, 286: 5}[field]
    assert strides[:halvings] == [(2, 2)] * halvings
    assert strides[halvings:] == [(1, 1)] * (3 if field == 1 else 2)


@pytest.mark.parametrize(
    ("field", "norm", "biases"),
    [
        (1, "batch", ["disc1_conv/bias"]),
        (1, "instance", ["disc1_conv/bias", "logits/bias"]),
        (1, "none", ["disc1_conv/bias", "disc2_conv/bias"]),
        (16, "instance", ["disc1_conv/bias", "logits/bias"]),
        (70, "batch", ["disc1_conv/bias", "logits/bias"]),
        (286, "batch", ["disc1_conv/bias", "logits/bias"]),
        (16, "none", ["disc1_conv/bias", "disc2_conv/bias", "logits/bias"]),
    ],
)
def test_biases_are_those_of_the_published_port(field, norm, biases):
    assert list(weights(build_discriminator(narrow(field, norm=norm)), "bias")) == biases


@pytest.mark.parametrize("field", FIELDS)
def test_every_leaky_relu_has_the_slope_of_the_paper(field):
    network = build_discriminator(narrow(field))
    activations = [network.get_layer(name) for name, kind in structure(network) if kind == "LeakyReLU"]
    assert len(activations) == {1: 2, 16: 2, 70: 4, 286: 6}[field]
    assert {layer.negative_slope for layer in activations} == {0.2}


def test_initial_weights_follow_the_paper():
    network = build_discriminator(SMALL.replace(base_filters=16))
    kernels = np.concatenate([value.ravel() for value in weights(network, "kernel").values()])
    gammas = np.concatenate(list(weights(network, "gamma").values()))
    assert abs(kernels.mean()) < 2e-4 and abs(kernels.std() - 0.02) < 2e-4
    assert abs(gammas.mean() - 1) < 0.005 and abs(gammas.std() - 0.02) < 0.004
    assert not any(value.any() for value in weights(network, ("beta", "bias")).values())


def test_weights_follow_the_seed_and_the_layer():
    first, same, other = (weights(build_discriminator(SMALL.replace(seed=seed)), "kernel") for seed in (1, 1, 2))
    assert all(np.array_equal(first[path], same[path]) for path in first)
    values = np.concatenate([value.ravel()[:50] for run_ in (first, other) for value in run_.values()])
    assert len(np.unique(values)) == len(values)


@pytest.mark.parametrize("conditional", [True, False])
def test_feature_layers_are_the_hidden_activations(conditional):
    network = build_discriminator(SMALL.replace(conditional=conditional))
    x = tf.constant(images(2, 64, 64, 3))
    inputs = [x, x] if conditional else x
    logits, *features = run(feature_layers(network), inputs)
    np.testing.assert_array_equal(logits, run(network, inputs))
    assert [feature.shape[1:] for feature in features] == [(32, 32, 2), (16, 16, 4), (8, 8, 8), (7, 7, 16)]
    positive = np.maximum(features[-1], 0)
    assert 0.3 < np.mean(positive > 0) < 0.7
    assert np.abs(np.minimum(features[-1], 0)).mean() < 0.3 * positive.mean()


def test_bfloat16_keeps_weights_and_logits_in_float32():
    network = build_discriminator(SMALL.replace(precision="bfloat16"))
    assert {variable.dtype for variable in network.variables} == {"float32"}
    assert {layer.compute_dtype for layer in network.layers[2:-1]} == {"bfloat16"}
    assert network.get_layer("logits").compute_dtype == "float32"
    pair = [images(1, 64, 64, 3), images(1, 64, 64, 3, seed=2)]
    logits = run(network, pair)
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(logits, run(build_discriminator(SMALL), pair), atol=0.02)

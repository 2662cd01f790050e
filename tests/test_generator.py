"""The generator: golden counts, structure, initial weights, and a plain NumPy forward pass."""

import keras
import numpy as np
import pytest

from pix2pix_tf import Config, build_generator
from pix2pix_tf.networks.layers import run

SMALL = Config(image_size=64, base_filters=2)

UNET_64 = """
condition InputLayer
down1_conv Downsample
down2_activation LeakyReLU, down2_conv Downsample, down2_norm Norm
down3_activation LeakyReLU, down3_conv Downsample, down3_norm Norm
down4_activation LeakyReLU, down4_conv Downsample, down4_norm Norm
down5_activation LeakyReLU, down5_conv Downsample, down5_norm Norm
down6_activation LeakyReLU, down6_conv Downsample
up1_activation ReLU, up1_conv Upsample, up1_norm Norm, up1_dropout Dropout, up1_skip Concatenate
up2_activation ReLU, up2_conv Upsample, up2_norm Norm, up2_dropout Dropout, up2_skip Concatenate
up3_activation ReLU, up3_conv Upsample, up3_norm Norm, up3_dropout Dropout, up3_skip Concatenate
up4_activation ReLU, up4_conv Upsample, up4_norm Norm, up4_skip Concatenate
up5_activation ReLU, up5_conv Upsample, up5_norm Norm, up5_skip Concatenate
output_activation ReLU, output_conv Upsample, output Activation
"""


def table(text):
    return [tuple(row.split()) for line in text.strip().splitlines() for row in line.split(", ")]


def structure(network):
    return [(layer.name, type(layer).__name__) for layer in network.layers]


def names(network, kind):
    return [name for name, class_name in structure(network) if class_name == kind]


def weights(network):
    return {variable.path: variable.numpy() for variable in network.variables}


def randomized(network):
    """All weights drawn anew, so large that each of them matters to the output; returns them by path."""
    rng = np.random.default_rng(0)
    for variable in network.variables:
        values = rng.normal(size=variable.shape) / 2
        variable.assign(values / np.sqrt(variable.shape[2]) if variable.path.endswith("kernel") else values)
    return weights(network)


def batch(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


def numpy_down(x, kernel):
    """Convolution 4x4, stride 2, one pixel of zeros around."""
    x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1] - 2, x.shape[2] - 2
    return sum(
        np.einsum("nhwc,cd->nhwd", x[:, i : i + height : 2, j : j + width : 2], kernel[i, j])
        for i in range(4)
        for j in range(4)
    )


def numpy_up(x, kernel):
    """Transposed convolution 4x4, stride 2, one pixel cut off around."""
    images, height, width, _ = x.shape
    canvas = np.zeros((images, 2 * height + 2, 2 * width + 2, kernel.shape[2]))
    for row in range(height):
        for column in range(width):
            patch = np.einsum("nc,ijdc->nijd", x[:, row, column], kernel)
            canvas[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += patch
    return canvas[:, 1:-1, 1:-1]


def numpy_norm(x, w, name):
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * w[f"{name}_norm/gamma"] + w[f"{name}_norm/beta"]


def numpy_generator(x, w, levels, skips):
    encoded = []
    for level in range(1, levels + 1):
        x = numpy_down(np.where(x > 0, x, 0.2 * x) if level > 1 else x, w[f"down{level}_conv/kernel"])
        x = numpy_norm(x, w, f"down{level}") if 1 < level < levels else x
        encoded.append(x)
    for block in range(1, levels):
        x = numpy_norm(numpy_up(np.maximum(x, 0), w[f"up{block}_conv/kernel"]), w, f"up{block}")
        x = np.concatenate([x, encoded[levels - 1 - block]], axis=-1) if skips else x
    return np.tanh(numpy_up(np.maximum(x, 0), w["output_conv/kernel"]) + w["output_conv/bias"])


@pytest.mark.parametrize(("size", "count"), [(256, 54_413_955), (128, 41_828_995)])
def test_golden_number_of_parameters(size, count):
    assert build_generator(Config(image_size=size)).count_params() == count


@pytest.mark.parametrize(("generator", "skips"), [("unet", True), ("encoder_decoder", False)])
def test_known_output(generator, skips):
    network = build_generator(Config(image_size=32, base_filters=2, generator=generator))
    x = batch(2, 32, 32, 3)
    expected = numpy_generator(x, randomized(network), 5, skips)
    assert expected.std() > 0.1
    np.testing.assert_allclose(run(network, x), expected, atol=2e-5)


def test_unet_is_this_list_of_layers():
    assert structure(build_generator(SMALL)) == table(UNET_64)


def test_encoder_decoder_is_the_same_without_skips():
    network = build_generator(SMALL.replace(generator="encoder_decoder"))
    assert structure(network) == [row for row in table(UNET_64) if row[1] != "Concatenate"]


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512, "64x128"])
def test_norm_is_on_neither_the_first_nor_the_innermost_nor_the_last_layer(size):
    config = SMALL.replace(image_size=size)
    encoder = [f"down{level}_norm" for level in range(2, config.levels)]
    decoder = [f"up{block}_norm" for block in range(1, config.levels)]
    assert names(build_generator(config), "Norm") == encoder + decoder


@pytest.mark.parametrize("size", [32, 64, 256])
def test_dropout_is_on_exactly_the_first_three_decoder_blocks(size):
    network = build_generator(SMALL.replace(image_size=size, dropout=0.25))
    assert names(network, "Dropout") == ["up1_dropout", "up2_dropout", "up3_dropout"]
    assert {network.get_layer(name).rate for name in names(network, "Dropout")} == {0.25}


@pytest.mark.parametrize(
    ("norm", "biased"),
    [
        ("batch", ["output_conv"]),
        ("instance", ["down1_conv", "down6_conv", "output_conv"]),
        ("none", [f"down{i}_conv" for i in range(1, 7)] + [f"up{i}_conv" for i in range(1, 6)] + ["output_conv"]),
    ],
)
def test_biases_are_where_no_norm_cancels_them_and_with_batch_norm_in_the_last_layer_alone(norm, biased):
    network = build_generator(SMALL.replace(norm=norm))
    assert [path for path in weights(network) if path.endswith("bias")] == [f"{layer}/bias" for layer in biased]
    assert len(names(network, "Norm")) == (0 if norm == "none" else 9)


def test_every_leaky_relu_has_the_slope_of_the_paper():
    network = build_generator(SMALL)
    assert {network.get_layer(name).negative_slope for name in names(network, "LeakyReLU")} == {0.2}


@pytest.mark.parametrize(("generator", "factor"), [("unet", 2), ("encoder_decoder", 1)])
def test_shapes_of_all_kernels_at_256(generator, factor):
    network = build_generator(Config(base_filters=1, generator=generator))
    kernels = {path.split("_")[0]: value.shape for path, value in weights(network).items() if path.endswith("kernel")}
    down, up = [3, 1, 2, 4, 8, 8, 8, 8, 8], [8, 8, 8, 8, 8, 4, 2, 1]
    expected = {f"down{i + 1}": (4, 4, down[i], down[i + 1]) for i in range(8)}
    expected |= {f"up{i + 1}": (4, 4, up[i + 1], up[i] * (factor if i else 1)) for i in range(7)}
    assert kernels == expected | {"output": (4, 4, 3, factor)}


@pytest.mark.parametrize(
    ("size", "innermost"), [(256, (1, 1)), (512, (2, 2)), (32, (1, 1)), ("256x512", (1, 2)), ("96x64", (3, 2))]
)
def test_the_innermost_map(size, innermost):
    config = SMALL.replace(image_size=size)
    network = build_generator(config)
    assert network.get_layer(f"down{config.levels}_conv").output.shape[1:3] == innermost
    assert network.output_shape == (None, *config.size, 3)


@pytest.mark.parametrize("size", [(32, 64), (96, 32)])
def test_other_sizes_than_square(size):
    network, x = build_generator(Config(image_size=size, base_filters=2)), batch(1, *size, 3)
    expected = numpy_generator(x, randomized(network), 5, skips=True)
    np.testing.assert_allclose(run(network, x), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("task", "channels"), [("translate", (3, 3)), ("colorize", (1, 2)), ("colorize_rgb", (1, 3)), ("inpaint", (3, 3))]
)
def test_channels_follow_the_task(task, channels):
    network = build_generator(SMALL.replace(task=task))
    assert (network.input_shape[-1], network.output_shape[-1]) == channels


def test_any_number_of_channels():
    network = build_generator(Config(image_size=32, base_filters=2, input_channels=5, output_channels=7))
    assert run(network, batch(2, 32, 32, 5)).shape == (2, 32, 32, 7)


def test_a_network_for_any_size_equals_the_one_for_its_size():
    fixed, free = build_generator(SMALL), build_generator(SMALL, image_size=(None, None))
    randomized(fixed)
    free.set_weights(fixed.get_weights())
    x = batch(2, 64, 64, 3)
    np.testing.assert_allclose(run(free, x), run(fixed, x), atol=1e-5)
    assert run(free, batch(1, 128, 64, 3)).shape == (1, 128, 64, 3)


def test_noise_and_batch_statistics_reach_the_output():
    network, x = build_generator(SMALL), batch(2, 64, 64, 3)
    plain = run(network, x)
    assert np.abs(run(network, x, seed=[1, 2]) - plain).max() > 1e-3
    assert np.abs(run(network, x, statistics="batch") - plain).max() > 1e-3


def test_initial_weights_follow_the_paper():
    values = weights(build_generator(Config(image_size=32, base_filters=16)))
    kernels = np.concatenate([value.ravel() for path, value in values.items() if path.endswith("kernel")])
    gammas = np.concatenate([value for path, value in values.items() if path.endswith("gamma")])
    assert abs(kernels.mean()) < 1e-4 and abs(kernels.std() - 0.02) < 1e-4
    assert 0.04 < np.mean(np.abs(kernels) > 0.04) < 0.05
    assert abs(gammas.mean() - 1) < 0.004 and abs(gammas.std() - 0.02) < 0.003
    assert not any(value.any() for path, value in values.items() if path.endswith(("beta", "bias")))


def test_each_weight_of_two_dimensions_or_more_is_drawn_on_its_own():
    values = [value.ravel() for path, value in weights(build_generator(SMALL)).items() if path.endswith("kernel")]
    firsts = np.concatenate([value[:50] for value in values])
    assert len(np.unique(firsts)) == len(firsts) == 50 * 12


def test_weights_follow_the_seed():
    first, same, other = (weights(build_generator(SMALL.replace(seed=seed))) for seed in (1, 1, 2))
    random_paths = [path for path in first if path.endswith(("kernel", "gamma"))]
    assert all(np.array_equal(first[path], same[path]) for path in first)
    assert not any(np.array_equal(first[path], other[path]) for path in random_paths)


def test_bfloat16_keeps_weights_and_the_last_layer_in_float32():
    network = build_generator(SMALL.replace(precision="bfloat16"))
    assert {variable.dtype for variable in network.variables} == {"float32"}
    in_float32 = [layer.name for layer in network.layers[1:] if layer.compute_dtype == "float32"]
    assert in_float32 == ["output_conv", "output"]
    assert {layer.compute_dtype for layer in network.layers[1:-2]} == {"bfloat16"}


def test_bfloat16_gives_nearly_the_same_output_and_does_not_round_it():
    exact, rounded = build_generator(SMALL), build_generator(SMALL.replace(precision="bfloat16"))
    x = batch(1, 64, 64, 3)
    predicted = run(rounded, x)
    assert predicted.dtype == "float32"
    np.testing.assert_allclose(predicted, run(exact, x), atol=0.02)
    assert np.any(keras.ops.cast(keras.ops.cast(predicted, "bfloat16"), "float32") != predicted)

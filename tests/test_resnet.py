"""The residual generator, and upsampling by resizing: golden counts, structure, known answers, any size, exports."""

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, Translator, build_generator
from pix2pix_tf.exporting.signatures import ExportedGenerator
from pix2pix_tf.networks.convolutions import Downsample3, ResizeUpsample, Upsample3
from pix2pix_tf.networks.layers import Upsample, run


def batch(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize(("size", "count"), [(256, 11_383_427), (128, 7_841_411), ("128x256", 11_383_427)])
def test_golden_number_of_parameters(size, count):
    """With instance norm the port counts biases that the norms cancel, and no scales and shifts: 11,378,179."""
    assert build_generator(Config(image_size=size, generator="resnet")).count_params() == count


def test_resizing_takes_9_of_16_weights_of_the_decoder():
    assert build_generator(Config(upsampling="resize")).count_params() == 54_413_955 - 34_871_296 * 7 // 16


def test_dropout_is_in_the_middle_of_each_block():
    network = build_generator(Config(image_size=32, base_filters=2, generator="resnet"))
    names = [layer.name for layer in network.layers if layer.name.startswith("block3")]
    first = ["block3a_conv", "block3a_norm", "block3a_activation", "block3_dropout"]
    assert names == [*first, "block3b_conv", "block3b_norm", "block3_sum"]
    x = batch(1, 32, 32, 3)
    assert np.abs(run(network, x, seed=[1, 2]) - run(network, x)).max() > 0


def test_resizing_doubles_and_then_convolves():
    layer = ResizeUpsample(2, seed=0, name="up", dtype="float32")
    x = batch(1, 2, 3, 4)
    found = layer(x)
    kernel, bias = (np.asarray(weight) for weight in layer.weights)
    wide = np.pad(x.repeat(2, 1).repeat(2, 2), [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect")
    expected = sum(wide[:, i : i + 4, j : j + 6] @ kernel[i, j] for i in range(3) for j in range(3)) + bias
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_resizing_leaves_no_grid_on_a_flat_input():
    flat = tf.ones([1, 8, 8, 4])
    layers = ResizeUpsample(1, seed=0, name="up"), Upsample(1, seed=0, name="up")
    resized, transposed = (layer(flat)[0, 2:-2, 2:-2, 0].numpy() for layer in layers)
    assert np.ptp(resized) < 1e-6 < 1e-3 < np.ptp(transposed)


def test_the_transposed_convolution_is_the_adjoint_of_the_convolution():
    down, up = Downsample3(5, seed=0, name="down"), Upsample3(4, seed=0, name="up")
    x, y = batch(1, 6, 8, 4), batch(1, 3, 4, 5)
    down(x), up(y)
    up.kernel.assign(down.kernel)  # [3, 3, in, out] of the one is [3, 3, out, in] of the other.
    np.testing.assert_allclose(np.vdot(down(x), y), np.vdot(x, up(y)), rtol=1e-5)


@pytest.mark.parametrize("changes", [{"generator": "resnet"}, {"upsampling": "resize"}], ids=str)
def test_images_of_any_size_and_exports(changes):
    config = Config(image_size=32, base_filters=2, **changes)
    translator = Translator(config, build_generator(config, image_size=(None, None)))
    exported = ExportedGenerator(config, translator.generator, 10**6, "auto")
    for height, width in ((1, 1), (5, 41), (100, 70)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        output = translator(image)
        assert output.shape == image.shape
        answer = exported.translate(tf.constant(image[None]))["image"][0]
        assert np.abs(output.astype(int) - answer).max() <= 1

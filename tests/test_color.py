"""Color against scikit-image, and the ranges of the networks."""

import numpy as np
import pytest
import skimage.color
import tensorflow as tf

from pix2pix_tf import color


def grid_of_colors(steps):
    """uint8 [1, steps³, 3]: all combinations of `steps` values from 0 to 255."""
    values = np.linspace(0, 255, steps).round().astype(np.uint8)
    return np.stack(np.meshgrid(values, values, values), axis=-1).reshape(1, -1, 3)


def rgb(steps=18):
    return (grid_of_colors(steps) / 255).astype(np.float32)


def test_rgb_to_lab_agrees_with_scikit_image():
    np.testing.assert_allclose(color.rgb_to_lab(rgb()), skimage.color.rgb2lab(rgb()), atol=2e-4)


def test_lab_to_rgb_agrees_with_scikit_image():
    lab = skimage.color.rgb2lab(rgb()).astype(np.float32)
    np.testing.assert_allclose(color.lab_to_rgb(lab), skimage.color.lab2rgb(lab), atol=2e-4)


def any_lab(count=20_000):
    """float32 [1, count, 3], most of it out of the gamut of sRGB."""
    return np.random.default_rng(0).uniform((0, -120, -120), (100, 120, 120), (1, count, 3)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_colors_out_of_gamut_are_those_of_scikit_image():
    np.testing.assert_allclose(color.lab_to_rgb(any_lab()), skimage.color.lab2rgb(any_lab()), atol=2e-4)


@pytest.mark.filterwarnings("ignore")
def test_both_ways_agree_with_tensorflow_io():
    reference = pytest.importorskip(
        "tensorflow_io.python.experimental.color_ops", reason="needs tensorflow-io, from the extra dev"
    )
    np.testing.assert_allclose(color.rgb_to_lab(rgb()), reference.rgb_to_lab(rgb()), atol=2e-4)
    np.testing.assert_allclose(color.lab_to_rgb(any_lab()), reference.lab_to_rgb(any_lab()), atol=2e-4)


def test_lightness_alone_is_that_of_lab():
    np.testing.assert_allclose(color.rgb_to_lightness(rgb()), color.rgb_to_lab(rgb())[..., :1], atol=1e-4)


@pytest.mark.parametrize("function", [color.rgb_to_lab, color.rgb_to_lightness, color.lab_to_rgb])
def test_gradients_are_finite_everywhere(function):
    extremes = np.float32([[[0, 0, 0], [1, 1, 1], [0, 0, 1], [-1, 2, 300], [100, 0, 0], [0, 120, -120], [-5, -5, -5]]])
    for values in (rgb(6), any_lab(2000), extremes):
        x = tf.constant(values)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function(x))
        assert np.isfinite(tape.gradient(total, x)).all()


@pytest.mark.parametrize(("function", "step"), [(color.rgb_to_lab, 1e-3), (color.lab_to_rgb, 0.05)])
def test_gradients_are_those_of_the_function(function, step):
    x = tf.constant(rgb(5)[:, 1:-1] * 0.8 + 0.1)  # Within the gamut.
    x = x if function is color.rgb_to_lab else color.rgb_to_lab(x)
    direction = tf.constant([0.3, -0.5, 0.8])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(function(x))
    slope = tf.reduce_sum(tape.gradient(total, x) * direction, axis=-1)
    difference = tf.reduce_sum(function(x + step * direction) - function(x - step * direction), axis=-1) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=0.02, atol=0.02 * np.abs(difference).max())


def test_eight_bit_colors_survive_the_round_trip_exactly():
    colors = grid_of_colors(26)
    back = color.lab_to_rgb(color.rgb_to_lab((colors / 255).astype(np.float32)))
    np.testing.assert_array_equal(np.rint(np.asarray(back) * 255), colors)


@pytest.mark.parametrize(
    ("name", "rgb", "lab"),
    [
        ("black", (0, 0, 0), (0, 0, 0)),
        ("white", (1, 1, 1), (100, 0, 0)),
        ("red", (1, 0, 0), (53.24, 80.09, 67.20)),
        ("green", (0, 1, 0), (87.73, -86.18, 83.18)),
        ("blue", (0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colors(name, rgb, lab):
    del name
    np.testing.assert_allclose(color.rgb_to_lab(np.float32([[rgb]]))[0, 0], lab, atol=0.02)


def test_values_out_of_range_are_clipped_before_the_conversion():
    wild = np.float32([[[-0.5, 0.5, 1.5], [255, 128, 0]]])
    np.testing.assert_array_equal(color.rgb_to_lab(wild), color.rgb_to_lab(np.clip(wild, 0, 1)))


def test_colors_out_of_gamut_are_clipped_into_it():
    result = np.asarray(color.lab_to_rgb(np.float32([[[50, 110, -110], [50, -110, 110], [100, 50, 50], [0, 90, 0]]])))
    assert np.isfinite(result).all()
    assert result.min() >= 0 and result.max() <= 1


def test_out_of_gamut_is_false_for_all_that_rgb_can_show():
    assert not np.any(color.out_of_gamut(color.rgb_to_lab(rgb())))


def test_out_of_gamut_is_true_where_linear_rgb_leaves_the_unit_cube():
    lab = np.random.default_rng(0).uniform((40, -90, -90), (95, 90, 90), (1, 2000, 3)).astype(np.float32)
    linear = skimage.color.lab2xyz(lab) @ skimage.color.colorconv.rgb_from_xyz.T
    excess = np.maximum(-linear, linear - 1).max(axis=-1)
    clear = np.abs(excess) > 1e-3
    np.testing.assert_array_equal(np.asarray(color.out_of_gamut(lab))[clear], (excess > 0)[clear])
    assert 0.2 < np.mean(excess > 0) < 0.9


@pytest.mark.parametrize(("lightness", "scaled"), [(0.0, -1.0), (25.0, -0.5), (50.0, 0.0), (100.0, 1.0)])
def test_lightness_in_the_range_of_the_networks(lightness, scaled):
    assert color.scale_lightness(lightness) == scaled
    assert color.unscale_lightness(scaled) == lightness


@pytest.mark.parametrize(("chroma", "scaled"), [(-110.0, -1.0), (0.0, 0.0), (27.5, 0.25), (110.0, 1.0)])
def test_chroma_in_the_range_of_the_networks(chroma, scaled):
    assert color.scale_chroma(chroma) == scaled
    assert color.unscale_chroma(scaled) == chroma


def test_every_color_that_rgb_can_show_lies_in_the_range_of_the_networks():
    lab = np.asarray(color.rgb_to_lab(rgb()))
    assert np.abs(color.scale_lightness(lab[..., 0])).max() <= 1 + 1e-6
    assert 0.9 < np.abs(color.scale_chroma(lab[..., 1:])).max() <= 1


def test_gray_is_the_luma_of_jpeg():
    colors = 2 * rgb(6) - 1
    expected = colors @ np.float32([[0.299], [0.587], [0.114]])
    np.testing.assert_allclose(color.rgb_to_gray(colors), expected, atol=2e-4)

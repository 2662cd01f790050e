"""What the generator sees and predicts in each task, and that decoding undoes encoding."""

import numpy as np
import pytest
import skimage.color
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.config import Config
from pix2pix_tf.tasks import get_task, tasks_by_channels

TASKS = ("translate", "colorize", "colorize_rgb", "inpaint")


def task_named(name):
    return get_task(Config(task=name))


def image(height=8, width=12, seed=0):
    """float32 RGB [height, width, 3] in [-1, 1] with 8-bit values."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return images.to_network(values).numpy()


def lab(rgb):
    return skimage.color.rgb2lab((np.asarray(rgb) + 1) / 2)


@pytest.mark.parametrize("name", TASKS)
def test_the_condition_is_what_is_encoded(name):
    task, source, target = task_named(name), image(), image(seed=1)
    for other in (source, target):
        np.testing.assert_allclose(task.condition(source), task.encode(source, other)[0], atol=1e-5)


@pytest.mark.parametrize("name", TASKS)
def test_decoding_what_should_be_predicted_gives_the_target(name):
    task = task_named(name)
    target = image()
    source = image(seed=1) if task.paired else target
    _, prediction = task.encode(source, target)
    np.testing.assert_array_equal(images.to_uint8(task.decode(prediction, source)), images.to_uint8(target))


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "paired"),
    [("translate", 3, 3, True), ("colorize", 1, 2, False), ("colorize_rgb", 1, 3, False), ("inpaint", 3, 3, False)],
)
@pytest.mark.parametrize("leading", [(), (2,)])
def test_channels(name, inputs, outputs, paired, leading):
    task = task_named(name)
    assert (task.input_channels, task.output_channels, task.paired) == (inputs, outputs, paired)
    source = np.broadcast_to(image(), (*leading, 8, 12, 3))
    condition, predicted = task.encode(source, source)
    assert condition.shape == (*leading, 8, 12, inputs)
    assert predicted.shape == (*leading, 8, 12, outputs)
    assert task.decode(predicted, source).shape == source.shape
    assert task.visible(condition).shape == source.shape


def test_translate_passes_both_images_through():
    source, target = image(), image(seed=1)
    condition, predicted = task_named("translate").encode(source, target)
    np.testing.assert_array_equal(condition, source)
    np.testing.assert_array_equal(predicted, target)


def test_colorize_sees_lightness_and_predicts_chroma():
    target = image()
    condition, predicted = task_named("colorize").encode(target, target)
    np.testing.assert_allclose(condition, lab(target)[..., :1] / 50 - 1, atol=1e-5)
    np.testing.assert_allclose(predicted, lab(target)[..., 1:] / 110, atol=1e-5)


def test_colorize_keeps_the_lightness_of_the_source():
    source = image() * 0.2
    output = np.random.default_rng(1).uniform(-0.1, 0.1, (8, 12, 2)).astype(np.float32)
    task = task_named("colorize")
    assert not np.any(task.clipped(output, source))
    decoded = lab(task.decode(output, source))
    np.testing.assert_allclose(decoded[..., 0], lab(source)[..., 0], atol=2e-3)
    np.testing.assert_allclose(decoded[..., 1:], output * 110, atol=2e-3)


def test_colorize_tells_where_it_clips():
    task = task_named("colorize")
    gray = np.zeros((1, 2, 3), np.float32)
    np.testing.assert_array_equal(task.clipped(np.float32([[[0, 0], [1, -1]]]), gray), [[False, True]])
    assert all(task_named(name).clipped is None for name in TASKS if name != "colorize")


def test_colorize_rgb_sees_luma():
    target = image()
    condition, predicted = task_named("colorize_rgb").encode(target, target)
    np.testing.assert_allclose(condition[..., 0], target @ np.float32([0.299, 0.587, 0.114]), atol=2e-4)
    np.testing.assert_array_equal(predicted, target)


@pytest.mark.parametrize("name", ["colorize", "colorize_rgb"])
def test_what_a_colorizer_sees_is_shown_in_gray(name):
    gray = np.repeat(image()[..., :1], 3, axis=-1)
    task = task_named(name)
    np.testing.assert_allclose(task.visible(task.condition(gray)), gray, atol=1e-3)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(8, 12, slice(2, 6), slice(3, 9)), (256, 256, slice(64, 192), slice(64, 192)), (5, 7, slice(1, 3), slice(1, 4))],
)
def test_inpaint_cuts_exactly_the_centre_block(height, width, rows, columns):
    source = image(height, width) * 0.9 + 0.05
    expected = source.copy()
    expected[rows, columns] = 0
    np.testing.assert_array_equal(task_named("inpaint").condition(source), expected)


def test_inpaint_fills_the_hole_and_keeps_what_surrounds_it():
    source, output = image(), image(seed=1)
    expected = source.copy()
    expected[2:6, 3:9] = output[2:6, 3:9]
    np.testing.assert_array_equal(task_named("inpaint").decode(output, source), expected)


def test_a_part_of_an_image_is_given_its_part_of_the_hole():
    task, source, output = task_named("inpaint"), image(16, 16), image(16, 16, seed=1)
    hole = task.hole(16, 16).numpy()
    part = np.s_[2:9, 3:16]
    np.testing.assert_array_equal(task.condition(source[part], hole[part]), task.condition(source)[part])
    decoded = task.decode(output[part], source[part], hole[part])
    np.testing.assert_array_equal(decoded, task.decode(output, source)[part])
    assert all(task_named(name).hole is None for name in TASKS if name != "inpaint")


def test_who_sees_color():
    assert [name for name in TASKS if task_named(name).sees_color] == ["translate", "inpaint"]


def test_channels_name_the_first_task_that_has_them():
    assert tasks_by_channels() == {(3, 3): "translate", (1, 2): "colorize", (1, 3): "colorize_rgb"}


def test_inpaint_learns_from_the_whole_image():
    target = image()
    np.testing.assert_array_equal(task_named("inpaint").encode(target, target)[1], target)


def test_inpaint_and_translate_have_the_channels_of_the_data():
    task = get_task(Config(task="inpaint", input_channels=5, output_channels=5))
    assert (task.input_channels, task.output_channels) == (5, 5)
    source = tf.random.stateless_uniform([1, 8, 8, 5], [0, 1], 0.5, 1.0)
    condition, target = task.encode(source, source)
    assert np.all(condition[0, 2:6, 2:6] == 0) and np.all(condition[0, :2] == source[0, :2])
    filled = task.decode(-source, source)
    assert np.all(filled[0, 2:6, 2:6] == -target[0, 2:6, 2:6]) and np.all(filled[0, :2] == source[0, :2])
    task = get_task(Config(input_channels=1, output_channels=7))
    assert (task.input_channels, task.output_channels) == (1, 7)
    assert (get_task(Config()).input_channels, get_task(Config(task="colorize")).output_channels) == (3, 2)

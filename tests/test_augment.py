"""Random jitter and mirroring: stateless, the same for both images, and within the image."""

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import augment, images


def coordinates(height, width):
    """uint8 [height, width, 3]: each pixel holds its row, its column and their sum."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, rows + columns], axis=-1).astype(np.uint8)


def as_uint8(pair):
    return tuple(images.to_uint8(image).numpy() for image in pair)


def jittered(seed, source, size=(8, 10), jitter=(12, 15), mirror=True):
    pair = (source, 255 - source)
    return as_uint8(augment.random_jitter_and_mirror(pair, [7, seed], size, jitter, mirror))


def test_the_same_seed_gives_the_same_pair():
    for first, second in zip(jittered(3, coordinates(12, 15)), jittered(3, coordinates(12, 15)), strict=True):
        np.testing.assert_array_equal(first, second)


def test_seeds_give_different_pairs():
    results = {jittered(seed, coordinates(12, 15))[0].tobytes() for seed in range(30)}
    assert len(results) > 15


def test_both_images_get_the_same_crop_and_flip():
    for seed in range(20):
        a, b = jittered(seed, coordinates(12, 15))
        np.testing.assert_array_equal(a, 255 - b)


def test_a_crop_is_a_window_of_the_image_and_all_windows_occur():
    source = coordinates(12, 15)
    corners = set()
    for seed in range(200):
        a, _ = jittered(seed, source, mirror=False)
        top, left, _ = a[0, 0]
        np.testing.assert_array_equal(a, source[top : top + 8, left : left + 10])
        corners.add((int(top), int(left)))
    assert {top for top, _ in corners} == set(range(5))
    assert {left for _, left in corners} == set(range(6))


def test_half_of_the_pairs_are_mirrored():
    source = coordinates(8, 10)
    flips = 0
    for seed in range(200):
        a, _ = jittered(seed, source, jitter=(8, 10))
        flipped = a[0, 0, 1] > a[0, -1, 1]
        np.testing.assert_array_equal(a, source[:, ::-1] if flipped else source)
        flips += flipped
    assert 75 < flips < 125


def test_nothing_is_mirrored_unless_asked():
    for seed in range(20):
        a, _ = jittered(seed, coordinates(12, 15), mirror=False)
        assert a[0, 0, 1] < a[0, -1, 1]


def test_crop_and_flip_are_drawn_independently():
    source = coordinates(12, 15)
    drawn = set()
    for seed in range(100):
        a, _ = jittered(seed, source)
        drawn.add((bool(a[0, 0, 1] > a[0, -1, 1]), int(a[0, 0, 0])))
    assert drawn == {(flip, top) for flip in (False, True) for top in range(5)}


def test_no_jitter_is_a_pure_resize():
    source = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    result = augment.random_jitter_and_mirror((source, source), [1, 2], (8, 10), (8, 10), False)
    for image, expected in zip(result, augment.plain((source, source), (8, 10)), strict=True):
        np.testing.assert_array_equal(image, expected)


def test_plain_keeps_an_image_of_the_right_size_as_it_is():
    source = coordinates(8, 10)
    np.testing.assert_array_equal(as_uint8(augment.plain((source, 255 - source), (8, 10))), [source, 255 - source])


def test_shrinking_does_not_alias():
    stripes = np.zeros((80, 80, 3), np.uint8)
    stripes[:, ::2] = 255
    image, _ = augment.plain((stripes, stripes), (16, 16))
    assert np.abs(image[:, 1:-1]).max() < 0.05


def test_growing_interpolates_between_pixels():
    image = augment.resize(np.uint8([[[0], [200]]]), (1, 4))
    np.testing.assert_allclose(image[0, :, 0], [0, 50, 150, 200])


@pytest.mark.parametrize("mirror", [True, False])
def test_the_result_is_float_in_the_range_of_the_networks_and_of_known_size(mirror):
    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)] * 2)
    def graph(a, b):
        result = augment.random_jitter_and_mirror((a, b), tf.constant([1, 2], tf.int64), (8, 10), (12, 15), mirror)
        assert [image.shape for image in result] == [[8, 10, 3]] * 2
        return result

    source = np.random.default_rng(0).integers(0, 2, (9, 9, 3), dtype=np.uint8) * 255
    for image in graph(source, source):
        assert image.dtype == tf.float32
        assert -1 <= np.min(image) < -0.5 < 0.5 < np.max(image) <= 1


@pytest.mark.parametrize("side", [6, 12, 13, 40])
def test_it_is_an_antialiased_resize_then_a_crop_then_a_flip(side):
    image = np.random.default_rng(0).integers(0, 256, (side, side + 1, 3), dtype=np.uint8)
    whole = tf.image.resize(image, (12, 15), antialias=True).numpy() / 127.5 - 1
    windows = [whole[top : top + 8, left : left + 10] for top in range(5) for left in range(6)]
    windows = np.stack([*windows, *(window[:, ::-1] for window in windows)])
    seen = set()
    for seed in range(40):
        result, _ = augment.random_jitter_and_mirror((image, image), [7, seed], (8, 10), (12, 15), True)
        differences = np.abs(windows - result).max(axis=(1, 2, 3))
        assert differences.min() < 1e-5
        seen.add(int(differences.argmin()))
    assert {place >= 30 for place in seen} == {False, True}

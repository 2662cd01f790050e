"""Lab histograms and what is made of them, by hand and against scikit-image."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from pix2pix_tf.evaluation.lab_histograms import (
    gray_intersections,
    histogram_intersection,
    intersections,
    lab,
    lab_histograms,
    median_lightness_error,
)


def flat(*rgb, size=8):
    return np.full((size, size, 3), rgb, np.uint8)


def random_images(seed, count=3):
    return list(np.random.default_rng(seed).integers(0, 256, (count, 15, 15, 3), dtype=np.uint8))


def test_lab_agrees_with_scikit_image():
    (image,) = random_images(0, 1)
    np.testing.assert_allclose(lab(image), rgb2lab(image), atol=2e-3)


def test_colors_fall_into_the_bin_of_their_nearest_whole_number():
    # Red is (53.24, 80.09, 67.20) in Lab, blue (32.30, 79.19, -107.86).
    counts = lab_histograms([flat(255, 0, 0), flat(0, 0, 255)])
    assert {name: len(count) for name, count in counts.items()} == {"L": 101, "a": 221, "b": 221}
    assert {value: counts["L"][value] for value in np.flatnonzero(counts["L"])} == {53: 64, 32: 64}
    assert {value - 110: counts["a"][value] for value in np.flatnonzero(counts["a"])} == {80: 64, 79: 64}
    assert {value - 110: counts["b"][value] for value in np.flatnonzero(counts["b"])} == {67: 64, -108: 64}


def test_white_black_and_gray_are_in_the_middle_of_their_bins():
    counts = lab_histograms([flat(255, 255, 255), flat(0, 0, 0), flat(119, 119, 119)])
    assert np.flatnonzero(counts["L"]).tolist() == [0, 50, 100]
    assert counts["a"][110] == counts["b"][110] == 3 * 64


def test_no_color_is_lost_and_the_counts_are_scikit_images():
    images = random_images(1)
    corners = [flat(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    assert all(count.sum() == 8 * 64 for count in lab_histograms(corners).values())
    counts = lab_histograms(images)
    for channel, (name, low) in enumerate({"L": 0, "a": -110, "b": -110}.items()):
        rounded = np.round(rgb2lab(np.stack(images))[..., channel]).astype(int)
        expected = np.bincount(rounded.ravel() - low, minlength=len(counts[name]))
        assert np.abs(counts[name] - expected).sum() <= 4  # of 675; a value that is on an edge may go either way


def test_histogram_intersection_by_hand():
    assert histogram_intersection(np.array([2, 0, 2]), np.array([1, 1, 2])) == pytest.approx(0.75)
    assert histogram_intersection(np.array([0, 7]), np.array([0, 3])) == 1.0
    assert histogram_intersection(np.array([4, 0]), np.array([0, 4])) == 0.0


def test_intersections_are_of_each_channel():
    # Half of the outputs have the targets's L, a and b; the other half differ in L only.
    targets, outputs = lab_histograms([flat(119, 119, 119)]), lab_histograms([flat(119, 119, 119), flat(255, 255, 255)])
    assert intersections(outputs, targets) == {"L": 0.5, "a": 1.0, "b": 1.0}


def test_gray_is_what_a_gray_output_would_get():
    targets = lab_histograms([flat(119, 119, 119), flat(255, 0, 0), flat(0, 0, 255), flat(0, 0, 255)])
    gray = lab_histograms([flat(70, 70, 70)])
    measured = intersections(gray, targets)
    assert gray_intersections(targets) == {"a": 0.25, "b": 0.25} == {"a": measured["a"], "b": measured["b"]}


def test_the_median_lightness_error_is_that_of_all_pixels():
    outputs, targets = random_images(2), random_images(3)
    errors = [np.abs(rgb2lab(o) - rgb2lab(t))[..., 0] for o, t in zip(outputs, targets, strict=True)]
    assert median_lightness_error(outputs, targets) == pytest.approx(np.median(errors), abs=0.002)


def test_the_median_lightness_error_by_hand():
    white, black = flat(255, 255, 255), flat(0, 0, 0)
    assert median_lightness_error([white, white, white], [white, white, black]) == 0.0
    assert median_lightness_error([white, white, white], [black, white, black]) == pytest.approx(100.0)

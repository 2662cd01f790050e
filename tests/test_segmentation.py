"""The three scores of a segmentation, against numbers computed by hand."""

import numpy as np
import pytest

from pix2pix_tf import UserError
from pix2pix_tf.evaluation.segmentation import confusion_matrix, scores
from pix2pix_tf.palettes import IGNORED


def test_rows_are_the_target_and_columns_the_prediction():
    target = [[0, 0, 0], [1, 1, 2]]
    predicted = [[0, 1, 1], [1, 0, 2]]
    confusion = confusion_matrix(target, predicted, 4)
    assert confusion.dtype == np.int64
    assert confusion.tolist() == [[1, 2, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_pixels_without_a_true_class_are_left_out_whatever_is_predicted():
    assert confusion_matrix([0, IGNORED, 1, IGNORED], [0, 1, 0, IGNORED], 2).tolist() == [[1, 0], [1, 0]]


def test_a_matrix_is_counted_pixel_by_pixel():
    rng = np.random.default_rng(0)
    target, predicted = rng.integers(IGNORED, 5, (30, 20)), rng.integers(0, 5, (30, 20))
    expected = np.zeros((5, 5), int)
    for true, guess in zip(target.flat, predicted.flat, strict=True):
        if true != IGNORED:
            expected[true, guess] += 1
    np.testing.assert_array_equal(confusion_matrix(target, predicted, 5), expected)


@pytest.mark.parametrize(
    "target, predicted, message",
    [
        ([0, 1], [[0], [1]], r"differ in shape. Received: \(2,\) and \(2, 1\)"),
        ([0, 2], [0, 1], r"target has class numbers outside of \[0, 2\)"),
        ([0, -2], [0, 1], "target has class numbers"),
        ([0, 1], [0, 2], "prediction has class numbers"),
        ([0, 1], [0, IGNORED], "prediction has class numbers"),
    ],
)
def test_numbers_that_cannot_be_counted_are_refused(target, predicted, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(target, predicted, 2)


@pytest.mark.parametrize(
    "confusion, per_pixel, per_class, iou",
    [
        # Recall 3/4 and 4/6; unions of 6 and of 7.
        ([[3, 1], [2, 4]], 7 / 10, (3 / 4 + 4 / 6) / 2, (3 / 6 + 4 / 7) / 2),
        # A third class that occurs nowhere changes nothing.
        ([[3, 1, 0], [2, 4, 0], [0, 0, 0]], 7 / 10, (3 / 4 + 4 / 6) / 2, (3 / 6 + 4 / 7) / 2),
        # A third class that is predicted but never true: no recall, and an IOU of 0 that counts.
        ([[3, 0, 1], [0, 4, 0], [0, 0, 0]], 7 / 8, (3 / 4 + 1) / 2, (3 / 4 + 1 + 0) / 3),
        # A third class that is true but never predicted: both are 0, and count.
        ([[3, 0, 0], [0, 4, 0], [1, 0, 0]], 7 / 8, (1 + 1 + 0) / 3, (3 / 4 + 1 + 0) / 3),
        # One class only, which is never right.
        ([[0, 5], [0, 0]], 0, 0, 0),
        (np.diag([7, 1, 0]), 1, 1, 1),
    ],
)
def test_scores_by_hand(confusion, per_pixel, per_class, iou):
    assert scores(np.array(confusion)) == pytest.approx({"per_pixel": per_pixel, "per_class": per_class, "iou": iou})


def test_scores_of_several_images_are_those_of_all_their_pixels():
    first, second = confusion_matrix([0, 0, 0], [0, 0, 0], 2), confusion_matrix([1], [0], 2)
    assert scores(first + second) == pytest.approx({"per_pixel": 3 / 4, "per_class": 1 / 2, "iou": (3 / 4 + 0) / 2})


def test_nothing_to_score_is_one_sentence():
    with pytest.raises(UserError, match=r"^No pixel of the label maps belongs to a class.*; give others\.$"):
        scores(confusion_matrix([IGNORED], [0], 3))

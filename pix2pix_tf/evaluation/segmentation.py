"""Scores of a semantic segmentation (Long, Shelhamer, Darrell, CVPR 2015, section 5, "Metrics")."""

import numpy as np

from pix2pix_tf.errors import UserError
from pix2pix_tf.palettes import IGNORED


def confusion_matrix(target, predicted, classes: int) -> np.ndarray:
    """Counts pixels by their true class (row) and their predicted class (column): int64 [classes, classes].

    Matrices of several images are summed before they are scored, as in the reference.

    Args:
      target: integers of any shape, in [0, classes) or IGNORED; pixels that are IGNORED are left out.
      predicted: integers of the same shape, in [0, classes) where the target is not IGNORED: a prediction must choose.
      classes: how many there are.
    """
    target, predicted = np.asarray(target, np.int64), np.asarray(predicted, np.int64)
    if target.shape != predicted.shape:
        raise ValueError(f"target and prediction differ in shape. Received: {target.shape} and {predicted.shape}.")
    counted = target != IGNORED
    target, predicted = target[counted], predicted[counted]
    for name, numbers in (("target", target), ("prediction", predicted)):
        if np.any((numbers < 0) | (numbers >= classes)):
            raise ValueError(f"{name} has class numbers outside of [0, {classes}).")
    return np.bincount(classes * target + predicted, minlength=classes**2).reshape(classes, classes)


def scores(confusion) -> dict[str, float]:
    """A confusion matrix → the three numbers of the paper's tables 1 to 3 and 6, each in [0, 1].

    With n_ij pixels of class i that are predicted as j, and t_i = Σ_j n_ij:

    - `per_pixel`: Σ_i n_ii / Σ_i t_i;
    - `per_class`: the mean of n_ii / t_i over the classes that occur in the target;
    - `iou`: the mean of n_ii / (t_i + Σ_j n_ji - n_ii), intersection over union, over the classes that occur in the
      target or in the prediction.

    The reference divides by the number of all classes and does not say what 0 / 0 is. Here a quotient that has no
    value is left out of its mean: a class that occurs nowhere can be neither right nor wrong. A class that is
    predicted but never true has an IOU of 0, which counts, and no accuracy.

    Raises:
      UserError: there are no pixels to score.
    """
    confusion = np.asarray(confusion)
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    if not true.any():
        raise UserError("No pixel of the label maps belongs to a class, so there is nothing to score; give others.")
    union = true + predicted - right
    return {
        "per_pixel": float(right.sum() / true.sum()),
        "per_class": float(np.mean(right[true > 0] / true[true > 0])),
        "iou": float(np.mean(right[union > 0] / union[union > 0])),
    }

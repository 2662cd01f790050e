"""Are the colors of the outputs distributed as those of the targets (paper, section 4.2 and figure 7)?

All is measured on 8-bit images in CIELAB: L in [0, 100], a and b in [-110, 110].
"""

import numpy as np
import tensorflow as tf

from pix2pix_tf import color

LIMITS = {"L": (0, 100), "a": (-110, 110), "b": (-110, 110)}
STEP = 0.001  # of L, to which the median lightness error is exact


def lab(image) -> np.ndarray:
    """uint8 RGB [H, W, 3] → CIELAB float32 of the same shape."""
    return color.rgb_to_lab(tf.cast(image, tf.float32) / 255.0).numpy()


def lab_histograms(images) -> dict[str, np.ndarray]:
    """uint8 images → {"L": [101], "a": [221], "b": [221]}, how many of all their pixels are in each bin.

    A bin is one unit wide and has a whole number in its middle: the first ones are 0 for L and -110 for a and b. So
    gray is well within the bin of 0.
    """
    counts = {name: np.zeros(high - low + 1, np.int64) for name, (low, high) in LIMITS.items()}
    for image in images:
        values = lab(image)
        for channel, (name, (low, high)) in enumerate(LIMITS.items()):
            edges = np.arange(low - 0.5, high + 1)
            counts[name] += np.histogram(values[..., channel], edges)[0]
    return counts


def histogram_intersection(first, second) -> float:
    """The common area, in [0, 1], of two histograms (Swain and Ballard 1991), each scaled to the area 1."""
    return float(np.minimum(first / np.sum(first), second / np.sum(second)).sum())


def intersections(outputs, targets) -> dict[str, float]:
    """The histogram intersection of each of L, a and b; both arguments are from `lab_histograms`."""
    return {name: histogram_intersection(outputs[name], targets[name]) for name in LIMITS}


def gray_intersections(targets) -> dict[str, float]:
    """What an all-gray output would get for a and b: the share of the targets' pixels in the bin of 0."""
    return {name: float(targets[name][-LIMITS[name][0]] / targets[name].sum()) for name in ("a", "b")}


def median_lightness_error(outputs, targets) -> float:
    """Median over all pixels of |ΔL|, L in [0, 100]: 0 if a colorization kept the lightness that it was given."""
    counts = np.zeros(round(100 / STEP) + 1, np.int64)
    for output, target in zip(outputs, targets, strict=True):
        errors = np.abs(lab(output)[..., 0] - lab(target)[..., 0])
        counts += np.bincount(np.round(errors / STEP).astype(int).ravel(), minlength=len(counts))
    return float(np.searchsorted(np.cumsum(counts), counts.sum() / 2) * STEP)

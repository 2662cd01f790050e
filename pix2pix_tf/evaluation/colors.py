"""Colours of a colourised picture: is L kept, and are a and b distributed as in the truth (figure 7)?"""

import numpy as np
import tensorflow as tf

from pix2pix_tf import color, images

BINS = np.arange(-110.5, 111.5)  # one unit of a or b a bin, 0 in the middle of its bin


def lab(picture) -> np.ndarray:
    """uint8 RGB [H, W, 3] → CIELAB float32 of the same shape."""
    return color.rgb_to_lab(tf.cast(picture, tf.float32) / 255.0).numpy()


def histogram_intersection(values, truth) -> float:
    """The common area, in [0, 1], of the histograms of two sets of a or b values."""
    first, second = (np.histogram(np.clip(x, BINS[0], BINS[-1]), BINS)[0] / np.size(x) for x in (values, truth))
    return float(np.minimum(first, second).sum())


def color_report(outputs, targets, clipped=None) -> dict[str, float]:
    """Compares colourised pictures with the colour pictures whose L they were given.

    Args:
      outputs, targets: lists of float RGB [H, W, 3] in [-1, 1].
      clipped: a list of bool [H, W], the pixels that had to be clipped to the RGB gamut.

    Returns:
      `median_lightness_error`: median |ΔL| over all pixels of the 8-bit pictures, L in [0, 100];
      `clipped_to_gamut`: the share of pixels, in [0, 1], that had to be clipped, which moves their L;
      `a_intersection`, `b_intersection`: histogram intersection of the
      outputs with the truth; `a_intersection_grey`, `b_intersection_grey`: that of an all-grey answer.
    """
    outputs, targets = (np.stack([lab(images.to_uint8(picture)) for picture in group]) for group in (outputs, targets))
    error = np.abs(outputs[..., 0] - targets[..., 0])
    report = {
        "median_lightness_error": float(np.median(error)),
    }
    if clipped:
        report["clipped_to_gamut"] = float(np.mean(clipped))
    for name, channel in (("a", 1), ("b", 2)):
        truth = targets[..., channel]
        report[f"{name}_intersection"] = histogram_intersection(outputs[..., channel], truth)
        report[f"{name}_intersection_grey"] = histogram_intersection(np.zeros_like(truth), truth)
    return report

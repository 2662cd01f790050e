"""RGB ↔ CIELAB ↔ the range of the networks. The one home of color (paper, section 4 and figure 7).

L is in [0, 100]; a and b are in about [-110, 110] for colors that sRGB can show; white point D65.
"""

import warnings

import tensorflow as tf

with warnings.catch_warnings():
    # tensorflow-io warns that its native libraries do not load; its color functions need none.
    warnings.simplefilter("ignore")
    from tensorflow_io.python.experimental import color_ops


def rgb_to_lab(rgb):
    """RGB float32 [..., H, W, 3] in [0, 1] → CIELAB of the same shape.

    Values outside [0, 1] are clipped: the conversion makes nonsense of them without a word.
    """
    return color_ops.rgb_to_lab(tf.clip_by_value(rgb, 0.0, 1.0))


def lab_to_rgb(lab):
    """CIELAB float32 [..., H, W, 3] → RGB in [0, 1].

    Colors that sRGB cannot show are clipped to its gamut, which moves their L as well. No gradient
    may flow through this function: it is NaN out of gamut.
    """
    return color_ops.lab_to_rgb(lab)


def out_of_gamut(lab, tolerance=0.01):
    """CIELAB [..., H, W, 3] → bool [..., H, W]: which colors `lab_to_rgb` has to clip.

    Those that do not come back from RGB as they were; a round trip within the gamut errs by 1e-4.
    """
    return tf.reduce_any(tf.abs(rgb_to_lab(lab_to_rgb(lab)) - lab) > tolerance, axis=-1)


def scale_lightness(lightness):
    """L in [0, 100] → the networks' range [-1, 1]."""
    return lightness / 50.0 - 1.0


def unscale_lightness(scaled):
    """The inverse of `scale_lightness`."""
    return (scaled + 1.0) * 50.0


def scale_chroma(chroma):
    """a, b → the networks' range, [-1, 1] for what sRGB can show."""
    return chroma / 110.0


def unscale_chroma(scaled):
    """The inverse of `scale_chroma`."""
    return scaled * 110.0


def rgb_to_gray(rgb):
    """RGB float32 [..., 3] in [-1, 1] → luma [..., 1] in [-1, 1] (ITU-R BT.601, as JPEG and `tf.image`)."""
    return tf.image.rgb_to_grayscale(rgb)

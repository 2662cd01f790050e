"""RGB ↔ CIELAB ↔ the range of the networks. The one home of color (paper, section 4 and figure 7).

L is in [0, 100]; a and b are in about [-110, 110] for colors that sRGB can show; white point D65, 2° observer.
Gradients are finite for all finite colors. The constants are those of scikit-image and tensorflow-io.
"""

import numpy as np
import tensorflow as tf

# Linear sRGB → CIE XYZ: ITU-R BT.709 primaries with white D65 (Poynton, "Frequently Asked Questions about Color").
_XYZ_OF_RGB = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = np.array([0.95047, 1.0, 1.08883])  # XYZ of D65.

# The sRGB transfer function (IEC 61966-2-1): linear near black, a power elsewhere.
_GAMMA, _OFFSET, _SLOPE = 2.4, 0.055, 12.92
_LINEAR_KNEE, _SRGB_KNEE = 0.0031308, 0.04045

# CIE 15: L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z)), where X, Y and Z are relative to white, and
# f is the cube root, but for a linear piece near black.
_LAB_OF_F = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
# The knee of the standard is 0.008856, where these pieces miss each other by 3e-7; here they meet.
_CUBE_KNEE, _CUBE_SLOPE, _CUBE_OFFSET = 0.008823095, 7.787, 16.0 / 116.0
_F_KNEE = 0.2068966
_LOWEST_F = np.array([-np.inf, -np.inf, 0.0])  # As in scikit-image: colors out of gamut may have a negative f(Z).

_RELATIVE_XYZ_OF_RGB = _XYZ_OF_RGB / _WHITE[:, None]
_RGB_OF_RELATIVE_XYZ = np.linalg.inv(_RELATIVE_XYZ_OF_RGB)
_F_OF_LAB = np.linalg.inv(_LAB_OF_F)


def rgb_to_lab(rgb: tf.Tensor) -> tf.Tensor:
    """RGB float32 [..., 3] in [0, 1] → CIELAB of the same shape; values outside [0, 1] are clipped."""
    f = _f(_times(_RELATIVE_XYZ_OF_RGB, _linear(rgb)))
    return _times(_LAB_OF_F, f) - [16.0, 0.0, 0.0]


def rgb_to_lightness(rgb: tf.Tensor) -> tf.Tensor:
    """The L of `rgb_to_lab`, [..., 1], for less than half of its work."""
    return 116.0 * _f(_times(_RELATIVE_XYZ_OF_RGB[1:2], _linear(rgb))) - 16.0


def lab_to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """CIELAB float32 [..., 3] → RGB in [0, 1].

    Colors that sRGB cannot show are clipped to its gamut, which moves their L as well.
    """
    return tf.clip_by_value(_srgb(_lab_to_linear(lab)), 0.0, 1.0)


def out_of_gamut(lab: tf.Tensor, tolerance: float = 1e-5) -> tf.Tensor:
    """CIELAB [..., 3] → bool [...]: which colors `lab_to_rgb` has to clip.

    Those whose linear RGB leaves [0, 1] by more than the tolerance; a round trip within the gamut errs by 1e-6.
    """
    linear = _lab_to_linear(lab)
    return tf.reduce_any((linear < -tolerance) | (linear > 1.0 + tolerance), axis=-1)


def _lab_to_linear(lab):
    """CIELAB → linear RGB, outside of [0, 1] for what sRGB cannot show."""
    f = _times(_F_OF_LAB, lab + tf.constant([16.0, 0.0, 0.0]))
    f = tf.maximum(f, _LOWEST_F)
    relative_xyz = tf.where(f > _F_KNEE, f * f * f, (f - _CUBE_OFFSET) / _CUBE_SLOPE)
    return _times(_RGB_OF_RELATIVE_XYZ, relative_xyz)


def _times(matrix, vectors):
    """The matrix [M, K] times each of the vectors [..., K] → [..., M]."""
    return tf.tensordot(vectors, tf.constant(matrix.T, tf.float32), axes=1)


def _power(base, exponent):
    """base ** exponent for positive bases, in a fifth of the time of `tf.pow`."""
    return tf.exp(exponent * tf.math.log(base))


# The two pieces of these functions meet at the knee. From RGB to CIELAB, which each training image goes through, they
# are a sum of one that rests above the knee and one that rests below it, in two thirds of the time of `tf.where`.
# Both branches of a `tf.where` are computed, and a gradient that is not finite would spoil the sum. So the powers see
# values from their own side of the knee only.


def _linear(rgb):
    """sRGB, clipped to [0, 1] → linear RGB."""
    rgb = tf.clip_by_value(rgb, 0.0, 1.0)
    power = _power((tf.maximum(rgb, _SRGB_KNEE) + _OFFSET) * (1.0 / (1.0 + _OFFSET)), _GAMMA)
    return power + tf.minimum(rgb - _SRGB_KNEE, 0.0) * (1.0 / _SLOPE)


def _srgb(linear):
    """Linear RGB → sRGB, both open to either side."""
    power = (1.0 + _OFFSET) * _power(tf.maximum(linear, _LINEAR_KNEE), 1.0 / _GAMMA) - _OFFSET
    return tf.where(linear > _LINEAR_KNEE, power, linear * _SLOPE)


def _f(relative_xyz):
    """XYZ relative to white → what L, a and b are linear in."""
    root = _power(tf.maximum(relative_xyz, _CUBE_KNEE), 1.0 / 3.0)
    return root + tf.minimum(relative_xyz - _CUBE_KNEE, 0.0) * _CUBE_SLOPE


def scale_lightness(lightness: tf.Tensor) -> tf.Tensor:
    """L in [0, 100] → the networks' range [-1, 1]."""
    return lightness / 50.0 - 1.0


def unscale_lightness(scaled: tf.Tensor) -> tf.Tensor:
    """The inverse of `scale_lightness`."""
    return (scaled + 1.0) * 50.0


def scale_chroma(chroma: tf.Tensor) -> tf.Tensor:
    """a, b → the networks' range, [-1, 1] for what sRGB can show."""
    return chroma / 110.0


def unscale_chroma(scaled: tf.Tensor) -> tf.Tensor:
    """The inverse of `scale_chroma`."""
    return scaled * 110.0


def rgb_to_gray(rgb: tf.Tensor) -> tf.Tensor:
    """RGB float32 [..., 3] in [-1, 1] → luma [..., 1] in [-1, 1] (ITU-R BT.601, as JPEG and `tf.image`)."""
    return tf.image.rgb_to_grayscale(rgb)

"""How close an image is to its target: L1, PSNR, SSIM in [-1, 1], and L1 and RMSE in the data's own units."""

import tensorflow as tf

from pix2pix_tf.sides import Side

WIDTH = 2.0  # of [-1, 1]
IMAGE_METRICS = {"l1": "L1 on [-1, 1]", "psnr": "PSNR, dB", "ssim": "SSIM"}
UNIT_METRICS = {"l1_units": "L1 in the data's units", "rmse_units": "RMSE in the data's units"}
CLASS_SCORES = {"per_pixel": "per-pixel accuracy", "per_class": "per-class accuracy", "iou": "class IOU"}


def image_metrics(output: tf.Tensor, target: tf.Tensor) -> dict[str, tf.Tensor]:
    """Distances of images from their targets, each [N]; both inputs are [N, H, W, C] in [-1, 1].

    Returns:
      `l1`: mean absolute distance on [-1, 1], in [0, 2]. `psnr`: decibels. `ssim`: in [-1, 1], with the 11x11
      Gaussian window of Wang et al. 2004, on the same images in [0, 1]: its term of luminance has no meaning for
      values around 0.
    """
    output = tf.clip_by_value(output, -1.0, 1.0)
    return {
        "l1": tf.reduce_mean(tf.abs(output - target), axis=(1, 2, 3)),
        "psnr": tf.image.psnr(output, target, WIDTH),
        "ssim": tf.image.ssim((output + 1.0) / WIDTH, (target + 1.0) / WIDTH, 1.0),
    }


def metrics_in_units(output: tf.Tensor, target: tf.Tensor, side: Side) -> dict[str, tf.Tensor]:
    """Distances of images of a side from their targets, both [N, H, W, C] in [-1, 1].

    Returns:
      `l1_units`, `rmse_units`: [N], in the side's units. Of several channels also `l1_units_by_channel`,
      `rmse_units_by_channel`, `psnr_by_channel` and `ssim_by_channel`: [N, C].
    """
    output = tf.clip_by_value(output, -1.0, 1.0)
    error = (output - target) * side.unit
    found = {
        "l1_units": tf.reduce_mean(tf.abs(error), axis=(1, 2, 3)),
        "rmse_units": tf.sqrt(tf.reduce_mean(error**2, axis=(1, 2, 3))),
    }
    if side.channels == 1:
        return found
    each = image_metrics(*(_channels_as_images(image) for image in (output, target)))
    return found | {
        "l1_units_by_channel": tf.reduce_mean(tf.abs(error), axis=(1, 2)),
        "rmse_units_by_channel": tf.sqrt(tf.reduce_mean(error**2, axis=(1, 2))),
        "psnr_by_channel": tf.reshape(each["psnr"], [-1, side.channels]),
        "ssim_by_channel": tf.reshape(each["ssim"], [-1, side.channels]),
    }


def _channels_as_images(image):
    """[N, H, W, C] → [N·C, H, W, 1]."""
    size = tf.shape(image)[1:3]
    return tf.reshape(tf.transpose(image, [0, 3, 1, 2]), tf.concat([[-1], size, [1]], axis=0))

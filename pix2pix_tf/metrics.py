"""How close a image is to its target: L1, PSNR, SSIM, on RGB in [-1, 1]."""

import tensorflow as tf

WIDTH = 2.0  # of [-1, 1]
IMAGE_METRICS = {"l1": "L1 on [-1, 1]", "psnr": "PSNR, dB", "ssim": "SSIM"}
CLASS_SCORES = {"per_pixel": "per-pixel accuracy", "per_class": "per-class accuracy", "iou": "class IOU"}


def image_metrics(output: tf.Tensor, target: tf.Tensor) -> dict[str, tf.Tensor]:
    """Distances of images from their targets, each [N]; both inputs are RGB [N, H, W, 3] in [-1, 1].

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

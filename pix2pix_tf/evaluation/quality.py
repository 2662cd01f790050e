"""How close a generator's outputs are to the targets, and how much of that comes from its inputs."""

import numpy as np
import tensorflow as tf

from pix2pix_tf.data.pipeline import read_pair
from pix2pix_tf.evaluation.outputs import of_another
from pix2pix_tf.metrics import image_metrics, metrics_in_units
from pix2pix_tf.sides import RGB, Side, output_side
from pix2pix_tf.utils.spread import evenly_spread

MEAN_OF = 1000  # training images at most in the mean image

_image_metrics = tf.function(image_metrics, autograph=False)


def metrics_per_image(outputs, targets, side: Side = RGB) -> dict[str, np.ndarray]:
    """L1 on [-1, 1], PSNR in dB and SSIM of each of N images of a side → {metric: [N]}.

    Of other images than RGB also the `metrics_in_units`, of which those by channel are [N, C].
    """
    each = []
    for output, target in zip(outputs, targets, strict=True):
        pair = side.to_network(output)[None], side.to_network(target)[None]
        each.append(_image_metrics(*pair) | ({} if side.is_rgb else metrics_in_units(*pair, side)))
    return {name: np.array([metrics[name][0].numpy() for metrics in each], np.float64) for name in each[0]}


def quality_table(outputs, targets, mean_image, side: Side = RGB) -> dict[str, dict[str, np.ndarray]]:
    """{row: {metric: [N] or [N, C]}} of the targets against three predictions.

    - "its own input": what the generator is for;
    - "the input of another picture": the output for the next pair's input. If it does as well, the
      generator ignores its input;
    - "mean training image": the one image that is close to all, with the low L1 of a blur.
    """
    return {
        "its own input": metrics_per_image(outputs, targets, side),
        "the input of another picture": metrics_per_image(of_another(outputs), targets, side),
        "mean training image": metrics_per_image([mean_image] * len(targets), targets, side),
    }


def mean_target(config, split) -> np.ndarray:
    """The mean, [H, W, C] of the output's dtype, of up to MEAN_OF targets of a split at the run's size."""
    numbers = evenly_spread(len(split), MEAN_OF)
    total = 0.0
    for i in numbers:
        total += read_pair(config, split, i)[1]
    return output_side(config).from_network(total / len(numbers)).numpy()

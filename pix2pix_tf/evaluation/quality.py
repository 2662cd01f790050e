"""How close a generator's outputs are to the targets, and how much of that comes from its inputs."""

import numpy as np
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.evaluation.outputs import of_another, read_pair
from pix2pix_tf.metrics import image_metrics
from pix2pix_tf.utils.spread import evenly_spread

MEAN_OF = 1000  # training images at most in the mean image

_image_metrics = tf.function(image_metrics, autograph=False)


def metrics_per_image(outputs, targets) -> dict[str, np.ndarray]:
    """L1 on [-1, 1], PSNR in dB and SSIM of each of N images, uint8 [H, W, 3] → {metric: [N]}."""
    each = [
        _image_metrics(images.to_network(output)[None], images.to_network(target)[None])
        for output, target in zip(outputs, targets, strict=True)
    ]
    return {name: np.array([float(metrics[name][0]) for metrics in each]) for name in each[0]}


def quality_table(outputs, targets, mean_image) -> dict[str, dict[str, np.ndarray]]:
    """{row: {metric: [N]}} of the targets against three predictions.

    - "its own input": what the generator is for;
    - "the input of another picture": the output for the next pair's input. If it does as well, the
      generator ignores its input;
    - "mean training image": the one image that is close to all, with the low L1 of a blur.
    """
    return {
        "its own input": metrics_per_image(outputs, targets),
        "the input of another picture": metrics_per_image(of_another(outputs), targets),
        "mean training image": metrics_per_image([mean_image] * len(targets), targets),
    }


def mean_target(config, split) -> np.ndarray:
    """The mean, uint8 [H, W, 3], of up to MEAN_OF targets of a split at the run's size."""
    numbers = evenly_spread(len(split), MEAN_OF)
    total = 0.0
    for i in numbers:
        total += read_pair(config, split, i)[1]
    return images.to_uint8(total / len(numbers)).numpy()

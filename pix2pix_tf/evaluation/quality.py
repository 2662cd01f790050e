"""How close a generator's answers are to the targets, and how much of that comes from its inputs."""

import numpy as np
import tensorflow as tf

from pix2pix_tf import augment
from pix2pix_tf.data.sources import source_and_target
from pix2pix_tf.metrics import image_metrics


def raw_outputs(translator, sources, noise_seed=None) -> list:
    """The generator's output for each source picture, one at a time, [H, W, output_channels].

    With `noise_seed`, dropout is on as in the paper, and picture i has the noise of (noise_seed, i).
    """
    seeds = [None if noise_seed is None else (noise_seed, i) for i in range(len(sources))]
    return [translator.generate(source[None], seed)[0] for source, seed in zip(sources, seeds, strict=True)]


def mean_metrics(outputs, targets) -> dict[str, float]:
    """L1, PSNR and SSIM, each the mean over the pictures."""
    values = [image_metrics(output[None], target[None]) for output, target in zip(outputs, targets, strict=True)]
    return {name: float(np.mean([value[name][0] for value in values])) for name in values[0]}


def quality_table(outputs, targets, mean_image) -> dict[str, dict[str, float]]:
    """{row: {metric: mean}} of the targets against three answers.

    - "its own input": what the generator is for;
    - "the input of another picture": the answer to the next pair's input. If it does as well, the
      generator ignores its input;
    - "mean training image": the one picture that is close to all, with the low L1 of a blur.
    """
    return {
        "its own input": mean_metrics(outputs, targets),
        "the input of another picture": mean_metrics([*outputs[1:], outputs[0]], targets),
        "mean training image": mean_metrics([mean_image] * len(targets), targets),
    }


def mean_target(split, config) -> tf.Tensor:
    """The mean of a split's targets at the training size, float RGB [H, W, 3] in [-1, 1]."""
    total = 0.0
    for i in range(len(split)):
        _, target = source_and_target(config, augment.plain(split.read(i), config.size))
        total += target
    return total / len(split)

"""A trained generator as a function on pictures of any size."""

import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.networks.layers import run
from pix2pix_tf.tasks import get_task


def translate(config, generator, source, seed=None):
    """RGB float32 [N, H, W, 3] in [-1, 1] → the answer, of the same shape and range.

    H and W may be anything from 1 up. The task decodes at the source's own size, so colorize keeps the
    source's L at full resolution.
    """
    return get_task(config).decode(generate(config, generator, source, seed), source)


def generate(config, generator, source, seed=None):
    """RGB float32 [N, H, W, 3] in [-1, 1] → the generator's raw output [N, H, W, output_channels].

    What the generator sees is padded with mirrored pixels to a multiple of 2**levels, and its output
    is cropped. Norm and noise are as `config.inference_statistics` and `seed` say (see
    `networks.layers.run`): by default each image is normalised on its own and there is no noise.
    """
    padded = images.pad_to_multiple(get_task(config).condition(source), 2**config.levels)
    output = run(generator, padded, statistics=config.inference_statistics, seed=seed)
    height, width = tf.shape(source)[1], tf.shape(source)[2]
    return output[:, :height, :width]

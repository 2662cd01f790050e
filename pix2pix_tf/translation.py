"""A trained generator as a function on pictures of any size."""

import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.networks.layers import run
from pix2pix_tf.tasks import get_task


def translate(config, generator, source, seed=None):
    """RGB float32 [N, H, W, 3] in [-1, 1] → the answer, of the same shape and range.

    H and W may be anything from 1 up: what the generator sees is padded with mirrored pixels to a
    multiple of 2**levels, and its output is cropped. The task decodes at the source's own size, so
    colorize keeps the source's L at full resolution.

    Norm and noise are as `config.inference_statistics` and `seed` say (see `networks.layers.run`): by
    default each image is normalised on its own and there is no noise.
    """
    task = get_task(config)
    condition = task.condition(source)
    padded = images.pad_to_multiple(condition, 2**config.levels)
    output = run(generator, padded, statistics=config.inference_statistics, seed=seed)
    height, width = tf.shape(source)[1], tf.shape(source)[2]
    return task.decode(output[:, :height, :width], source)

"""A trained generator as a function on pictures of any size."""

import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.networks.layers import run
from pix2pix_tf.tasks import get_task


def translate(config, network, source):
    """RGB float32 [N, H, W, 3] in [-1, 1] → the answer, of the same shape and range.

    H and W may be anything from 1 up. The task decodes at the source's own size, so colorize keeps the
    source's L at full resolution.

    Args:
      config: the `Config` of the run.
      network: what runs the generator, from [N, H', W', input_channels], whose sides are multiples of
        2**levels, to [N, H', W', output_channels]; `at_inference` makes one.
      source: the pictures.
    """
    return get_task(config).decode(generate(config, network, source), source)


def answer(config, network, pictures):
    """As `translate`, for RGB uint8 [N, H, W, 3]; this is what a `Translator` computes, and what is exported."""
    return images.to_uint8(translate(config, network, images.to_network(pictures)))


def generate(config, network, source):
    """As `translate`, but returns the generator's raw output [N, H, W, output_channels].

    What the network sees is padded with mirrored pixels, and its output is cropped.
    """
    padded = images.pad_to_multiple(get_task(config).condition(source), 2**config.levels)
    height, width = tf.shape(source)[1], tf.shape(source)[2]
    return network(padded)[:, :height, :width]


def graphs(function, config, generator, dtype):
    """`translate`, `answer` or `generate` of a trained generator as two graphs, each for pictures of all sizes.

    One takes pictures [1, H, W, 3] of `dtype`; the other takes noise seeds, int32 [1, 2], too. With
    `inference_statistics` "batch" they take any number.
    """
    together = config.inference_statistics == "batch"
    pictures = tf.TensorSpec([None if together else 1, None, None, 3], dtype)

    def plain(pictures):
        return function(config, at_inference(config, generator), pictures)

    def noisy(pictures, seeds):
        return function(config, at_inference(config, generator, seeds), pictures)

    # Seeds of one's own need a graph for each number of pictures.
    noisy_signature = None if together else [pictures, tf.TensorSpec([1, 2], tf.int32)]
    return tf.function(plain, [pictures], autograph=False), tf.function(noisy, noisy_signature, autograph=False)


def at_inference(config, generator, seed=None):
    """The generator as it runs at inference: with the run's norm statistics, and noise only with a seed.

    By default each image is normalized on its own and there is no noise (see `networks.layers.run`).
    """
    return lambda condition: run(generator, condition, statistics=config.inference_statistics, seed=seed)

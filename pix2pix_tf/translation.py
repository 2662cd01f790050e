"""A trained generator as a function on images of any size.

The network sees an image at one of these sizes:
  "auto"      the image's own, up to twice the training height and width; else the training size
  "training"  the training size, to which training has scaled all images
  "own"       the image's own: all its detail, but shapes of a size that the network has not learned if it is larger
  N           an integer: scaled so that the shorter side has N pixels
What the network makes of a scaled image is scaled back, so that the output always has the image's own size.
"""

import tensorflow as tf

from pix2pix_tf import augment, images
from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.layers import run
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.tasks import get_task

SIZES = ("auto", "training", "own")


def parse_size(text: str) -> str | int:
    """ "auto", "training", "own" or a number as people write it → the size, see above; UserError for anything else."""
    if text in SIZES:
        return text
    if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) > 0:
        return int(text)
    raise UserError(f"size must be {', '.join(SIZES)}, or a number of pixels from 1 to 99999. Received: {text!r}.")


def translate(config, network, source, size="own"):
    """float32 [N, H, W, C] in [-1, 1] → the output, of the same size and range.

    H and W may be anything from 1 up. The task decodes at the source's own size, so colorize keeps the source's L at
    full resolution. The `network`, which `at_inference` makes, runs the generator from [N, H', W', input_channels],
    whose sides are multiples of `config.multiple`, to [N, H', W', output_channels].
    """
    return get_task(config).decode(generate(config, network, source, size), source)


def translate_values(config, network, image, size="own"):
    """As `translate`, for images in the data's own dtype and units, by default RGB uint8.

    This is what a `Translator` computes, and what is exported.
    """
    return output_side(config).from_network(translate(config, network, input_side(config).to_network(image), size))


def generate(config, network, source, size="own"):
    """As `translate`, but returns the generator's raw output [N, H, W, output_channels].

    What the network sees is padded with mirrored pixels, and its output is cropped.
    """
    if size == "own":
        return _generate_at_own_size(config, network, source)
    own = tf.shape(source)[1:3]
    seen = tf.cast(seen_size(config, size, *tf.unstack(tf.cast(own, tf.int64))), tf.int32)
    is_own = tf.reduce_all(seen == own)
    scaled = tf.cond(is_own, lambda: source, lambda: _resize(source, seen, config.input_interpolation))
    raw = _generate_at_own_size(config, network, scaled)
    return tf.cond(is_own, lambda: raw, lambda: _resize(raw, own, config.output_interpolation))


def _resize(image, size, interpolation):
    """[N, H, W, C] → [N, *size, C]. It shrinks first, or an image one pixel high would be huge before it shrinks."""
    if interpolation == "nearest":
        return tf.image.resize(image, size, "nearest")
    image = tf.image.resize(image, tf.minimum(tf.shape(image)[1:3], size), antialias=True)
    return tf.image.resize(image, size, antialias=True)


def seen_size(config, size, height, width):
    """The size at which the network sees an image, before it is padded: int64 [2] of int64 scalars."""
    own = tf.stack([height, width])
    training = augment.trained_size(config.preprocess, own, config.size)
    if size == "own":
        return own
    if size == "training":
        return training
    if size == "auto":
        return tf.where(tf.reduce_all(own <= 2 * tf.constant(config.size, tf.int64)), own, training)
    sides = tf.cast(own, tf.float64)
    scaled = tf.round(sides * (size / tf.maximum(tf.reduce_min(sides), 1)))
    return tf.maximum(tf.cast(scaled, tf.int64), 1)


def _generate_at_own_size(config, network, source):
    padded = images.pad_to_multiple(get_task(config).condition(source), config.multiple)
    height, width = tf.shape(source)[1], tf.shape(source)[2]
    return network(padded)[:, :height, :width]


def graphs(function, config, generator, dtype, size="own", compile="none"):
    """`translate`, `translate_values` or `generate` of a trained generator as two graphs, each for images of all sizes.

    One takes images [1, H, W, C] of `dtype`; the other takes noise seeds, int32 [1, 2], too. With
    `inference_statistics` "batch" they take any number. `compile` is that of `at_inference`.
    """
    together = config.inference_statistics == "batch"
    image = tf.TensorSpec([None if together else 1, None, None, input_side(config).channels], dtype)

    def plain(image):
        return function(config, at_inference(config, generator, None, compile), image, size)

    def noisy(image, seeds):
        return function(config, at_inference(config, generator, seeds, compile), image, size)

    # Seeds of one's own need a graph for each number of images.
    noisy_signature = None if together else [image, tf.TensorSpec([1, 2], tf.int32)]
    return tf.function(plain, [image], autograph=False), tf.function(noisy, noisy_signature, autograph=False)


def at_inference(config, generator, seed=None, compile="none"):
    """The generator as it runs at inference: with the run's norm statistics, and noise only with a seed.

    By default each image is normalized on its own and there is no noise (see `networks.layers.run`). With `compile`
    "xla", XLA compiles the network anew for each size of images, and draws other noise from a seed.
    """

    def network(condition):
        return run(generator, condition, statistics=config.inference_statistics, seed=seed)

    return tf.function(network, autograph=False, jit_compile=True) if compile == "xla" else network

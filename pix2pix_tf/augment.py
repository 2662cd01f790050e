"""Random jitter and mirroring, stateless: the same seed gives the same pair (paper, appendix 6.2)."""

import tensorflow as tf

from pix2pix_tf.sides import RGB


def resize(image, size, interpolation="bilinear"):
    """[H, W, C] → float32 [*size, C] in the image's own range, antialiased where it shrinks unless it is "nearest"."""
    if image.shape[:2] == tuple(size):
        return tf.cast(image, tf.float32)
    if interpolation == "nearest":
        return tf.cast(tf.image.resize(image, size, "nearest"), tf.float32)
    # Where no side shrinks, antialiasing changes nothing and takes more than twice the time.
    return tf.cond(
        tf.reduce_all(tf.shape(image)[:2] <= size),
        lambda: tf.image.resize(image, size),
        lambda: tf.image.resize(image, size, antialias=True),
    )


def plain(pair, size, sides=(RGB, RGB)):
    """A pair as validation sees it: two images [H, W, C] of these sides → two float32 [*size, C] in [-1, 1]."""
    return tuple(
        side.to_network(resize(side.clipped(image), size, side.interpolation))
        for image, side in zip(pair, sides, strict=True)
    )


def random_jitter_and_mirror(pair, seed, size, jitter, mirror, sides=(RGB, RGB)):
    """A pair as training sees it: both images get the same crop and the same flip.

    Args:
      pair: two images [H, W, C] of these sides.
      seed: int32 or int64 [2]; it decides everything.
      size: (height, width) of the result.
      jitter: (height, width) that is resized to before the crop, at least `size`.
      mirror: whether to flip half of the pairs left-right.
      sides: what the images are.

    Returns:
      Two float32 [*size, C] in [-1, 1].
    """
    crop_seed, flip_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    room = tf.subtract(jitter, size) + 1
    top, left = tf.unstack(tf.random.stateless_uniform([2], crop_seed, maxval=tf.int32.max, dtype=tf.int32) % room)
    flips = tf.random.stateless_uniform([], flip_seed) < 0.5 if mirror else tf.constant(False)
    left = tf.where(flips, room[1] - 1 - left, left)

    def augmented(image, side):
        # Mirroring comes before the crop, which `left` allows for, as bytes are moved faster than floats. All is
        # resized: TensorFlow's operations that resize to the crop alone take longer.
        image = tf.cond(flips, lambda: tf.reverse(image, [1]), lambda: image)
        resized = resize(side.clipped(image), jitter, side.interpolation)
        return side.to_network(tf.slice(resized, [top, left, 0], [*size, side.channels]))

    return tuple(augmented(image, side) for image, side in zip(pair, sides, strict=True))

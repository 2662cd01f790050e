"""Random jitter and mirroring, stateless: the same seed gives the same pair (paper, appendix 6.2)."""

import tensorflow as tf

from pix2pix_tf import images


def resize(image, size):
    """[H, W, C] → float32 [*size, C] in the image's own range, antialiased where it shrinks."""
    if image.shape[:2] == tuple(size):
        return tf.cast(image, tf.float32)
    # Where no side shrinks, antialiasing changes nothing and takes more than twice the time.
    return tf.cond(
        tf.reduce_all(tf.shape(image)[:2] <= size),
        lambda: tf.image.resize(image, size),
        lambda: tf.image.resize(image, size, antialias=True),
    )


def plain(pair, size):
    """A pair as validation sees it: two uint8 [H, W, 3] → two float32 [*size, 3] in [-1, 1]."""
    return tuple(images.to_network(resize(image, size)) for image in pair)


def random_jitter_and_mirror(pair, seed, size, jitter, mirror):
    """A pair as training sees it: both images get the same crop and the same flip.

    Args:
      pair: two uint8 [H, W, 3].
      seed: int32 or int64 [2]; it decides everything.
      size: (height, width) of the result.
      jitter: (height, width) that is resized to before the crop, at least `size`.
      mirror: whether to flip half of the pairs left-right.

    Returns:
      Two float32 [*size, 3] in [-1, 1].
    """
    crop_seed, flip_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    room = tf.subtract(jitter, size) + 1
    top, left = tf.unstack(tf.random.stateless_uniform([2], crop_seed, maxval=tf.int32.max, dtype=tf.int32) % room)
    flips = tf.random.stateless_uniform([], flip_seed) < 0.5 if mirror else tf.constant(False)
    left = tf.where(flips, room[1] - 1 - left, left)

    def augmented(image):
        # Mirroring comes before the crop, which `left` allows for, as bytes are moved faster than floats. All is
        # resized: TensorFlow's operations that resize to the crop alone take longer.
        image = tf.cond(flips, lambda: tf.reverse(image, [1]), lambda: image)
        return images.to_network(tf.slice(resize(image, jitter), [top, left, 0], [*size, 3]))

    return tuple(augmented(image) for image in pair)

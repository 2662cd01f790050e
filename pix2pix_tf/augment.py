"""Random jitter and mirroring, stateless: the same seed gives the same pair (paper, appendix 6.2)."""

import tensorflow as tf

from pix2pix_tf import images


def resize(image, size):
    """[H, W, C] → float32 [size, C] in the image's own range, antialiased where it shrinks."""
    if image.shape[:2] == tuple(size):
        return tf.cast(image, tf.float32)
    return tf.image.resize(image, size, antialias=True)


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
    stacked = tf.concat([resize(image, jitter) for image in pair], axis=-1)
    stacked = tf.image.stateless_random_crop(stacked, (*size, 6), crop_seed)
    if mirror:
        stacked = tf.image.stateless_random_flip_left_right(stacked, flip_seed)
    stacked = tf.ensure_shape(stacked, (*size, 6))
    return images.to_network(stacked[..., :3]), images.to_network(stacked[..., 3:])

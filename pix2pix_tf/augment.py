"""Random jitter and mirroring, stateless: the same seed gives the same pair (paper, appendix 6.2)."""

import tensorflow as tf

from pix2pix_tf.sides import RGB


def resize(image, size, interpolation="bilinear"):
    """[H, W, C] → float32 [*size, C] in the image's own range, antialiased where it shrinks unless it is "nearest"."""
    if not tf.is_tensor(size) and image.shape[:2] == tuple(size):
        return tf.cast(image, tf.float32)
    if interpolation == "nearest":
        return tf.cast(tf.image.resize(image, size, "nearest"), tf.float32)
    # Where no side shrinks, antialiasing changes nothing and takes more than twice the time.
    return tf.cond(
        tf.reduce_all(tf.shape(image)[:2] <= size),
        lambda: tf.image.resize(image, size),
        lambda: tf.image.resize(image, size, antialias=True),
    )


def scaled_size(preprocess, own, size):
    """(height, width) to which an image is resized before it is cropped to `size`, or to `size` and jitter.

    All ways to `preprocess` but "resize_and_crop" keep the shape of an image, whose `own` size is int [2]: "crop" its
    size, too, "scale_width" takes the width of `size`; both enlarge an image that else would not cover `size`.
    """
    if preprocess == "resize_and_crop":
        return size
    return tf.maximum(tf.cast(trained_size(preprocess, own, size), tf.int32), size)


def trained_size(preprocess, own, size):
    """int64 [2]: the size at which training, with images of `size`, would show an image that is not cropped."""
    if preprocess == "resize_and_crop":
        return tf.constant(size, tf.int64)
    if preprocess == "none":
        return own
    sides = tf.cast(own, tf.float64)
    scale = tf.reduce_max(tf.cast(size, tf.float64) / sides)
    scale = scale if preprocess == "scale_width" else tf.maximum(scale, 1.0)
    return tf.cast(tf.round(sides * scale), tf.int64)


def fitted(image, size, preprocess="resize_and_crop", interpolation="bilinear"):
    """[H, W, C] → float32 [*size, C] as validation sees it: resized, and of what is larger the middle."""
    if preprocess == "resize_and_crop":
        return resize(image, size, interpolation)
    scaled = scaled_size(preprocess, tf.shape(image)[:2], size)
    top, left = tf.unstack((scaled - size) // 2)
    return tf.slice(resize(image, scaled, interpolation), [top, left, 0], [*size, image.shape[2]])


def plain(pair, size, sides=(RGB, RGB), preprocess="resize_and_crop"):
    """A pair as validation sees it: two images [H, W, C] of these sides → two float32 [*size, C] in [-1, 1]."""
    return tuple(
        side.to_network(fitted(side.clipped(image), size, preprocess, side.interpolation))
        for image, side in zip(pair, sides, strict=True)
    )


def random_jitter_and_mirror(pair, seed, size, jitter, mirror, sides=(RGB, RGB), preprocess="resize_and_crop"):
    """A pair as training sees it: both images get the same crop and the same flip.

    Args:
      pair: two images [H, W, C] of these sides.
      seed: int32 or int64 [2]; it decides everything.
      size: (height, width) of the result.
      jitter: (height, width) that is resized to before the crop, at least `size`; for "crop", `size`.
      mirror: whether to flip half of the pairs left-right.
      preprocess: see `scaled_size`.

    Returns:
      Two float32 [*size, C] in [-1, 1].
    """
    crop_seed, flip_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    scaled = scaled_size(preprocess, tf.shape(pair[0])[:2], jitter)
    room = tf.subtract(scaled, size) + 1
    top, left = tf.unstack(tf.random.stateless_uniform([2], crop_seed, maxval=tf.int32.max, dtype=tf.int32) % room)
    flips = tf.random.stateless_uniform([], flip_seed) < 0.5 if mirror else tf.constant(False)
    left = tf.where(flips, room[1] - 1 - left, left)

    def augmented(image, side):
        # Mirroring comes before the crop, which `left` allows for, as bytes are moved faster than floats. All is
        # resized: TensorFlow's operations that resize to the crop alone take longer.
        image = tf.cond(flips, lambda: tf.reverse(image, [1]), lambda: image)
        resized = resize(side.clipped(image), scaled, side.interpolation)
        return side.to_network(tf.slice(resized, [top, left, 0], [*size, side.channels]))

    return tuple(augmented(image, side) for image, side in zip(pair, sides, strict=True))

"""How the images that are read of a pair's files become the pair: (paths, arrays [H, W, C]) → (a, b)."""

import functools

import numpy as np

from pix2pix_tf import augment, images
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import sides_in_files


def halves(paths, decoded):
    """One side-by-side image."""
    return images.split_pair(*decoded, *paths)


def twice(_, decoded):
    """One photo, which is its own partner."""
    return decoded[0], decoded[0]


def same_size(paths, decoded):
    """Two images of one size; UserError for others."""
    (height_a, width_a, _), (height_b, width_b, _) = (image.shape for image in decoded)
    if (height_a, width_a) != (height_b, width_b):
        raise UserError(
            f"{paths[0]} is {height_a}x{width_a} but {paths[1]} is {height_b}x{width_b} (height x width); "
            "the two images of a pair must have the same size; --resize_pair resizes the second to that of the first."
        )
    return tuple(decoded)


def of_two_files(config):
    """`same_size`; with `resize_pair`, a function that brings B to the size of A."""
    return functools.partial(_b_resized, sides_in_files(config)[1]) if config.resize_pair else same_size


def _b_resized(side, _, decoded):
    a, b = decoded
    if a.shape[:2] == b.shape[:2]:
        return a, b
    if not any(b.strides):  # An outline, of one value.
        return a, np.broadcast_to(b[:1, :1], (*a.shape[:2], b.shape[2]))
    resized = augment.resize(b, a.shape[:2], side.interpolation).numpy()
    return a, (np.rint(resized) if side.is_integer else resized).astype(b.dtype)

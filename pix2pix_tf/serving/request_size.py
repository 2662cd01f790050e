"""How much work the images of a request are, by their sizes, before anything is decoded."""

import io
import struct

import numpy as np
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.serving.refusals import invalid

LARGE_PIXELS = 2**20  # of an image; a request with a larger one takes a gigabyte for a network of the paper's width
MOST_PIXELS = 2**26  # of all images of a request together: 64 of 1024x1024
MULTIPLE = 256  # Sides are padded to a multiple of it, or of a smaller power of two.
MOST_IMAGES = 64  # An export refuses more of them, so that no further header is read.


def is_large(inputs: dict[str, np.ndarray]) -> bool:
    """Whether a padded image in the inputs of a signature has over LARGE_PIXELS, or all together over four times that.

    Raises:
      Refused: there are several images, which have more than MOST_PIXELS together.
    """
    sizes = []
    for array in inputs.values():
        if array.dtype == object:
            sizes += map(_size_of, array.flat[:MOST_IMAGES])
        elif array.ndim == 4:
            sizes += [array.shape[1:3]] * min(len(array), MOST_IMAGES)
    total = sum(height * width for height, width in sizes)
    if len(sizes) > 1 and total > MOST_PIXELS:
        raise invalid(
            f"the images of the request have {total} pixels together; up to {MOST_PIXELS} are allowed, so send fewer"
        )
    return total > 4 * LARGE_PIXELS or any(_padded_area(*size) > LARGE_PIXELS for size in sizes)


def _size_of(content):
    """Height and width of an encoded image; zero if it has none, as the graph will say."""
    # Pillow would unpack the text before a PNG's pixels, and keep all that stands before a JPEG's.
    if content.startswith(b"\x89PNG"):
        return struct.unpack(">II", content[16:24].ljust(8, b"\0"))[::-1]
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return tuple(tf.image.extract_jpeg_shape(content).numpy()[:2].tolist())
        header = images.read_header(io.BytesIO(content), "")
    except (UserError, tf.errors.InvalidArgumentError):
        return 0, 0
    return header.height, header.width


def _padded_area(height, width):
    return -(-height // MULTIPLE) * MULTIPLE * -(-width // MULTIPLE) * MULTIPLE

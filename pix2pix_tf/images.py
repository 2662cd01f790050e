"""Pictures as arrays: any image file → uint8, split a pair, uint8 ↔ [-1, 1], pad and crop."""

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from pix2pix_tf.errors import UserError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def read_image(file, name: str | None = None) -> np.ndarray:
    """An image file of any kind that Pillow reads → RGB uint8 [H, W, 3].

    Args:
      file: a path or a binary file object.
      name: what to call it in an error; the path if there is one.

    Raises:
      UserError: it cannot be opened, is no image, or is truncated.
    """
    try:
        with Image.open(file) as image:
            image = ImageOps.exif_transpose(image)
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "not an image that can be read" if isinstance(error, Image.UnidentifiedImageError) else str(error)
        raise UserError(f"{name or file} cannot be decoded ({reason}); replace or remove it.") from None


def split_pair(image: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A side-by-side picture [H, 2W, 3] → its left half A and right half B, each [H, W, 3]."""
    width = image.shape[1]
    if width % 2:
        raise UserError(
            f"{name} is {width} pixels wide, so its halves differ in size; side-by-side pairs need an even width."
        )
    return image[:, : width // 2], image[:, width // 2 :]


def to_network(image):
    """uint8 or float in [0, 255] → float32 in [-1, 1]."""
    return tf.cast(image, tf.float32) / 127.5 - 1.0


def to_uint8(image):
    """float in [-1, 1] → uint8, rounded to the nearest value; what lies outside is clipped."""
    return tf.cast(tf.clip_by_value(tf.round((tf.cast(image, tf.float32) + 1.0) * 127.5), 0.0, 255.0), tf.uint8)


def pad_to_multiple(image, multiple: int):
    """[N, H, W, C] → [N, H', W', C], the sides rounded up to a multiple by mirrored pixels.

    Rows and columns are added at the bottom and on the right. Indices are gathered, because REFLECT
    padding fails where the pad reaches the image's own size.
    """
    for axis in (1, 2):
        side = image.shape[axis] or tf.shape(image)[axis]
        padded = (side + multiple - 1) // multiple * multiple
        if not (isinstance(side, int) and padded == side):
            image = tf.gather(image, _mirrored(padded, side), axis=axis)
    return image


def _mirrored(length, side):
    """int32 [length]: 0, 1, …, side-1, side-2, …, 1, 0, 1, … (the edge itself is not repeated)."""
    period = tf.maximum(2 * (side - 1), 1)
    position = tf.range(length) % period
    return tf.minimum(position, period - position)

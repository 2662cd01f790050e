"""Images of any channels as people see them: one channel as gray, three as RGB, three chosen ones of more."""

import numpy as np
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.sides import Side


def as_rgb(image, config):
    """float [..., H, W, C] in [-1, 1] → RGB, the same values; a run's `display_channels` choose among 2, 4 and more.

    Without these, the first three are shown, or of two the first one.
    """
    channels = image.shape[-1]
    if channels == 3:
        return image
    chosen = [int(channel) for channel in config.display_channels.split(",")] if config.display_channels else [0, 1, 2]
    if channels < 3 or max(chosen) >= channels:
        chosen = [0, 0, 0] if channels < 3 else [0, 1, 2]
    return tf.gather(image, chosen, axis=-1)


def preview(image: np.ndarray, side: Side, config) -> np.ndarray:
    """An image of a side, in its own units, → RGB uint8 [H, W, 3], stretched by the side's range."""
    return image if side.is_rgb else images.to_uint8(as_rgb(side.to_network(image), config)).numpy()

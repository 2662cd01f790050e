"""What one side of a pair is: channels, values, and the range of these that is [-1, 1] for the networks.

By default it is RGB of 8 bits. A run's `config.json` records both sides as numbers.
"""

import dataclasses

import numpy as np
import tensorflow as tf

LIMITS = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0), "int16": (-32768.0, 32767.0)}


@dataclasses.dataclass(frozen=True)
class Side:
    """The images of one side, [..., H, W, channels] of `dtype`; values from `low` to `high` become [-1, 1]."""

    channels: int = 3
    dtype: str = "uint8"
    low: float = 0.0
    high: float = 255.0
    interpolation: str = "bilinear"

    def __str__(self):
        return f"{kind_of(self.channels, self.dtype)} in {self.low:g} to {self.high:g}"

    @property
    def is_rgb(self) -> bool:
        """Whether these are usual images, RGB of 8 bits."""
        return (self.channels, self.dtype, self.low, self.high) == (3, "uint8", 0.0, 255.0)

    @property
    def is_integer(self) -> bool:
        """Whether values are rounded."""
        return self.dtype in LIMITS

    @property
    def step(self) -> float:
        """The distance of values that counts as small: a level of 8 bits, and at least 1 for integers."""
        return max((self.high - self.low) / 255.0, 1.0 if self.is_integer else 0.0)

    @property
    def unit(self) -> float:
        """How many of the data's units 1 on [-1, 1] is."""
        return (self.high - self.low) / 2.0

    @property
    def can_be_png(self) -> bool:
        """Whether PNG files hold it that TensorFlow's kernels read and write."""
        return self.dtype in ("uint8", "uint16") and self.channels in (1, 3, 4)

    @property
    def is_cut(self) -> bool:
        """Whether there may be values outside of the range, which are clipped."""
        return (self.low, self.high) != LIMITS.get(self.dtype)

    def clipped(self, image):
        """The same with values outside of the range at its ends."""
        return tf.clip_by_value(tf.cast(image, tf.float32), self.low, self.high) if self.is_cut else image

    def outside(self, image: np.ndarray) -> int:
        """How many values are outside of the range."""
        return int(np.count_nonzero((image < self.low) | (image > self.high))) if self.is_cut else 0

    def to_network(self, image):
        """Values in the data's units → float32 in [-1, 1]."""
        values = tf.cast(self.clipped(image), tf.float32)
        return (values - self.low if self.low else values) / self.unit - 1.0

    def from_network(self, image):
        """float in [-1, 1] → `dtype`, in the data's units; integers are rounded, and what lies outside is clipped."""
        values = (tf.cast(image, tf.float32) + 1.0) * self.unit
        values = values + self.low if self.low else values
        values = tf.round(values) if self.is_integer else values
        return tf.cast(tf.clip_by_value(values, self.low, self.high), self.dtype)


RGB = Side()


def kind_of(channels: int, dtype: str) -> str:
    """For messages, such as "5 channels of float32"."""
    return f"{channels} channel{'s' if channels > 1 else ''} of {dtype}"


def input_side(config) -> Side:
    """What the inputs of a run are. `auto` is RGB of 8 bits, and the range of floats is [-1, 1] until it is known."""
    return _side(config, "input")


def output_side(config) -> Side:
    """What the targets and outputs of a run are; as for `input_side`."""
    return _side(config, "output")


def sides_in_files(config) -> tuple[Side, Side]:
    """The sides A and B."""
    sides = input_side(config), output_side(config)
    return sides if config.direction == "a_to_b" else sides[::-1]


def _side(config, which):
    channels, dtype, limits, interpolation = (
        getattr(config, f"{which}_{field}") for field in ("channels", "dtype", "range", "interpolation")
    )
    dtype = "uint8" if dtype == "auto" else dtype
    low, high = LIMITS.get(dtype, (-1.0, 1.0)) if isinstance(limits, str) else limits
    return Side(3 if channels == "auto" else channels, dtype, low, high, interpolation)

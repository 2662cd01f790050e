"""What values images have: the range of each channel, how many are outside of a side's range, and histograms."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from pix2pix_tf.sides import Side

SAMPLE = 64  # pixels of each image, for the histogram
_BARS = " ▁▂▃▄▅▆▇█"


@dataclasses.dataclass(frozen=True)
class Values:
    """Of one or more images: lowest and highest value of each channel, [C]; a sample of pixels, [K, C]; counts."""

    low: np.ndarray
    high: np.ndarray
    sample: np.ndarray
    count: int
    outside: int

    @property
    def is_constant(self) -> bool:
        """Whether each channel has one value everywhere."""
        return bool(np.all(self.low == self.high))


def values_of(image: np.ndarray, side: Side) -> Values:
    """The values of one image [H, W, C]."""
    pixels = image.reshape(-1, image.shape[-1])
    sample = pixels[:: max(1, len(pixels) // SAMPLE)]
    return Values(pixels.min(axis=0), pixels.max(axis=0), sample.copy(), image.size, side.outside(image))


def joined(parts: Iterable[Values]) -> Values:
    """The values of some images together."""
    low, high, sample, count, outside = zip(*map(dataclasses.astuple, parts), strict=True)
    return Values(np.min(low, axis=0), np.max(high, axis=0), np.concatenate(sample), sum(count), sum(outside))


def histograms(values: Values) -> list[str]:
    """A line on each channel: its range, and how often values of a sixteenth of it occur, as bars."""
    lines = []
    for channel, (low, high) in enumerate(zip(values.low, values.high, strict=True)):
        counts, _ = np.histogram(values.sample[:, channel].astype(np.float64), 16, (float(low), float(high)))
        heights = np.ceil(counts / counts.max() * (len(_BARS) - 1)).astype(int)
        lines.append(f"channel {channel}: {low:g} to {high:g} |{''.join(_BARS[height] for height in heights)}|")
    return lines

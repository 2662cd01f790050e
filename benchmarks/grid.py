"""The grid that transposed convolutions leave in outputs (Odena, Dumoulin, Olah 2016, checkerboard artifacts).

A decoder of stride 2 repeats what it does every 2 pixels, the block before it every 4, and so on. What repeats every p
pixels has its energy at exactly the frequencies (i/p, j/p), which therefore stand out of the frequencies around them.
In photos, whose energy falls smoothly with the frequency, they do not.
"""

import itertools

import numpy as np

PERIODS = (2, 4, 8)  # pixels
NEAR, FAR = 3, 6  # How far the frequencies around are: outside of the window's main lobe, within 1/8 for 64 pixels.
FLOOR = 1e-6  # squared gray levels; without it, flat images would be 0 / 0


def grid_strength(photos) -> dict[int, float]:
    """How far the frequencies of a grid stand out of those around them.

    Each image is made gray (the mean of R, G and B) and faded to its mean toward the edges (Hann), as its opposite
    edges do not meet.

    Args:
      photos: images [H, W, 3] of one size in [0, 255], whose sides are multiples of 8 and at least 64.

    Returns:
      {p: strength} for each of PERIODS. The mean energy of the images at a frequency is divided by that around it;
      the strength is the geometric mean over the frequencies (i/p, j/p) that belong to no shorter period. 1: no grid.
    """
    energy = np.mean([_energy(np.asarray(photo, np.float64).mean(axis=-1)) for photo in photos], axis=0)
    shifts = [(i, j) for i, j in itertools.product(range(-FAR, FAR + 1), repeat=2) if max(abs(i), abs(j)) >= NEAR]
    around = np.mean([np.roll(energy, shift, (0, 1)) for shift in shifts], axis=0)
    ratios = np.log((energy + FLOOR) / (around + FLOOR))
    return {period: float(np.exp(ratios[_frequencies(period, energy.shape)].mean())) for period in PERIODS}


def _energy(gray):
    """|Fourier transform|² of an image, in squared gray levels: noise has its variance at every frequency."""
    window = np.outer(*(np.hanning(side + 1)[:-1] for side in gray.shape))
    return np.abs(np.fft.fft2((gray - gray.mean()) * window)) ** 2 / np.sum(window**2)


def _frequencies(period, shape):
    """bool [H, W]: the multiples of 1 / period in both directions that are not multiples of 2 / period in both."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]

    def multiples(step):
        return (rows * step % shape[0] == 0) & (columns * step % shape[1] == 0)

    return multiples(period) & ~multiples(period // 2)

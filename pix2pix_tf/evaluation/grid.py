"""The grid that transposed convolutions leave in outputs (Odena, Dumoulin, Olah 2016, checkerboard artifacts).

A decoder of stride 2 repeats what it does every 2 pixels, the block before it every 4, and so on. What repeats every p
pixels has its energy at the frequencies (i/p, j/p), which photos have little of.
"""

import numpy as np

PERIODS = (2, 4, 8)  # pixels


def grid_energy(photos) -> dict[int, float]:
    """The mean energy of images at the frequencies of a grid.

    Each image is made gray (the mean of R, G and B) and faded to its mean toward the edges (Hann), as its opposite
    edges do not meet.

    Args:
      photos: uint8 images [H, W, 3], whose sides are multiples of 8.

    Returns:
      {p: energy} for each of PERIODS: the mean of |Fourier transform|² per pixel, in squared gray levels, over the
      frequencies (i/p, j/p) that belong to no shorter period, and over the images.
    """
    energies = [_energy(np.asarray(photo, np.float64).mean(axis=-1)) for photo in photos]
    return {period: float(np.mean([energy[period] for energy in energies])) for period in PERIODS}


def _energy(gray):
    window = np.outer(*(np.hanning(side + 1)[:-1] for side in gray.shape))
    faded = (gray - gray.mean()) * window
    power = np.abs(np.fft.fft2(faded)) ** 2 / np.sum(window**2)
    return {period: power[_frequencies(period, gray.shape)].mean() for period in PERIODS}


def _frequencies(period, shape):
    """bool [H, W]: the multiples of 1 / period in both directions that are not multiples of 2 / period in both."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]

    def on(step):
        return (rows * step % shape[0] == 0) & (columns * step % shape[1] == 0)

    return on(period) & ~on(period // 2)

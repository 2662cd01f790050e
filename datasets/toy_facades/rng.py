"""The one source of chance behind a drawing: integers, and the same ones everywhere."""

import numpy as np


class Rng:
    """Random integers that depend on the seed only, never on the machine or its NumPy.

    NumPy promises that the *raw* 64-bit words of a bit generator stay the same in every
    version, and promises nothing of the kind for `Generator.integers` and its siblings.
    So the words are drawn from NumPy, and brought into range here.
    """

    def __init__(self, seed: int):
        self._words = np.random.Philox(key=seed)

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(self._words.random_raw()) * n >> 64

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high], both ends included."""
        return low + self.below(high - low + 1)

    def chance(self, per_cent: int) -> bool:
        """True in so many cases of a hundred."""
        return self.below(100) < per_cent

    def choice(self, options):
        """One item of a sequence."""
        return options[self.below(len(options))]

    def noise(self, shape: tuple[int, ...], amplitude: int) -> np.ndarray:
        """int32 array of independent values in [-amplitude, amplitude]; amplitude < 128."""
        count = int(np.prod(shape))
        words = self._words.random_raw(-(-count // 8))
        octets = words.astype("<u8").view(np.uint8)[:count].astype(np.int32)
        return (octets * (2 * amplitude + 1) // 256 - amplitude).reshape(shape)

    def smooth_noise(self, size: int, cell: int, amplitude: int) -> np.ndarray:
        """int32 [size, size] in [-amplitude, amplitude], in waves about `cell` pixels wide.

        Noise on a coarse grid, interpolated bilinearly in integers.
        """
        knots = size // cell + 2
        grid = self.noise((knots, knots), amplitude)
        index, step = np.divmod(np.arange(size, dtype=np.int32), cell)
        rows = (grid[index].T * (cell - step) + grid[index + 1].T * step).T
        return (rows[:, index] * (cell - step) + rows[:, index + 1] * step) // cell**2

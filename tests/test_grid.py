"""The grid as a number: what a pattern in noise is worth by hand, and images without one."""

import numpy as np
import pytest
from grid import PERIODS, grid_strength

SIZE, SIGMA = 64, 10.0


def color(gray):
    return np.repeat(gray[..., None], 3, axis=-1)


def noise(count=40, seed=0):
    return np.random.default_rng(seed).normal(128, SIGMA, (count, SIZE, SIZE))


def comb(period, height):
    """One pixel in each square of period x period is higher."""
    pattern = np.zeros((SIZE, SIZE))
    pattern[::period, ::period] = height
    return pattern


def test_noise_has_no_grid():
    strength = grid_strength([color(image) for image in noise()])
    assert all(strength[period] == pytest.approx(1, abs=0.15) for period in PERIODS)


@pytest.mark.parametrize(("period", "height"), [(2, 20), (4, 100), (8, 400)])
def test_a_grid_in_noise_by_hand(period, height):
    """Its Fourier coefficients are height / period² · Σw at all frequencies (i/p, j/p), to which the noise adds."""
    window = np.outer(*[np.hanning(SIZE + 1)[:-1]] * 2)
    expected = 1 + (height / period**2 * window.sum()) ** 2 / np.sum(window**2) / SIGMA**2
    strength = grid_strength([color(image + comb(period, height)) for image in noise()])
    assert strength[period] == pytest.approx(expected, rel=0.15)
    assert expected > 50
    for longer in PERIODS:
        if longer > period:  # A shorter period is also in a longer one's pattern, not the other way round.
            assert strength[longer] == pytest.approx(1, abs=0.2)


def test_what_is_flat_has_none_and_what_is_smooth_next_to_none():
    slope = np.tile(np.linspace(0, 255, SIZE), (SIZE, 1))
    assert grid_strength([color(np.full((SIZE, SIZE), 77.0))]) == {2: 1.0, 4: 1.0, 8: 1.0}
    assert all(value < 2 for value in grid_strength([color(slope)]).values())

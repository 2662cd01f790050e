"""The grid as a number: images whose energy is known, and what a transposed convolution leaves."""

import numpy as np
import pytest

from pix2pix_tf.evaluation.grid import PERIODS, grid_energy


def gray(values):
    return np.repeat(np.round(values)[..., None], 3, axis=-1).astype(np.uint8)


def stripes(period, amplitude=10, size=64):
    """A wave of one frequency along the rows, 1 / period."""
    wave = np.cos(2 * np.pi * np.arange(size) / period)
    return 128 + np.tile(np.round(amplitude * wave), (size, 1))


@pytest.mark.parametrize("period", PERIODS)
def test_a_wave_has_its_energy_at_its_period_only(period):
    energy = grid_energy([gray(stripes(period))])
    assert max(energy, key=energy.get) == period
    assert all(energy[other] < 0.02 * energy[period] for other in PERIODS if other != period)


def test_energy_grows_with_the_square_of_the_amplitude():
    weak, strong = (grid_energy([gray(stripes(2, amplitude))])[2] for amplitude in (5, 20))
    assert strong == pytest.approx(16 * weak)


def test_energy_of_a_wave_by_hand():
    """±a at each pixel: |F|² is (a Σw)² at one of the 3 frequencies of period 2, per pixel of the window's Σw²."""
    size, amplitude = 64, 10
    window = np.outer(*[np.hanning(size + 1)[:-1]] * 2)
    expected = (amplitude * window.sum()) ** 2 / np.sum(window**2) / 3
    assert grid_energy([gray(stripes(2, amplitude))])[2] == pytest.approx(expected)


def test_noise_has_the_same_energy_everywhere_and_images_are_averaged():
    noise = np.random.default_rng(0).normal(128, 10, (40, 64, 64))
    images = [gray(image) for image in noise]
    energy = grid_energy(images)
    for period in PERIODS:
        assert energy[period] == pytest.approx(100, rel=0.3)
    halves = [grid_energy(part) for part in (images[:20], images[20:])]
    assert energy[4] == pytest.approx((halves[0][4] + halves[1][4]) / 2)


def test_what_is_flat_or_smooth_has_next_to_none():
    slope = np.tile(np.linspace(0, 255, 64), (64, 1))
    assert grid_energy([gray(np.full((64, 64), 77.0))]) == {2: 0.0, 4: 0.0, 8: 0.0}
    assert all(value < 5 for value in grid_energy([gray(slope)]).values())

"""The degradation of old prints: each flaw does what its name says, and the same seed always draws the same one."""

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf.data import pairing
from pix2pix_tf.data.degradation import degrade

FLAT = np.full((64, 48, 3), 128, np.uint8)
RAMP = np.arange(256, dtype=np.uint8)[None, :, None].repeat(4, axis=0).repeat(3, axis=-1)
SEEDS = range(20)


def texture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (64, 48, 3), np.uint8)


def test_without_flaws_it_is_the_photo_in_gray():
    np.testing.assert_array_equal(degrade(texture(), 0, ()), pairing.gray(texture()))


@pytest.mark.parametrize("seed", SEEDS)
def test_grain_is_gray_noise_of_few_percent(seed):
    grainy = degrade(FLAT, seed, ("grain",)) / 255
    assert np.all(grainy == grainy[..., :1])
    assert 0.02 < grainy.std() < 0.08
    assert abs(grainy.mean() - 128 / 255) < 0.01
    neighbors = np.corrcoef(grainy[:, :-1, 0].ravel(), grainy[:, 1:, 0].ravel())[0, 1]
    assert -0.1 < neighbors < 0.8  # Spots of one pixel to two.


@pytest.mark.parametrize("seed", SEEDS)
def test_fading_narrows_the_tones_in_proportion(seed):
    faded = degrade(RAMP, seed, ("fading",))[0, :, 0] / 255
    assert 0.095 < faded[0] < 0.305 and 0.745 < faded[-1] < 0.905
    np.testing.assert_allclose(faded, np.linspace(faded[0], faded[-1], 256), atol=0.005)


@pytest.mark.parametrize("seed", SEEDS)
def test_tint_is_yellow_paper_and_brown_ink(seed):
    tinted = degrade(RAMP, seed, ("tint",))[0] / 255
    red, green, blue = tinted[-1]
    assert red == 1 and 0.87 < green < 0.95 and 0.67 < blue < 0.83
    red, green, blue = tinted[0]
    assert 0.21 > red >= green >= blue >= 0
    assert np.all(np.diff(tinted, axis=0) >= 0)


def test_a_seed_draws_a_flaw_alike_with_and_without_the_others():
    for seed in SEEDS:
        np.testing.assert_array_equal(degrade(texture(), seed), degrade(texture(), seed))
        faded = degrade(RAMP, seed, ("fading",))[0, :, 0] / 255.0
        both = degrade(RAMP, seed, ("fading", "tint"))[0, :, 0] / 255.0
        ink = degrade(RAMP, seed, ("tint",))[0, 0, 0] / 255.0
        np.testing.assert_allclose(both, ink + (1 - ink) * faded, atol=0.01)
    assert np.any(degrade(texture(), 0) != degrade(texture(), 1))


def test_all_flaws_of_any_size():
    for shape in [(1, 1, 3), (3, 7, 3)]:
        look = degrade(np.full(shape, 200, np.uint8), 0)
        assert look.shape == shape and look.dtype == np.uint8
        assert np.all(look[..., 0] > look[..., 2])  # Yellowed.
    assert Image.fromarray(degrade(texture(), 3)).mode == "RGB"

"""The degradation of old black-and-white prints, drawn onto new photographs."""

import numpy as np
from PIL import Image

from pix2pix_tf.data import pairing


def degrade(photo: np.ndarray, seed: int, flaws=("grain", "fading", "tint")) -> np.ndarray:
    """uint8 RGB [H, W, 3] → the same without color and with flaws of old prints, in this order:

    - "grain": spots of one to two pixels, with a standard deviation of 2 to 8 % of the range from black to white;
    - "fading": black turns into a gray of 10 to 30 %, white into one of 75 to 90 %;
    - "tint": white turns into the yellow of old paper, black into a brown.

    `seed` decides how strong each flaw is, and does so alike whichever others are drawn.
    """
    tones = np.float32(pairing.gray(photo)[..., 0]) / 255
    for (name, draw), rng in zip(_FLAWS.items(), np.random.default_rng(seed).spawn(len(_FLAWS)), strict=True):
        if name in flaws:
            tones = draw(tones, rng)
    rgb = tones if tones.ndim == 3 else tones[..., None].repeat(3, axis=-1)
    return np.uint8(np.clip(np.round(rgb * 255), 0, 255))


def _grain(tones, rng):
    coarse = np.ceil(np.divide(tones.shape, rng.uniform(1, 2))).astype(int)
    spots = Image.fromarray(np.float32(rng.normal(0, rng.uniform(0.04, 0.08), coarse)))
    return tones + np.asarray(spots.resize(tones.shape[::-1], Image.Resampling.BILINEAR))


def _fading(tones, rng):
    black, white = rng.uniform(0.1, 0.3), rng.uniform(0.75, 0.9)
    return black + (white - black) * tones


def _tint(tones, rng):
    paper = np.float32([1, rng.uniform(0.88, 0.94), rng.uniform(0.68, 0.82)])
    ink = np.float32([0.2, 0.12, 0.05]) * np.float32(rng.uniform(0, 1))
    return ink + (paper - ink) * tones[..., None]


_FLAWS = {"grain": _grain, "fading": _fading, "tint": _tint}

"""Side-by-side pairs of images that are not paired yet: resizing, edges, gray, and which split a pair goes to."""

import hashlib
import importlib.util
import os

import numpy as np
from PIL import Image, ImageOps

from pix2pix_tf.errors import UserError


def resized(image: np.ndarray, size: tuple[int, int], fit: str, upscale: bool, name: str) -> np.ndarray:
    """uint8 [H, W, 3] → uint8 [*size, 3], with antialiasing; UserError, unless to `upscale`, if the image is smaller.

    As `fit`, `crop` cuts off equally on both sides what is too long for these proportions; `stretch` keeps everything.
    """
    height, width = size
    if not upscale and (image.shape[0] < height or image.shape[1] < width):
        raise UserError(
            f"{name} is {image.shape[0]}x{image.shape[1]} (height x width), smaller than --size={height}x{width}; "
            "take a smaller --size, or give --upscale."
        )
    if image.shape[:2] == size:
        return image
    whole = Image.fromarray(image)
    if fit == "crop":
        return np.asarray(ImageOps.fit(whole, (width, height), Image.Resampling.LANCZOS))
    return np.asarray(whole.resize((width, height), Image.Resampling.LANCZOS))


def check_edges_can_be_made() -> None:
    """Raises UserError where scikit-image, which finds the edges, is not installed."""
    if importlib.util.find_spec("skimage") is None:
        raise UserError("Edges need scikit-image, which is not installed: pip install 'pix2pix_tf[edges]'.")


def edges(image: np.ndarray, sigma: float) -> np.ndarray:
    """uint8 [H, W, 3] → uint8 [H, W, 3]: Canny's edges in black on white, after a blur of `sigma` pixels."""
    from skimage.feature import canny  # Here, because only edges need it.

    found = canny(gray(image)[..., 0] / 255, sigma)
    return np.where(found[..., None], np.uint8(0), np.uint8(255)).repeat(3, axis=-1)


def gray(image: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] → the same without color (ITU-R 601-2 luma)."""
    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


def side_by_side(a: np.ndarray, b: np.ndarray, names) -> np.ndarray:
    """Two uint8 [H, W, 3] → uint8 [H, 2W, 3]; raises UserError, with both names, where the sizes differ."""
    if a.shape != b.shape:
        raise UserError(
            f"{names[0]} is {a.shape[0]}x{a.shape[1]} but {names[1]} is {b.shape[0]}x{b.shape[1]} (height x width); "
            "give a --size to which both are resized."
        )
    return np.concatenate([a, b], axis=1)


def choose_splits(names, val_fraction: float) -> dict[str, str]:
    """{name: "train" or "val"}, always the same for the same names, and hardly another when some are added."""
    by_hash = sorted(names, key=lambda name: hashlib.sha256(os.fsencode(name)).digest())
    count = round(len(by_hash) * val_fraction)
    return {name: "val" if place < count else "train" for place, name in enumerate(by_hash)}

"""Drawn pairs of other kinds than RGB, and what the tests of them share."""

import numpy as np
import tifffile

from pix2pix_tf import Config, array_files

SMALL = {"image_size": 32, "base_filters": 2, "receptive_field": 16, "batch_size": 2}


def bands(number: int, size=(32, 32)) -> np.ndarray:
    """Five smooth bands, float32 in about 0 to 2, the more the higher the number."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] / 32
    waves = [np.sin((band + 2) * rows + number) * np.cos((band + 1) * columns - number) for band in range(5)]
    return np.float32(1 + (1 + number / 20) * np.stack(waves, axis=-1))


def biomass(image: np.ndarray) -> np.ndarray:
    """What is to be found in the bands: one channel, float32 in -20 to 60."""
    return np.float32(-20 + 20 * (image[..., 3:4] + image[..., :1]))


def depth(number: int, size=(32, 32)) -> np.ndarray:
    """One channel of uint16 that uses more than 8 bits."""
    return np.uint16(20000 + 9000 * (bands(number, size)[..., :1]) + np.arange(size[1])[:, None])


def write_band_pairs(root, numbers=range(6), split="train") -> str:
    """Pairs of TIFF files in folders A and B."""
    for number in numbers:
        for side, image in (("A", bands(number)), ("B", biomass(bands(number)))):
            path = root / split / side / f"{number}.tif"
            array_files.write(image, str(path))
    return str(root)


def write_depth_pairs(root, numbers=range(6), split="train") -> str:
    """RGB in folder A, depth as PNG files of 16 bits in B."""
    for number in numbers:
        rgb = np.uint8(100 * bands(number)[..., :3])
        array_files.write(rgb, str(root / split / "A" / f"{number}.png"))
        array_files.write(depth(number), str(root / split / "B" / f"{number}.png"))
    return str(root)


def band_config(data_dir, **changes) -> Config:
    """Of a run that trains in a moment."""
    return Config(**{"data_dir": data_dir, **SMALL, "steps": 4, **changes})


def with_tag(path, image):
    """A TIFF with a GeoTIFF tag."""
    tifffile.imwrite(
        path, image, planarconfig="contig", photometric="minisblack", extratags=[(33550, "d", 3, (2.0, 2.0, 0.0), True)]
    )

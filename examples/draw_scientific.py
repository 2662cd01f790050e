"""Draws the two data sets of docs/scientific_images.md: python examples/draw_scientific.py FOLDER

FOLDER/depth          RGB → depth in millimeters, one channel of 16 bits (PNG)
FOLDER/depth_8_bits   the same, but depth cut to 8 bits first, as by most loaders
FOLDER/bands          five bands of reflectance, float32 → biomass in t/ha, float32 (TIFF)
"""

import argparse
import os

import numpy as np

from pix2pix_tf import array_files

SIZE = 64  # pixels
COUNTS = {"train": 200, "val": 20}
METER = 1000  # millimeters


def draw_depth(rng):
    """A floor that rises to a wall in the fog, with balls before it → RGB uint8 [H, W, 3], depth uint16 [H, W, 1]."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    depth = 5.0 - rng.uniform(1.5, 3.0) * rows + rng.uniform(-0.5, 0.5) * columns  # meters
    color = np.full((SIZE, SIZE, 3), rng.uniform(0.95, 1.0, 3))
    for _ in range(rng.integers(2, 6)):
        row, column, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.08, 0.25)
        bulge = np.sqrt(np.maximum(radius**2 - (rows - row) ** 2 - (columns - column) ** 2, 0))
        ball = np.where(bulge > 0, rng.uniform(1.5, 4.0) - 2 * bulge, np.inf)
        color[ball < depth] = rng.uniform(0.95, 1.0, 3)
        depth = np.minimum(depth, ball)
    clear = np.exp(-depth / 3)[..., None]
    rgb = 255 * (clear * color + (1 - clear) * (0.1, 0.15, 0.2))
    return np.uint8(np.round(rgb)), np.uint16(np.round(depth * METER))[..., None]


def draw_bands(rng):
    """Fields of plants on soil → blue, green, red, near and short-wave infrared, float32; biomass in t/ha, float32."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    waves = [
        np.sin(2 * np.pi * (rng.uniform(0.5, 3) * rows + rng.uniform(0.5, 3) * columns) + rng.uniform(0, 6))
        for _ in range(4)
    ]
    cover = np.clip(0.5 + sum(waves) / 4, 0, 1)[..., None]
    soil, plants = np.array([0.08, 0.12, 0.18, 0.25, 0.35]), np.array([0.03, 0.09, 0.04, 0.5, 0.15])
    light = rng.uniform(0.8, 1.2)
    bands = light * (soil + (plants - soil) * cover) + rng.normal(0, 0.005, (SIZE, SIZE, 5))
    return np.float32(bands), np.float32(120 * cover**1.5)


def write_pair(folder, name, images):
    """Writes A and B of one pair."""
    for side, image in zip("AB", images, strict=True):
        array_files.write(image, os.path.join(folder, side, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    for split, count in COUNTS.items():
        for number in range(count):
            rng = np.random.default_rng([len(split), number])
            rgb, depth = draw_depth(rng)
            write_pair(os.path.join(folder, "depth", split), f"{number:03}.png", (rgb, depth))
            eight_bits = np.uint8(depth // 256)
            write_pair(os.path.join(folder, "depth_8_bits", split), f"{number:03}.png", (rgb, eight_bits))
            write_pair(os.path.join(folder, "bands", split), f"{number:03}.tif", draw_bands(rng))


if __name__ == "__main__":
    main()

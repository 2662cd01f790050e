"""Draws a facade twice: as a map of class colors and as a "photo" of the same building.

All arithmetic is on integers, so that a seed gives the same bytes on every machine.
"""

from typing import NamedTuple

import numpy as np

from pix2pix_tf.datasets.facades.palette import PALETTE
from pix2pix_tf.datasets.toy_facades import facade_layout, painting
from pix2pix_tf.datasets.toy_facades.rng import Rng

# How far a class stands out of the wall, which is how long its shadow is (in layout units).
RELIEF = {"molding": 5, "cornice": 4, "sill": 3, "balcony": 7, "pillar": 2, "blind": 1, "deco": 2}

WALL_COLORS = {
    "brick": ((158, 84, 64), (176, 108, 80), (128, 74, 66), (200, 160, 118)),
    "stone": ((192, 182, 162), (168, 162, 154), (208, 194, 164)),
    "plaster": ((224, 208, 172), (204, 174, 134), (216, 216, 208), (196, 130, 106), (172, 188, 174)),
}


class Pair(NamedTuple):
    """One example; both uint8 [size, size, 3]."""

    photo: np.ndarray
    labels: np.ndarray


def draw_pair(seed: int, size: int = 256) -> Pair:
    """Draws the pair of this seed: photo and labels, uint8 [size, size, 3]; size at least 16."""
    rng = Rng(seed)
    planned = [facade_layout.Element(kind, box.scaled(size)) for kind, box in facade_layout.plan(rng)]
    elements = [element for element in planned if not element.box.is_empty]
    return Pair(draw_photo(elements, size, rng), draw_labels(elements, size))


def draw_labels(elements: list[facade_layout.Element], size: int) -> np.ndarray:
    """The map of class colors, uint8 [size, size, 3]."""
    labels = np.full((size, size, 3), PALETTE["background"], np.uint8)
    for kind, box in elements:
        _part(labels, box)[:] = PALETTE[kind]
    return labels


def draw_photo(elements: list[facade_layout.Element], size: int, rng: Rng) -> np.ndarray:
    """The rendered photo, uint8 [size, size, 3]. The first element is the facade itself."""
    style = painting.choose_style(rng)
    wall = _wall(size, rng)
    photo = _surroundings(elements[0].box, size, rng)
    for kind, box in elements:
        _cast_shadow(photo, box, RELIEF.get(kind, 0) * size // facade_layout.UNITS, style.light)
        if kind == "facade":
            _part(photo, box)[:] = _part(wall, box)
        else:
            painting.PAINTERS[kind](_part(photo, box), style, rng)
    return _develop(photo, rng)


def _part(image: np.ndarray, box: facade_layout.Box) -> np.ndarray:
    """The view of an image inside a box, cut at the image's edges."""
    return image[max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)]


def _cast_shadow(photo: np.ndarray, box: facade_layout.Box, depth: int, light: int) -> None:
    """Darkens what is below the box and away from the sun."""
    across = depth * light // 2
    if depth:
        moved = facade_layout.Box(box.top, box.left + across, box.bottom + depth, box.right + across)
        shaded = _part(photo, moved)
        shaded[:] = shaded * 5 // 9


# The wall.


def _wall(size: int, rng: Rng) -> np.ndarray:
    """A wall all over the canvas, to cut the facade from: int32 [size, size, 3]."""
    material = rng.choice(tuple(WALL_COLORS))
    if material == "brick":
        texture = _courses(size, height=4, width=10, variety=18, joint=-24, rng=rng)
    elif material == "stone":
        texture = _courses(size, height=rng.between(9, 14), width=24, variety=9, joint=-30, rng=rng)
    else:
        texture = rng.noise((size, size), 5)
    stains = rng.smooth_noise(size, size // 12, 14)
    return _color_near(rng.choice(WALL_COLORS[material]), rng) + (texture + stains)[..., None]


def _courses(size: int, height: int, width: int, variety: int, joint: int, rng: Rng) -> np.ndarray:
    """Blocks laid in courses, every other one shifted by half a block: int32 [size, size].

    Every block has its own brightness, within ±`variety`; the joints have `joint`.
    """
    y = np.arange(size)[:, None]
    course = y // height
    x = np.arange(size) + course % 2 * (width // 2)
    brightness = rng.noise((size // height + 1, size // width + 2), variety)
    texture = brightness[course, x // width] + rng.noise((size, size), 4)
    return np.where((y % height == 0) | (x % width == 0), np.int32(joint), texture)


def _color_near(color: painting.Color, rng: Rng) -> np.ndarray:
    """A color like this one, int32 [3]."""
    return np.array(color, np.int32) + rng.noise((3,), 8) + rng.between(-16, 10)


# What is there before the building, and what the camera adds after it.


def _surroundings(facade: facade_layout.Box, size: int, rng: Rng) -> np.ndarray:
    """Sky, the neighbors' bare walls and the street: int32 [size, size, 3]."""
    photo = _sky(size, rng)
    for side in (slice(0, facade.left), slice(facade.right, size)):
        if rng.chance(70):
            roof = max(0, facade.top + size * rng.between(-8, 25) // 100)
            neighbor = photo[roof:, side]
            color = _color_near(rng.choice(WALL_COLORS["plaster"]), rng) * 3 // 4
            neighbor[:] = color + rng.noise(neighbor.shape[:2], 8)[..., None]
    _pave(photo[facade.bottom :], rng)
    return photo


def _sky(size: int, rng: Rng) -> np.ndarray:
    """A sky that pales towards the roofs, with clouds: int32 [size, size, 3]."""
    paling = (np.arange(size, dtype=np.int32) * 90 // size)[:, None, None]
    clouds = rng.smooth_noise(size, size // 6, 90) + rng.smooth_noise(size, size // 16, 30)
    clouds = np.maximum(clouds + rng.between(-20, 40), 0)[..., None]
    blue = np.array((122, 164, 214), np.int32) + paling * np.array((3, 2, 1), np.int32) // 2
    return np.minimum(blue + clouds, np.array((240, 243, 247), np.int32))


def _pave(area: np.ndarray, rng: Rng) -> None:
    """Asphalt, and the lighter pavement along the wall."""
    area[:] = 92 + rng.noise(area.shape[:2], 10)[..., None]
    area[: len(area) // 2] += 50


def _develop(photo: np.ndarray, rng: Rng) -> np.ndarray:
    """A soft lens, uneven exposure, a color cast and grain: the finished uint8 photo."""
    photo[1:-1] = (photo[:-2] + 6 * photo[1:-1] + photo[2:]) // 8
    photo[:, 1:-1] = (photo[:, :-2] + 6 * photo[:, 1:-1] + photo[:, 2:]) // 8
    exposure = 256 + rng.between(-24, 20) + rng.smooth_noise(len(photo), len(photo) // 2, 20)
    cast = 256 + rng.noise((3,), 7)
    photo = photo * exposure[..., None] // 256 * cast // 256
    return np.clip(photo + rng.noise(photo.shape, 5), 0, 255).astype(np.uint8)

"""Draws a facade twice: as a map of class colours and as a "photo" of the same building.

All arithmetic is on integers, so that a seed gives the same bytes on every machine.
"""

from typing import NamedTuple

import numpy as np

from pix2pix_tf.datasets.toy_facades import layout, painting
from pix2pix_tf.datasets.toy_facades.dice import Dice

# The colours of the CMP facades as pix2pix's authors distribute them, in class order.
PALETTE = {
    "background": (0, 0, 222),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 223),
    "sill": (112, 255, 143),
    "balcony": (191, 255, 64),
    "blind": (255, 240, 0),
    "deco": (255, 159, 0),
    "molding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}

# How far a class stands out of the wall, which is how long its shadow is (in layout units).
RELIEF = {"molding": 5, "cornice": 4, "sill": 3, "balcony": 7, "pillar": 2, "blind": 1, "deco": 2}

WALL_COLOURS = {
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
    dice = Dice(seed)
    planned = [layout.Element(kind, box.scaled(size)) for kind, box in layout.plan(dice)]
    elements = [element for element in planned if not element.box.is_empty]
    return Pair(draw_photo(elements, size, dice), draw_labels(elements, size))


def draw_labels(elements: list[layout.Element], size: int) -> np.ndarray:
    """The map of class colours, uint8 [size, size, 3]."""
    labels = np.full((size, size, 3), PALETTE["background"], np.uint8)
    for kind, box in elements:
        _part(labels, box)[:] = PALETTE[kind]
    return labels


def draw_photo(elements: list[layout.Element], size: int, dice: Dice) -> np.ndarray:
    """The rendered photo, uint8 [size, size, 3]. The first element is the facade itself."""
    style = painting.choose_style(dice)
    wall = _wall(size, dice)
    photo = _surroundings(elements[0].box, size, dice)
    for kind, box in elements:
        _cast_shadow(photo, box, RELIEF.get(kind, 0) * size // layout.UNITS, style.light)
        if kind == "facade":
            _part(photo, box)[:] = _part(wall, box)
        else:
            painting.PAINTERS[kind](_part(photo, box), style, dice)
    return _develop(photo, dice)


def _part(image: np.ndarray, box: layout.Box) -> np.ndarray:
    """The view of an image inside a box, cut at the image's edges."""
    return image[max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)]


def _cast_shadow(photo: np.ndarray, box: layout.Box, depth: int, light: int) -> None:
    """Darkens what is below the box and away from the sun."""
    across = depth * light // 2
    if depth:
        moved = layout.Box(box.top, box.left + across, box.bottom + depth, box.right + across)
        shaded = _part(photo, moved)
        shaded[:] = shaded * 5 // 9


# The wall.


def _wall(size: int, dice: Dice) -> np.ndarray:
    """A wall all over the canvas, to cut the facade from: int32 [size, size, 3]."""
    material = dice.choice(tuple(WALL_COLOURS))
    if material == "brick":
        texture = _courses(size, height=4, width=10, variety=18, joint=-24, dice=dice)
    elif material == "stone":
        texture = _courses(size, height=dice.between(9, 14), width=24, variety=9, joint=-30, dice=dice)
    else:
        texture = dice.noise((size, size), 5)
    stains = dice.smooth_noise(size, size // 12, 14)
    return _colour_near(dice.choice(WALL_COLOURS[material]), dice) + (texture + stains)[..., None]


def _courses(size: int, height: int, width: int, variety: int, joint: int, dice: Dice) -> np.ndarray:
    """Blocks laid in courses, every other one shifted by half a block: int32 [size, size].

    Every block has its own brightness, within ±`variety`; the joints have `joint`.
    """
    y = np.arange(size)[:, None]
    course = y // height
    x = np.arange(size) + course % 2 * (width // 2)
    brightness = dice.noise((size // height + 1, size // width + 2), variety)
    texture = brightness[course, x // width] + dice.noise((size, size), 4)
    return np.where((y % height == 0) | (x % width == 0), np.int32(joint), texture)


def _colour_near(colour: painting.Colour, dice: Dice) -> np.ndarray:
    """A colour like this one, int32 [3]."""
    return np.array(colour, np.int32) + dice.noise((3,), 8) + dice.between(-16, 10)


# What is there before the building, and what the camera adds after it.


def _surroundings(facade: layout.Box, size: int, dice: Dice) -> np.ndarray:
    """Sky, the neighbours' bare walls and the street: int32 [size, size, 3]."""
    photo = _sky(size, dice)
    for side in (slice(0, facade.left), slice(facade.right, size)):
        if dice.chance(70):
            roof = max(0, facade.top + size * dice.between(-8, 25) // 100)
            neighbour = photo[roof:, side]
            colour = _colour_near(dice.choice(WALL_COLOURS["plaster"]), dice) * 3 // 4
            neighbour[:] = colour + dice.noise(neighbour.shape[:2], 8)[..., None]
    _pave(photo[facade.bottom :], dice)
    return photo


def _sky(size: int, dice: Dice) -> np.ndarray:
    """A sky that pales towards the roofs, with clouds: int32 [size, size, 3]."""
    paling = (np.arange(size, dtype=np.int32) * 90 // size)[:, None, None]
    clouds = dice.smooth_noise(size, size // 6, 90) + dice.smooth_noise(size, size // 16, 30)
    clouds = np.maximum(clouds + dice.between(-20, 40), 0)[..., None]
    blue = np.array((122, 164, 214), np.int32) + paling * np.array((3, 2, 1), np.int32) // 2
    return np.minimum(blue + clouds, np.array((240, 243, 247), np.int32))


def _pave(area: np.ndarray, dice: Dice) -> None:
    """Asphalt, and the lighter pavement along the wall."""
    area[:] = 92 + dice.noise(area.shape[:2], 10)[..., None]
    area[: len(area) // 2] += 50


def _develop(photo: np.ndarray, dice: Dice) -> np.ndarray:
    """A soft lens, uneven exposure, a colour cast and grain: the finished uint8 photo."""
    photo[1:-1] = (photo[:-2] + 6 * photo[1:-1] + photo[2:]) // 8
    photo[:, 1:-1] = (photo[:, :-2] + 6 * photo[:, 1:-1] + photo[:, 2:]) // 8
    exposure = 256 + dice.between(-24, 20) + dice.smooth_noise(len(photo), len(photo) // 2, 20)
    cast = 256 + dice.noise((3,), 7)
    photo = photo * exposure[..., None] // 256 * cast // 256
    return np.clip(photo + dice.noise(photo.shape, 5), 0, 255).astype(np.uint8)

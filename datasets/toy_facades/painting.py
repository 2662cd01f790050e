"""How each class looks in the photo.

A painter gets the part of the photo that its element covers, an int32 view [h, w, 3] with values
about 0..255 (they are clipped later), and changes it in place. On a small canvas that part may be a
single pixel.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pix2pix_tf.datasets.toy_facades.rng import Rng

Color = tuple[int, int, int]

TRIM_COLORS = ((228, 222, 208), (205, 196, 178), (170, 160, 146), (236, 232, 226))
FRAME_COLORS = ((235, 235, 230), (222, 214, 196), (96, 70, 52), (70, 74, 78))
ACCENT_COLORS = ((58, 92, 70), (104, 66, 44), (128, 44, 40), (52, 70, 102), (120, 112, 100))
AWNING_COLORS = ((178, 46, 44), (38, 98, 72), (44, 72, 130), (196, 150, 60), (120, 60, 100))


class Style(NamedTuple):
    """What the parts of one building have in common."""

    trim: Color  # Ledges, bands and pillars.
    frame: Color  # Of the windows.
    accent: Color  # Doors and blinds.
    awning: Color
    panes: tuple[int, int]  # Rows and columns of panes in a window.
    railing: str  # "iron" or "parapet".
    light: int  # 1 if the sun stands on the left and shadows fall to the right, else -1.


def choose_style(rng: Rng) -> Style:
    """What all parts of one building have in common, at random."""
    return Style(
        trim=rng.choice(TRIM_COLORS),
        frame=rng.choice(FRAME_COLORS),
        accent=rng.choice(ACCENT_COLORS),
        awning=rng.choice(AWNING_COLORS),
        panes=rng.choice(((1, 2), (2, 2), (3, 2), (2, 1), (4, 2))),
        railing=rng.choice(("iron", "iron", "parapet")),
        light=rng.choice((-1, 1)),
    )


def _paint_window(area: np.ndarray, style: Style, rng: Rng) -> None:
    """Panes in a frame that lies deeper than the wall."""
    _glass(area, rng)
    if rng.chance(45):
        _curtains(area, rng)
    rows, columns = style.panes
    _lattice(area, rows, columns, style.frame)
    _border(area, style.frame, 1 + (area.shape[1] > 14))
    area[:2] = area[:2] * 2 // 5
    lit_side = slice(0, 1) if style.light > 0 else slice(-1, None)
    area[:, lit_side] = area[:, lit_side] // 2


def _paint_door(area: np.ndarray, style: Style, rng: Rng) -> None:
    """Two leaves with panels, below a light."""
    area[:] = style.accent
    rows = rng.between(2, 4)
    for leaf in np.array_split(area, 2, axis=1):
        for panel in np.array_split(leaf, rows):
            panel[2:-1, 2:-1] += 14
            _bevel(panel[1:-1, 1:-1], -style.light, 26)
    light = area[: max(1, len(area) // 5)]
    _glass(light, rng)
    _lattice(light, 1, 3, style.accent)
    _border(area, style.trim, 2)
    area[:3] = area[:3] // 2


def _paint_shop(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A lettered sign and, often, an awning, over a shop window with goods in it."""
    height = len(area)
    sign, front = area[: height // 6], area[height // 6 :]
    _glass(front, rng)
    _goods(front[height // 3 :], rng)
    _lattice(front, 1, rng.between(2, 4), style.frame)
    _border(front, style.accent, 2)
    front[-max(2, height // 10) :] = style.accent
    _sign(sign, style, rng)
    if rng.chance(60):
        _awning(front[: height // 4], style)
        front[height // 4 : height // 3] //= 2


def _paint_balcony(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A slab with a parapet, or with a railing through which one sees what lies behind."""
    if style.railing == "iron":
        area[:] = area * 3 // 4
        area[:, ::3] = 44
        area[len(area) // 2] = 44
    else:
        area[:] = np.array(style.trim) - 22
        area[3:-4, ::4] -= 40
    area[:2] = 40 if style.railing == "iron" else style.trim
    slab = area[-max(2, len(area) // 5) :]
    slab[:] = style.trim
    _bevel(slab, style.light, 36)


def _paint_blind(area: np.ndarray, style: Style, rng: Rng) -> None:
    """Slats."""
    area[:] = np.array(style.accent) + 30 + rng.below(12)
    area[::3] -= 34
    _bevel(area, style.light, 16)


def _paint_deco(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A raised panel with a lozenge carved in it."""
    height, width = area.shape[:2]
    area[:] = np.array(style.trim) - 12
    y = abs(2 * np.arange(height)[:, None] - height + 1)
    x = abs(2 * np.arange(width) - width + 1)
    distance = y * width + x * height  # Equal along a lozenge; height·width on its rim.
    area[distance < height * width * 4 // 5] -= 50
    area[distance < height * width * 2 // 5] += 60
    _bevel(area, style.light, 34)


def _paint_molding(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A profile of light and dark lines; dentils, if it is high enough for them."""
    height, width = area.shape[:2]
    area[:] = np.array(style.trim) - (np.arange(height) * 40 // max(1, height))[:, None, None]
    area[height // 3 :: 3] -= 28
    if height > 6:
        area[height // 2 : -2, np.arange(width) // 3 % 2 == 1] -= 45
    _bevel(area, style.light, 26)


def _paint_ledge(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A plain stone, light above and dark below."""
    area[:] = style.trim
    _bevel(area, style.light, 40)


def _paint_pillar(area: np.ndarray, style: Style, rng: Rng) -> None:
    """A round shaft, bright towards the sun, between a base and a capital."""
    height, width = area.shape[:2]
    across = np.arange(width)[:: style.light]
    area[:] = np.array(style.trim) + 16 - (across * 60 // max(1, width))[:, None]
    for end in (area[: height // 20], area[-(height // 20) - 1 :]):
        end[:] = style.trim
        _bevel(end, style.light, 30)


PAINTERS: dict[str, Callable[[np.ndarray, Style, Rng], None]] = {
    "window": _paint_window,
    "door": _paint_door,
    "shop": _paint_shop,
    "balcony": _paint_balcony,
    "blind": _paint_blind,
    "deco": _paint_deco,
    "molding": _paint_molding,
    "cornice": _paint_ledge,
    "sill": _paint_ledge,
    "pillar": _paint_pillar,
}


# Strokes: what the painters are made of.


def _glass(area: np.ndarray, rng: Rng) -> None:
    """A dark room behind a pane that mirrors sky, and a slanting streak of light."""
    y, x = np.arange(area.shape[0])[:, None], np.arange(area.shape[1])
    sky = (area.shape[0] - y) * rng.between(30, 80) // max(1, area.shape[0])
    streak = (x + y // 2 + rng.below(32)) % 32 < 9
    area[:] = (rng.between(22, 48) + sky + 20 * streak)[..., None] + np.array((0, 8, 18))


def _curtains(area: np.ndarray, rng: Rng) -> None:
    """A pale strip on either side."""
    strip = area.shape[1] * rng.between(15, 40) // 100
    for curtain in (area[:, :strip], area[:, area.shape[1] - strip :]):
        curtain[:] = curtain // 2 + 92
        curtain[:, ::3] -= 16


def _goods(area: np.ndarray, rng: Rng) -> None:
    """Shelves of colored things, each three pixels wide and four high."""
    y, x = np.arange(area.shape[0])[:, None] // 4, np.arange(area.shape[1]) // 3
    shelves = (area.shape[0] // 4 + 1, area.shape[1] // 3 + 1)
    brightness = np.maximum(rng.noise((*shelves, 1), 90), 0)
    area += (brightness + brightness * rng.noise((*shelves, 3), 60) // 128)[y, x]


def _sign(area: np.ndarray, style: Style, rng: Rng) -> None:
    """Illegible letters on the color of the house."""
    area[:] = np.array(style.awning) * 3 // 4
    letters = rng.noise((len(area), area.shape[1]), 100) > 10
    middle = slice(len(area) // 4, len(area) * 3 // 4)
    text = slice(area.shape[1] // 4, area.shape[1] * 3 // 4)
    area[middle, text][letters[middle, text]] = (236, 228, 200)


def _awning(area: np.ndarray, style: Style) -> None:
    """Stripes, darker towards the wall."""
    stripes = np.arange(area.shape[1]) // 5 % 2 == 0
    area[:] = (226, 220, 208)
    area[:, stripes] = style.awning
    area -= (np.arange(len(area))[::-1] * 3)[:, None, None]


def _lattice(area: np.ndarray, rows: int, columns: int, color: Color) -> None:
    """Bars that divide an area into so many rows and columns."""
    for i in range(1, rows):
        area[len(area) * i // rows] = color
    for i in range(1, columns):
        area[:, area.shape[1] * i // columns] = color


def _border(area: np.ndarray, color: Color, thickness: int) -> None:
    """A frame inside the edges."""
    area[:thickness] = area[-thickness:] = color
    area[:, :thickness] = area[:, -thickness:] = color


def _bevel(area: np.ndarray, light: int, amount: int) -> None:
    """Brightens the edges that face the sun and darkens the others."""
    area[:1] += amount
    area[-1:] -= amount
    area[:, :1] += amount * light // 2
    area[:, -1:] -= amount * light // 2

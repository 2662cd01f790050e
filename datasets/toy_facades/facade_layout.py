"""What stands where on a facade: a list of labeled rectangles, and no colors yet.

The classes are used as the annotators of the CMP database use them: a *molding* is a band
across the whole facade, a *cornice* is the ledge above one window, a *sill* the one below it.
"""

from itertools import pairwise
from typing import NamedTuple

from pix2pix_tf.datasets.toy_facades.rng import Rng

UNITS = 256  # Layouts are planned on a square of this side and scaled afterwards.

# From back to front: what comes later hides what came before, and throws its shadow on it.
DEPTH_ORDER = (
    "facade",
    "pillar",
    "molding",
    "window",
    "door",
    "shop",
    "blind",
    "deco",
    "sill",
    "cornice",
    "balcony",
)


class Box(NamedTuple):
    """A rectangle, half open like a slice: rows top..bottom, columns left..right."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def is_empty(self) -> bool:
        return self.height <= 0 or self.width <= 0

    def inset(self, top: int = 0, left: int = 0, bottom: int = 0, right: int = 0) -> "Box":
        """The box with each side moved inwards (outwards if negative) by per cents of it."""
        return Box(
            self.top + self.height * top // 100,
            self.left + self.width * left // 100,
            self.bottom - self.height * bottom // 100,
            self.right - self.width * right // 100,
        )

    def scaled(self, size: int) -> "Box":
        """The same box on a canvas of side `size` instead of UNITS."""
        return Box(*(edge * size // UNITS for edge in self))


class Element(NamedTuple):
    """A thing on the facade: its class and its place, in UNITS."""

    kind: str
    box: Box


class Habits(NamedTuple):
    """What the windows of one building have in common. Ledges in UNITS, 0 for none."""

    side_gap: int  # Wall on each side of a window, per cent of its bay.
    top_gap: int  # Wall above it, per cent of its bay.
    paired: bool  # Two narrow windows a bay instead of one.
    sill: int
    cornice: int
    blinds: str  # "shutters" beside the window, "rollers" in front of it, or "none".
    deco: int  # Per cent of windows with an ornament above.


def plan(rng: Rng) -> list[Element]:
    """Plans one building: its elements from back to front, the facade itself first."""
    facade = _place_facade(rng)
    habits = _choose_habits(rng)
    columns = rng.between(facade.width // 64, facade.width // 34)
    upper_floors = rng.between(2, 5)
    crown = Box(facade.top, facade.left, facade.top + rng.between(6, 13), facade.right)
    weights = [10] * upper_floors + [rng.between(11, 14)]
    *floors, ground = _rows(facade._replace(top=crown.bottom), weights)

    elements = [Element("facade", facade), Element("molding", crown)]
    elements += _roofline(facade, rng)
    elements += _bands(floors, ground, rng)
    elements += _pillars(floors, columns, rng)
    elements += _ground_floor(ground, columns, habits, rng)
    for floor in floors:
        elements += _upper_floor(floor, columns, habits, rng)
    return sorted(elements, key=lambda element: DEPTH_ORDER.index(element.kind))


def _place_facade(rng: Rng) -> Box:
    """The building; round it, sometimes, sky above, neighbors beside and a street below."""
    return Box(
        top=rng.between(12, 52) if rng.chance(75) else 0,
        left=rng.between(8, 32) if rng.chance(40) else 0,
        bottom=UNITS - (rng.between(6, 16) if rng.chance(60) else 0),
        right=UNITS - (rng.between(8, 32) if rng.chance(40) else 0),
    )


def _choose_habits(rng: Rng) -> Habits:
    paired = rng.chance(25)
    return Habits(
        side_gap=rng.between(20, 31),
        top_gap=rng.between(20, 28),
        paired=paired,
        sill=rng.between(3, 5) if rng.chance(65) else 0,
        cornice=rng.between(4, 6) if rng.chance(45) else 0,
        blinds=rng.choice(("rollers" if paired else "shutters", "rollers", "none")),
        deco=rng.choice((0, 0, 0, 30, 100)),
    )


def _rows(box: Box, weights: list[int]) -> list[Box]:
    """Cuts a box into rows, top to bottom, with heights in proportion to the weights."""
    cuts = [sum(weights[:i]) * box.height // sum(weights) for i in range(len(weights) + 1)]
    return [box._replace(top=box.top + a, bottom=box.top + b) for a, b in pairwise(cuts)]


def _columns(box: Box, count: int) -> list[Box]:
    """Cuts a box into columns of equal width, left to right."""
    cuts = [box.left + i * box.width // count for i in range(count + 1)]
    return [box._replace(left=a, right=b) for a, b in pairwise(cuts)]


def _roofline(facade: Box, rng: Rng) -> list[Element]:
    """What rises above the facade into the sky: a stepped gable, chimneys, or nothing."""
    attic = Box(facade.top // 4, facade.left, facade.top, facade.right)
    shape = rng.choice(("flat", "gable", "chimneys"))
    if facade.top < 20 or shape == "flat":
        return []
    if shape == "gable":
        count = rng.between(2, 5)
        margins = [40 * (count - i) // count for i in range(count)]
        steps = zip(_rows(attic, [1] * count), margins, strict=True)
        return [Element("facade", step.inset(left=margin, right=margin)) for step, margin in steps]
    return [
        Element("facade", bay.inset(left=30, right=50, top=rng.between(10, 60)))
        for bay in _columns(attic, 5)
        if rng.chance(40)
    ]


def _bands(floors: list[Box], ground: Box, rng: Rng) -> list[Element]:
    """Moldings along the lines between floors: all of them, only the lowest, or none."""
    thickness = rng.between(3, 7)
    lines = rng.choice(([], [ground], [ground], [*floors[1:], ground]))
    return [Element("molding", line._replace(top=line.top - 2, bottom=line.top - 2 + thickness)) for line in lines]


def _pillars(floors: list[Box], columns: int, rng: Rng) -> list[Element]:
    """Pillars over all upper floors, between the columns or at the two ends only."""
    front = floors[0]._replace(bottom=floors[-1].bottom)
    width = rng.between(4, 7)
    left_edges = [bay.left for bay in _columns(front, columns)] + [front.right - width]
    edges = rng.choice(([], [], left_edges, [left_edges[0], left_edges[-1]]))
    return [Element("pillar", front._replace(left=x, right=x + width)) for x in edges]


def _upper_floor(floor: Box, columns: int, habits: Habits, rng: Rng) -> list[Element]:
    """A row of windows, with the balconies of this floor; a few windows are missing."""
    elements = []
    balconies = rng.choice(("none", "none", "none", "each", "alternate", "long"))
    for i, bay in enumerate(_columns(floor, columns)):
        if rng.chance(4):
            continue
        has_balcony = balconies == "each" or (balconies == "alternate" and i % 2 == 1)
        elements += _bay(bay, habits, has_balcony, rng)
    if balconies == "long":
        elements.append(Element("balcony", floor.inset(top=68, left=5, right=5, bottom=4)))
    return elements


def _bay(bay: Box, habits: Habits, has_balcony: bool, rng: Rng) -> list[Element]:
    """The window (or the pair) of one bay, and everything fixed to it."""
    opening = bay.inset(habits.top_gap, habits.side_gap, 18, habits.side_gap)
    windows = [opening]
    if habits.paired:
        windows = [opening.inset(right=55), opening.inset(left=55)]
    elements = [Element("window", window) for window in windows]
    for window in windows:
        elements += _blinds(window, habits.blinds, rng)
    elements += _ledges(opening, habits)
    if rng.chance(habits.deco):
        elements.append(Element("deco", bay.inset(3, 36, 100 - habits.top_gap + 6, 36)))
    if has_balcony:
        elements.append(Element("balcony", bay.inset(top=64, left=9, right=9, bottom=7)))
    return elements


def _ledges(opening: Box, habits: Habits) -> list[Element]:
    """The sill below an opening and the cornice above it, both a little wider than it."""
    wide = opening.inset(left=-12, right=-12)
    sill = wide._replace(top=wide.bottom, bottom=wide.bottom + habits.sill)
    cornice = wide._replace(top=wide.top - habits.cornice, bottom=wide.top)
    ledges = (Element("sill", sill), Element("cornice", cornice))
    return [ledge for ledge in ledges if not ledge.box.is_empty]


def _blinds(window: Box, blinds: str, rng: Rng) -> list[Element]:
    """Shutters open beside the window or closed over it; rollers some way down."""
    if blinds == "shutters":
        if rng.chance(15):
            return [Element("blind", window)]
        leaf = max(3, window.width * 35 // 100)
        left = window._replace(left=window.left - leaf, right=window.left)
        right = window._replace(left=window.right, right=window.right + leaf)
        return [Element("blind", left), Element("blind", right)]
    if blinds == "rollers" and rng.chance(40):
        return [Element("blind", window.inset(bottom=rng.between(20, 75)))]
    return []


def _ground_floor(ground: Box, columns: int, habits: Habits, rng: Rng) -> list[Element]:
    """One door; beside it shops in a street of shops, or else more windows."""
    commercial = rng.chance(55)
    count = max(2, rng.between(columns // 2, columns)) if commercial else columns
    entrance = rng.below(count)
    elements = []
    for i, bay in enumerate(_columns(ground, count)):
        if i == entrance:
            elements += _entrance(bay, rng)
        elif commercial and rng.chance(90):
            elements.append(Element("shop", bay.inset(top=16, left=6, right=6)))
        else:
            elements += _bay(bay, habits, False, rng)
    return elements


def _entrance(bay: Box, rng: Rng) -> list[Element]:
    """A door, narrow enough for people, sometimes under an ornament."""
    middle = (bay.left + bay.right) // 2
    half = min(bay.width * 30, bay.height * rng.between(16, 24)) // 100
    door = Box(bay.top + bay.height * 30 // 100, middle - half, bay.bottom, middle + half)
    elements = [Element("door", door)]
    if rng.chance(40):
        elements.append(Element("deco", door._replace(top=door.top - 9, bottom=door.top - 2)))
    return elements

"""Sizes of images as people write them: 256, or 256x512 for height x width."""

from pix2pix_tf.errors import UserError


def parse_size(name, value) -> tuple[int, int]:
    """`256`, `"256"`, `"256x512"` or `(256, 512)` → (height, width)."""
    sides = value if isinstance(value, tuple | list) else str(value).lower().split("x")
    try:
        sides = tuple(int(side) for side in sides)
    except ValueError:
        sides = ()
    if len(sides) == 1:
        sides *= 2
    if len(sides) != 2 or min(sides) < 1:
        raise UserError(f"{name} must be a size like 256 or 256x512 (height x width). Received: {value!r}.")
    return sides


def written(size: tuple[int, int]) -> int | str:
    """(height, width) → `256` or `"256x512"`, the form that flags and JSON use."""
    height, width = size
    return height if height == width else f"{height}x{width}"

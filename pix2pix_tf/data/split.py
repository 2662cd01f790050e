"""Some pairs by number, wherever they come from."""

import dataclasses
from collections.abc import Callable

import numpy as np

from pix2pix_tf import array_files
from pix2pix_tf.sides import RGB, Side

PHOTOS = (RGB, RGB)


@dataclasses.dataclass(frozen=True)
class Split:
    """Some pairs, by number.

    Attributes:
      names: what to call each pair in a message: its path, or its record.
      read: number → (a, b), two arrays [H, W, C], uint8 RGB unless the run's sides say otherwise; for single photos
        both are the photo. Raises UserError for an image that cannot be used.
      files: the paths that each pair is read from; empty where there are none.
      outline: the same as `read`, but from the headers alone: of the same sizes and zero. None where there is no
        such shortcut.
      without_pair: {path of a file that belongs to no pair: a sentence on it, beginning with the path}.
      sides: what the images of A and of B are.
    """

    names: list[str]
    read: Callable[[int], tuple[np.ndarray, np.ndarray]]
    files: list[tuple[str, ...]] = ()
    outline: Callable[[int], tuple[np.ndarray, np.ndarray]] | None = None
    without_pair: dict[str, str] = dataclasses.field(default_factory=dict)
    sides: tuple[Side, Side] = PHOTOS

    def __len__(self):
        return len(self.names)

    def part(self, numbers) -> "Split":
        """The pairs with these numbers."""
        numbers = list(numbers)
        return Split(
            [self.names[i] for i in numbers],
            lambda i: self.read(numbers[i]),
            [self.files[i] for i in numbers] if self.files else (),
            (lambda i: self.outline(numbers[i])) if self.outline else None,
            sides=self.sides,
        )


def split_of_files(files, join, without_pair=None, sides: tuple[Side, Side] = PHOTOS):
    """A Split of the pairs that `join(paths, decoded)` makes of the images in each tuple of paths.

    `sides` are those of A and B, which a pair in one file has in common.
    """

    def joined(number, read):
        return join(files[number], [read(path, side) for path, side in zip(files[number], sides, strict=False)])

    return Split(
        [paths[0] for paths in files],
        lambda i: joined(i, array_files.read),
        files,
        lambda i: joined(i, _blank),
        without_pair or {},
        sides,
    )


def _blank(path, side):
    """An image of zeros that takes no memory, of a file's size."""
    found = array_files.read_header(path)
    array_files.check(path, found, side)
    return np.broadcast_to(np.zeros([], side.dtype), (found.height, found.width, side.channels))

"""Some pairs by number, wherever they come from."""

import dataclasses
from collections.abc import Callable

import numpy as np

from pix2pix_tf import images


@dataclasses.dataclass(frozen=True)
class Split:
    """Some pairs, by number.

    Attributes:
      names: what to call each pair in a message: its path, or its record.
      read: number → (a, b), two uint8 arrays [H, W, 3]; for single photos both are the photo. Raises
        UserError for an image that cannot be used.
      files: the paths that each pair is read from; empty where there are none.
      outline: the same as `read`, but from the headers alone: of the same sizes and black. None where there is no
        such shortcut.
      without_pair: {path of a file that belongs to no pair: a sentence on it, beginning with the path}.
    """

    names: list[str]
    read: Callable[[int], tuple[np.ndarray, np.ndarray]]
    files: list[tuple[str, ...]] = ()
    outline: Callable[[int], tuple[np.ndarray, np.ndarray]] | None = None
    without_pair: dict[str, str] = dataclasses.field(default_factory=dict)

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
        )


def split_of_files(files, join, without_pair=None):
    """A Split of the pairs that `join(paths, decoded)` makes of the images in each tuple of paths."""
    return Split(
        [paths[0] for paths in files],
        lambda i: join(files[i], [images.read_image(path) for path in files[i]]),
        files,
        lambda i: join(files[i], [_blank(images.read_header(path)) for path in files[i]]),
        without_pair or {},
    )


def _blank(header):
    """A black image that takes no memory."""
    return np.broadcast_to(np.uint8(0), (header.height, header.width, 3))

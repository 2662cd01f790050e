"""Label maps as images: which class each color stands for."""

import dataclasses
import importlib
import pkgutil

import numpy as np

from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import preset_of

_DATASETS = "pix2pix_tf.datasets"
IGNORED = -1  # The class number of what is labeled but not scored.
NEAR = 12  # in RGB of 0 to 255: as far as JPEG moves colors inside of an area; at its edges it does so more.
LEAST_LIKENESS = 0.25  # of label maps, on the mean over some of them; see `Palette.likeness`.


@dataclasses.dataclass(frozen=True)
class Palette:
    """The classes of a data set's label maps.

    Attributes:
      names: of the classes, in the order of their numbers 0, 1, ….
      colors: RGB in 0 to 255 of each class.
      ignored: the colors of what is labeled but belongs to no class.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    ignored: tuple[tuple[int, int, int], ...] = ()

    def classes(self, image) -> np.ndarray:
        """A label map, uint8 [H, W, 3] → int32 [H, W], the number of the nearest color in RGB.

        It is IGNORED where the nearest is an ignored color. Of colors that are equally near the first one counts.
        """
        nearest = self._squared_distances(image).argmin(axis=0)
        return np.where(nearest < len(self.colors), nearest, IGNORED).astype(np.int32)

    def likeness(self, image) -> float:
        """The share, in [0, 1], of the pixels of a uint8 [H, W, 3] whose color is within NEAR of one in the palette.

        Means over the CMP facades: 0.59 for the label maps, which JPEG blurred, and 0.00 for the photos; 0.07 for these
        with the palette of Cityscapes, whose grays are closer to photos.
        """
        return float(np.mean(self._squared_distances(image).min(axis=0) <= NEAR**2))

    def _squared_distances(self, image):
        """float32 [colors, H, W]; all values are exact."""
        pixels = np.asarray(image, np.float32)
        return np.stack([np.square(pixels - np.float32(color)).sum(-1) for color in self.colors + self.ignored])


def palette_of(dataset: str) -> Palette:
    """The palette of a data set of this project, by its TFDS name or that of its preset.

    Raises:
      UserError: there is no such data set, or its images are no label maps.
    """
    dataset = preset_of(dataset)["dataset"]
    known = [module.name for module in pkgutil.iter_modules(importlib.import_module(_DATASETS).__path__)]
    metadata = _metadata(dataset) if dataset in known else {}
    if "palette" not in metadata:
        having = ", ".join(name for name in known if "palette" in _metadata(name))
        raise UserError(f"There is no palette of label maps for {dataset!r}; those of {having} are known.")
    return Palette(
        tuple(metadata["class_names"]),
        tuple(map(tuple, metadata["palette"])),
        tuple(map(tuple, metadata.get("ignored_palette", ()))),
    )


def known_palette(dataset: str) -> Palette | None:
    """As `palette_of`; None where it would raise an error."""
    try:
        return palette_of(dataset)
    except UserError:
        return None


def _metadata(dataset):
    """What a builder says of its data set, without preparing it."""
    return importlib.import_module(f"{_DATASETS}.{dataset}.{dataset}_dataset_builder").Builder.METADATA

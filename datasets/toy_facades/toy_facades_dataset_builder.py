"""toy_facades: pairs of a facade's photo and its label map, drawn by a program from a seed."""

from typing import ClassVar

import tensorflow_datasets as tfds
from etils import epath

from pix2pix_tf.datasets.facades.palette import PALETTE  # It is drawn in the colors of the real data set.
from pix2pix_tf.datasets.toy_facades import drawing

# The seed of each pair. No two splits share one, and each has room to grow.
SEEDS = {
    "train": range(400),
    "val": range(10_000, 10_100),
    "test": range(20_000, 20_106),
}


class Builder(tfds.core.GeneratorBasedBuilder):
    """Draws the pairs; there is nothing to download."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "Initial release."}
    METADATA: ClassVar = {
        "class_names": list(PALETTE),
        "palette": [list(color) for color in PALETTE.values()],
    }
    # TFDS would look below the package pix2pix_tf, where an editable installation has no folder.
    pkg_dir_path = epath.Path(__file__).parent

    def _info(self) -> tfds.core.DatasetInfo:
        """Feature `a` is the photo and `b` the label map, as in the paper's facades."""
        image = tfds.features.Image(shape=(256, 256, 3), encoding_format="png")
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"a": image, "b": image}),
            supervised_keys=None,
            metadata=tfds.core.MetadataDict(self.METADATA),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        return {split: self._generate_examples(seeds) for split, seeds in SEEDS.items()}

    def _generate_examples(self, seeds: range):
        """Yields (seed, example)."""
        for seed in seeds:
            photo, labels = drawing.draw_pair(seed)
            yield seed, {"a": photo, "b": labels}

"""maps is built from the drawn images in dummy_data/."""

from typing import ClassVar

import tensorflow_datasets as tfds

from pix2pix_tf.datasets.maps import maps_dataset_builder


class MapsTest(tfds.testing.DatasetBuilderTestCase):
    """What TFDS asks of every builder."""

    DATASET_CLASS = maps_dataset_builder.Builder
    SPLITS: ClassVar = {"train": 2, "val": 1}


if __name__ == "__main__":
    tfds.testing.test_main()

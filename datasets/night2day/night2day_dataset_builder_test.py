"""night2day is built from the drawn images in dummy_data/."""

from typing import ClassVar

import tensorflow_datasets as tfds

from pix2pix_tf.datasets.night2day import night2day_dataset_builder


class Night2dayTest(tfds.testing.DatasetBuilderTestCase):
    """What TFDS asks of every builder."""

    DATASET_CLASS = night2day_dataset_builder.Builder
    SPLITS: ClassVar = {"train": 2, "val": 1, "test": 1}


if __name__ == "__main__":
    tfds.testing.test_main()

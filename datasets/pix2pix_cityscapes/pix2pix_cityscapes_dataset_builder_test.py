"""pix2pix_cityscapes is built from the drawn images in dummy_data/."""

from typing import ClassVar

import tensorflow_datasets as tfds

from pix2pix_tf.datasets.pix2pix_cityscapes import pix2pix_cityscapes_dataset_builder


class Pix2pixCityscapesTest(tfds.testing.DatasetBuilderTestCase):
    """What TFDS asks of every builder."""

    DATASET_CLASS = pix2pix_cityscapes_dataset_builder.Builder
    SPLITS: ClassVar = {"train": 2, "val": 1}


if __name__ == "__main__":
    tfds.testing.test_main()

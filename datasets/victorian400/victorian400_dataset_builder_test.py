"""victorian400 is built from the drawn images in dummy_data/."""

from typing import ClassVar

import tensorflow_datasets as tfds

from pix2pix_tf.datasets.victorian400 import victorian400_dataset_builder


class Victorian400Test(tfds.testing.DatasetBuilderTestCase):
    """What TFDS asks of every builder."""

    DATASET_CLASS = victorian400_dataset_builder.Builder
    SPLITS: ClassVar = {"train": 9, "val": 1}


if __name__ == "__main__":
    tfds.testing.test_main()

"""facades is built from the drawn images in dummy_data/."""

from typing import ClassVar

import tensorflow_datasets as tfds

from pix2pix_tf.datasets.facades import facades_dataset_builder


class FacadesTest(tfds.testing.DatasetBuilderTestCase):
    """What TFDS asks of every builder."""

    DATASET_CLASS = facades_dataset_builder.Builder
    SPLITS: ClassVar = {"train": 2, "val": 1, "test": 1}


if __name__ == "__main__":
    tfds.testing.test_main()

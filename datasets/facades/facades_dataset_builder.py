"""facades: photos of facades and their label maps, side by side."""

from typing import ClassVar

from pix2pix_tf.data import paired_archive
from pix2pix_tf.datasets.facades.palette import PALETTE


class Builder(paired_archive.PairedArchiveBuilder):
    """Feature `a` is the photo and `b` the label map. The paper translates b to a."""

    ARCHIVE = "facades"
    METADATA: ClassVar = {"class_names": list(PALETTE), "palette": [list(color) for color in PALETTE.values()]}

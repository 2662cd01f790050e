"""night2day: places by day and by night, side by side."""

from pix2pix_tf.data import paired_archive


class Builder(paired_archive.PairedArchiveBuilder):
    """Feature `a` is the place by day and `b` the same by night. The paper translates b to a."""

    ARCHIVE = "night2day"

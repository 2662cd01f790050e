"""maps: aerial photographs and Google Maps, side by side."""

from pix2pix_tf.data import paired_archive


class Builder(paired_archive.PairedArchiveBuilder):
    """Feature `a` is the aerial photograph and `b` the map. The paper translates both ways; the preset a to b."""

    ARCHIVE = "maps"

"""edges2shoes: shoes and their edges, side by side."""

from pix2pix_tf.data import paired_archive


class Builder(paired_archive.PairedArchiveBuilder):
    """Feature `a` is the edges and `b` the photo of a shoe. The paper translates a to b."""

    ARCHIVE = "edges2shoes"

"""pix2pix_cityscapes: photos of street scenes and their label maps, side by side.

The bare name `cityscapes` is taken by TFDS, for the data set that this one was made from.
"""

from typing import ClassVar

from pix2pix_tf.data import paired_archive

# The classes that Cityscapes trains and scores, in the order of its train ids, and their colors.
PALETTE = {
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "building": (70, 70, 70),
    "wall": (102, 102, 156),
    "fence": (190, 153, 153),
    "pole": (153, 153, 153),
    "traffic light": (250, 170, 30),
    "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35),
    "terrain": (152, 251, 152),
    "sky": (70, 130, 180),
    "person": (220, 20, 60),
    "rider": (255, 0, 0),
    "car": (0, 0, 142),
    "truck": (0, 0, 70),
    "bus": (0, 60, 100),
    "train": (0, 80, 100),
    "motorcycle": (0, 0, 230),
    "bicycle": (119, 11, 32),
}
# The colors of what it labels and does not score. A license plate has the color of cars, a group of poles of a pole.
IGNORED = {
    "unlabeled, ego vehicle, border or static": (0, 0, 0),
    "dynamic": (111, 74, 0),
    "ground": (81, 0, 81),
    "parking": (250, 170, 160),
    "rail track": (230, 150, 140),
    "guard rail": (180, 165, 180),
    "bridge": (150, 100, 100),
    "tunnel": (150, 120, 90),
    "caravan": (0, 0, 90),
    "trailer": (0, 0, 110),
}


class Builder(paired_archive.PairedArchiveBuilder):
    """Feature `a` is the photo and `b` the label map. The paper translates b to a."""

    ARCHIVE = "cityscapes"
    METADATA: ClassVar = {
        "class_names": list(PALETTE),
        "palette": [list(color) for color in PALETTE.values()],
        "ignored_palette": [list(color) for color in IGNORED.values()],
    }

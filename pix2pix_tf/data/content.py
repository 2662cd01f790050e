"""What some pairs tell of a whole data set: values that fill little of their range, targets without color.

Such data train without an error, and the outputs are then nearly black, or tinted.
"""

import numpy as np

from pix2pix_tf import images
from pix2pix_tf.data.split import Split
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import sides_in_files
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.spread import evenly_spread

LOOKED_AT = 16  # pairs
DARK = 40  # of 255: photographs exceed it somewhere, numbers of classes and 12 bits in 16 do not
GRAY = 3  # of 255: by so much JPEG moves the channels of a gray image apart


def remarks(split: Split, config) -> list[str]:
    """Sentences on what is odd about all of LOOKED_AT pairs, evenly spread over a split.

    Pairs that cannot be read are left out.
    """
    pairs = {number: pair for number in evenly_spread(len(split), LOOKED_AT) if (pair := _read(split, number))}
    if not pairs:
        return []
    target = 1 if config.direction == "a_to_b" else 0
    paired = get_task(config).paired
    sides = sides_in_files(config)
    found = []
    for side in (0, 1) if paired else (target,):
        files = [split.files[number][min(side, len(split.files[number]) - 1)] for number in pairs if split.files]
        name = f"images of side {'AB'[side]}" if paired else "images"
        decoded = [pair[side] for pair in pairs.values()]
        found += (
            _dark(name, decoded, files)
            if sides[side].is_rgb
            else _low(name, decoded, sides[side], _range_flags(config, side))
        )
    if sides[target].is_rgb and _are_gray(pair[target] for pair in pairs.values()):
        found.append(_gray_targets(paired, "AB"[target]))
    return found


def halves_run_on(paths: list[str]) -> bool:
    """Whether the halves of most images are one photo: it goes on across the middle as it does beside it.

    Told by LOOKED_AT images, evenly spread; where all is flat around the middle, as with white margins, it is False.
    """
    seam, beside, far = 0.0, 0.0, 0.0
    for number in evenly_spread(len(paths), LOOKED_AT):
        try:
            image = images.read_image(paths[number]).astype(np.int16)
        except UserError:
            continue
        left, right = image.shape[1] // 2 - 1, image.shape[1] // 2
        between = {
            pair: np.abs(image[:, pair[0]] - image[:, pair[1]]).mean()
            for pair in ((left, right), (left - 1, left), (right, right + 1), (left // 2, left))
        }
        step, *steps, distance = between.values()
        seam, beside, far = seam + step, beside + sum(steps) / 2, far + distance
    return beside > len(paths[:LOOKED_AT]) and seam < 2 * beside and seam < far / 2


def _read(split, number):
    try:
        return split.read(number)
    except UserError:
        return None


def _dark(name, decoded, files):
    """A sentence, in a list, if all values are small but for 255, which label maps have for what has no class."""
    there = sum(np.bincount(image.ravel(), minlength=256) for image in decoded)
    highest = int(np.flatnonzero(there[:255])[-1]) if there[:255].any() else 0
    if not 1 <= highest <= DARK:
        return []
    if any("I;16" in images.read_header(file).kind for file in files):
        return [
            f"{name} are nearly black: of the range of 16 bits they use a {255 // highest}th part at most, as 12 bits "
            "of a camera do; multiply their values until they fill the range."
        ]
    return [
        f"{name} are nearly black: no value is above {highest} of 255, as where numbers stand for classes; "
        "give each class a color of its own, or brighten the images."
    ]


def _range_flags(config, side):
    """The flags that make the range of side A or B that of the data; "" if it is so already. Inpaint has one range."""
    which = "input" if (side == 0) == (config.direction == "a_to_b") else "output"
    if getattr(config, f"{which}_range") == "data":
        return ""
    return f"--{which}_range=data" if get_task(config).paired else "--input_range=data --output_range=data"


def _low(name, decoded, side, flags):
    """A sentence, in a list, if all values are in the lower part of what integers of a side can be."""
    highest = max(int(image.max()) for image in decoded)
    if not flags or side.is_cut or not 8 * (highest - side.low) < side.high - side.low:
        return []
    return [f"{name} have no value above {highest} of {side.high:g}; {flags} maps what they have to [-1, 1]."]


def _are_gray(decoded):
    return all(np.ptp(image.astype(np.int16), axis=-1).max() <= GRAY for image in decoded)


def _gray_targets(paired, side):
    if paired:
        return f"images of side {side}, the targets, are gray: outputs may be tinted, so turn them gray afterwards."
    return "the images are gray, so there is no color to learn from them; take images in color."

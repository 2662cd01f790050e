"""What is said of data that would train in silence and come out black or tinted."""

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config
from pix2pix_tf.data.content import remarks
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.data.split import Split

PHOTO = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
GRAY = PHOTO[..., :1].repeat(3, axis=-1)
CLASSES = GRAY // 22  # 0 to 11


def remarks_on(a, b, **changes):
    return remarks(Split(["p", "q"], lambda _: (a, b)), Config(**changes))


@pytest.mark.parametrize("task", ["translate", "colorize", "inpaint"])
def test_nothing_is_said_of_photos(task):
    assert remarks_on(PHOTO, PHOTO, task=task) == []


@pytest.mark.parametrize("ignored", [False, True])
def test_numbers_of_classes_are_noticed(ignored):
    labels = CLASSES.copy()
    if ignored:
        labels[:4] = 255  # What has no class.
    (line,) = remarks_on(labels, PHOTO)
    assert line.startswith("images of side A are nearly black: no value is above 11 of 255")
    assert line.endswith("give each class a color of its own, or brighten the images.")


def test_masks_of_black_and_white_are_fine():
    mask = np.where(GRAY > 128, np.uint8(255), np.uint8(0))
    assert remarks_on(mask, PHOTO) == []
    assert "no value is above 1 of 255" in remarks_on(mask // 255, PHOTO)[0]


def test_gray_targets_are_noticed_and_gray_inputs_are_not():
    assert remarks_on(GRAY, PHOTO) == []
    assert remarks_on(PHOTO, GRAY) == [
        "images of side B, the targets, are gray: outputs may be tinted, so turn them gray afterwards."
    ]
    assert remarks_on(GRAY, PHOTO, direction="b_to_a")[0].startswith("images of side A, the targets, are gray")
    assert remarks_on(GRAY, GRAY, task="colorize") == [
        "the images are gray, so there is no color to learn from them; take images in color."
    ]


def test_twelve_bits_in_sixteen_are_noticed(tmp_path):
    for side in "AB":
        (tmp_path / side).mkdir()
        values = np.random.default_rng(0).integers(0, 4096, (32, 32), np.uint16)
        if side == "A":
            Image.fromarray(values).save(tmp_path / side / "x.png")
        else:
            Image.fromarray(PHOTO).save(tmp_path / side / "x.png")
    (line,) = open_source(Config(data_dir=str(tmp_path))).notes
    assert line == (
        "images of side A are nearly black: of the range of 16 bits they use a 15th part at most, as 12 bits of a "
        "camera do; multiply their values until they fill the range."
    )


@pytest.mark.parametrize(
    ("task", "flags"), [("translate", "--output_range=data"), ("inpaint", "--input_range=data --output_range=data")]
)
def test_the_flags_that_are_named_for_low_values_are_taken(task, flags):
    values = np.full((32, 32, 1), 100, np.uint16)
    kinds = {"input_channels": 1, "output_channels": 1, "input_dtype": "uint16", "output_dtype": "uint16"}
    line = remarks_on(values, values, task=task, **kinds)[-1]
    assert line.endswith(f"no value above 100 of 65535; {flags} maps what they have to [-1, 1].")
    fields = dict(flag.removeprefix("--").split("=") for flag in flags.split())
    assert line not in remarks_on(values, values, task=task, **kinds, **fields)

"""toy_facades: the same bytes from the same seed, in the twelve colors, prepared by the real TFDS."""

import hashlib

import numpy as np
import pytest
import tensorflow_datasets as tfds

from pix2pix_tf.datasets.toy_facades import drawing, toy_facades_dataset_builder

# The colors of the CMP facades as pix2pix's authors distribute them.
PALETTE = {
    "background": (0, 0, 222),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 223),
    "sill": (112, 255, 143),
    "balcony": (191, 255, 64),
    "blind": (255, 240, 0),
    "deco": (255, 159, 0),
    "molding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}


def colors(image):
    """The set of colors in an image."""
    codes = np.unique(image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32))
    return {(int(code) >> 16, int(code) >> 8 & 255, int(code) & 255) for code in codes}


@pytest.mark.parametrize(
    "seed, digest",
    [
        (0, "aaf6ea3cb965c300e67af42db1ec638f942b66f51b043c4071e5d4da9bc1579b"),
        (1, "1799300b4bbbfb03b7ef9b4c515d4c25817a33f39fbf34b6dd780bea802db907"),
        (2, "f9f107d62f79f99c107adc06aab3ad6726322f5c24da7edbb37ea8929e49e04d"),
    ],
)
def test_a_seed_gives_the_same_bytes_for_ever(seed, digest):
    photo, labels = drawing.draw_pair(seed)
    assert (photo.dtype, photo.shape, labels.dtype, labels.shape) == 2 * (np.uint8, (256, 256, 3))
    assert hashlib.sha256(photo.tobytes() + labels.tobytes()).hexdigest() == digest


def test_the_palette_is_that_of_the_cmp_facades_in_class_order():
    assert list(drawing.PALETTE.items()) == list(PALETTE.items())


def test_label_maps_have_the_twelve_colors_and_no_other():
    assert set().union(*(colors(drawing.draw_pair(seed).labels) for seed in range(40))) == set(PALETTE.values())


def test_photos_are_photos_and_not_label_maps():
    photo, labels = drawing.draw_pair(7)
    assert len(colors(photo)) > 1000
    inside = [np.all(labels == PALETTE[name], axis=-1) for name in ("facade", "window")]
    wall, window = (photo[mask].mean() for mask in inside)
    assert abs(wall - window) > 10  # What differs in the map differs in the photo, at the same place.


@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_other_sizes_show_the_same_kind_of_image(size):
    photo, labels = drawing.draw_pair(1, size)
    assert photo.shape == labels.shape == (size, size, 3)
    assert colors(labels) <= set(PALETTE.values())


def test_there_are_as_many_pairs_as_in_the_cmp_facades_and_no_seed_twice():
    seeds = toy_facades_dataset_builder.SEEDS
    assert {split: len(numbers) for split, numbers in seeds.items()} == {"train": 400, "val": 100, "test": 106}
    assert len(set().union(*seeds.values())) == 606


def test_the_prepared_data_are_the_drawn_pairs(toy_facades):
    builder = tfds.builder("toy_facades")
    for split, seeds in (("train", range(3)), ("val", (10_000, 10_001)), ("test", (20_000,))):
        prepared = {(e["a"].tobytes(), e["b"].tobytes()) for e in tfds.as_numpy(builder.as_dataset(split))}
        assert prepared == {tuple(half.tobytes() for half in drawing.draw_pair(seed)) for seed in seeds}


def test_the_prepared_data_know_their_classes(toy_facades):
    info = tfds.builder("toy_facades").info
    assert info.metadata["class_names"] == list(PALETTE)
    assert [tuple(color) for color in info.metadata["palette"]] == list(PALETTE.values())
    assert {name: feature.shape for name, feature in info.features.items()} == {"a": (256, 256, 3), "b": (256, 256, 3)}
    assert str(info.version) == "1.0.0"
    assert "drawn by a program" in info.description
    assert "tylecek2013spatial" in info.citation

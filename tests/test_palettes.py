"""Colors and the classes that they stand for."""

import numpy as np
import pytest

from pix2pix_tf import UserError
from pix2pix_tf.datasets.toy_facades import drawing
from pix2pix_tf.palettes import IGNORED, LEAST_LIKENESS, Palette, palette_of

WITH_PALETTE = ["facades", "pix2pix_cityscapes", "toy_facades"]


def pixels(*colors):
    """One row of pixels, uint8 [1, W, 3]."""
    return np.array([colors], np.uint8)


def test_a_color_is_of_the_class_whose_color_is_nearest():
    palette = Palette(("black", "white", "red"), ((0, 0, 0), (255, 255, 255), (255, 0, 0)))
    classes = palette.classes(pixels((0, 0, 0), (255, 255, 255), (250, 3, 9), (120, 120, 120), (140, 140, 140)))
    assert classes.dtype == np.int32
    assert classes.tolist() == [[0, 1, 2, 0, 1]]


def test_of_equally_near_colors_the_first_counts():
    palette = Palette(("a", "b"), ((10, 0, 0), (20, 0, 0)))
    assert palette.classes(pixels((15, 0, 0), (16, 0, 0), (14, 0, 0))).tolist() == [[0, 1, 0]]


def test_what_is_nearest_to_an_ignored_color_is_ignored():
    palette = Palette(("a", "b"), ((10, 0, 0), (200, 0, 0)), ignored=((100, 0, 0), (0, 200, 0)))
    assert palette.classes(pixels((12, 0, 0), (101, 0, 0), (190, 0, 0), (0, 255, 0))).tolist() == [
        [0, IGNORED, 1, IGNORED]
    ]


def test_nearest_means_the_distance_in_rgb():
    palette = palette_of("pix2pix_cityscapes")
    random = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    colors = [*palette.colors, *palette.ignored]
    for row, classes in zip(random, palette.classes(random), strict=True):
        for pixel, found in zip(row, classes, strict=True):
            distances = [sum((int(x) - y) ** 2 for x, y in zip(pixel, color, strict=True)) for color in colors]
            nearest = distances.index(min(distances))
            assert found == (nearest if nearest < 19 else IGNORED)


def test_likeness_is_the_share_of_pixels_close_to_a_color():
    palette = Palette(("a",), ((100, 100, 100),), ignored=((0, 200, 0),))
    assert palette.likeness(pixels((100, 112, 100), (108, 108, 104))) == 1.0  # Both are 12 away.
    assert palette.likeness(pixels((100, 113, 100), (88, 100, 100), (0, 199, 0), (255, 0, 0))) == 0.5


@pytest.mark.parametrize("dataset", WITH_PALETTE)
def test_palettes_of_data_sets_are_whole(dataset):
    palette = palette_of(dataset)
    assert len(palette.names) == len(palette.colors) == len(set(palette.colors) - set(palette.ignored))
    own = np.uint8([palette.colors])
    assert palette.classes(own).tolist() == [list(range(len(palette.names)))]
    assert palette == palette_of(dataset)  # Equal by value, so classifiers of the same classes can be told.


def test_palettes_of_data_sets_are_those_of_their_builders():
    facades, cityscapes = palette_of("facades"), palette_of("cityscapes")
    assert dict(zip(facades.names, facades.colors, strict=True)) == drawing.PALETTE
    assert facades == palette_of("toy_facades")
    assert (cityscapes, facades.ignored) == (palette_of("pix2pix_cityscapes"), ())
    assert (len(cityscapes.names), len(cityscapes.ignored)) == (19, 10)
    assert (cityscapes.names[13], cityscapes.colors[13]) == ("car", (0, 0, 142))
    assert cityscapes.classes(pixels((0, 0, 0), (220, 20, 60))).tolist() == [[IGNORED, 11]]


def test_the_classes_of_a_drawn_label_map_have_its_colors():
    palette, labels = palette_of("toy_facades"), drawing.draw_pair(7).labels
    np.testing.assert_array_equal(np.uint8(palette.colors)[palette.classes(labels)], labels)


@pytest.mark.parametrize("dataset", ["maps", "victorian400", "cifar10", "no/such", ""])
def test_data_sets_without_label_maps_are_refused_in_one_sentence(dataset):
    with pytest.raises(UserError) as error:
        palette_of(dataset)
    known = ", ".join(WITH_PALETTE)
    assert str(error.value) == f"There is no palette of label maps for {dataset!r}; those of {known} are known."


@pytest.fixture(scope="module")
def drawn():
    """Five drawn pairs."""
    return [drawing.draw_pair(seed, size=128) for seed in range(5)]


@pytest.mark.parametrize("dataset", WITH_PALETTE)
def test_drawn_label_maps_are_told_from_photos(drawn, dataset):
    palette = palette_of(dataset)
    photos = [pair.photo for pair in drawn]
    maps = [np.uint8(palette.colors)[palette_of("facades").classes(pair.labels)] for pair in drawn]
    assert np.mean([palette.likeness(labels) for labels in maps]) == 1.0
    assert np.mean([palette.likeness(photo) for photo in photos]) < LEAST_LIKENESS / 2


def test_blurred_label_maps_of_the_real_facades_are_told_from_photos():
    from pathlib import Path

    from pix2pix_tf import images

    folder = Path(__file__).parents[2] / "shared/data/facades/val"
    if not folder.is_dir():
        pytest.skip("needs the CMP facades beside the repository")
    halves = [images.split_pair(images.read_image(path), path.name) for path in sorted(folder.iterdir())[:10]]
    palette = palette_of("facades")
    photos, labels = ([palette.likeness(half) for half in side] for side in zip(*halves, strict=True))
    assert np.mean(labels) > 2 * LEAST_LIKENESS
    assert max(photos) < 0.01

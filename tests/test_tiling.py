"""Tiles: they cover the image, their seams do not show, and one tile is the untiled output."""

import numpy as np
import pytest
import skimage.color
import tensorflow as tf
from PIL import Image

from pix2pix_tf import Config, Translator, build_generator, images
from pix2pix_tf.networks.layers import measure_statistics, run
from pix2pix_tf.tiling import TiledTranslator, _shrunk
from pix2pix_tf.translation import generate, translate

CONFIG = Config(image_size=32, base_filters=4)
ALL_PIXELS = 10**9
TASKS = ["translate", "colorize", "colorize_rgb", "inpaint"]


def translator(**changes):
    """An untrained network that only blurs: its outputs are smooth, so that seams show, and depend on far away."""
    config = CONFIG.replace(**changes)
    generator = build_generator(config, image_size=(None, None))
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1])[..., None, None] / 64
    for variable in generator.variables:
        if variable.path.endswith("kernel"):
            mixing = variable.numpy().mean(axis=(0, 1), keepdims=True)
            inputs = mixing.shape[2 if variable.path.startswith("down") else 3]
            variable.assign(800 / np.sqrt(inputs) * mixing * taps)
    return Translator(config, generator, size="own")


def image(height, width):
    """Smooth blots, with more contrast and light from left to right, so that tiles differ in their own statistics."""
    coarse = np.random.default_rng(0).integers(0, 256, (height // 32 + 1, width // 32 + 1, 3), dtype=np.uint8)
    blots = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    ramp = np.linspace(0, 1, width)[:, None]
    return (blots * (0.15 + 0.5 * ramp) + 60 * ramp).astype(np.uint8)


def differences(one, other):
    return np.abs(one.astype(int) - other.astype(int))


def in_tiles_of_their_own(one, image, tile):
    """Tiles without overlap, each normalized on its own."""
    height, width, _ = image.shape
    output = np.empty_like(image)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            place = np.s_[top : top + tile, left : left + tile]
            output[place] = one(image[place])
    return output


# Where the tiles lie


@pytest.mark.parametrize(
    ("length", "starts", "lengths"),
    [
        (1, [0], [1]),
        (128, [0], [128]),
        (129, [0, 32], [128, 97]),  # The image ends within the last tile, which mirrored pixels fill.
        (224, [0, 96], [128, 128]),
        (320, [0, 96, 192], [128, 128, 128]),
        (300, [0, 96, 192], [128, 128, 108]),
        (330, [0, 96, 192, 224], [128, 128, 128, 106]),
    ],
)
def test_tiles_start_on_the_grid_and_cover_the_image(length, starts, lengths):
    tiles = TiledTranslator(translator(), tile=128, overlap=32)._tiles(length)
    assert [start for start, _ in tiles] == starts
    assert [len(weights) for _, weights in tiles] == lengths
    total = np.zeros(length)
    for start, weights in tiles:
        assert weights.min() > 0
        total[start : start + len(weights)] += weights
    np.testing.assert_allclose(total, 1, rtol=1e-6)


def test_weights_change_linearly_over_the_overlap():
    (_, first), (_, second) = TiledTranslator(translator(), tile=128, overlap=32)._tiles(224)
    rising = (np.arange(32) + 0.5) / 32
    np.testing.assert_allclose(second, np.concatenate([rising, np.ones(96)]), rtol=1e-6)
    np.testing.assert_allclose(first, second[::-1], rtol=1e-6)


# Against the untiled output


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", [None, (0, 3)])
def test_one_tile_with_the_images_own_statistics_is_the_translators_output(task, seed):
    one, source = translator(task=task), image(75, 90)
    output = TiledTranslator(one, seed, tile=128, overlap=32, copy_pixels=ALL_PIXELS)(source)
    expected = one(source, seed)
    assert expected.std() > 10
    assert differences(output, expected).max() <= 1
    assert np.mean(output == expected) > 0.999


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_all_norms_and_precisions_can_be_tiled(norm, precision):
    one, source = translator(norm=norm, precision=precision), image(75, 90)
    output = TiledTranslator(one, tile=128, overlap=32)(source)
    assert differences(output, one(source)).mean() < (0.01 if precision == "float32" else 1)


@pytest.mark.parametrize("task", TASKS)
def test_one_tile_is_the_untiled_output_with_the_statistics_of_the_copy(task):
    one, source = translator(task=task), image(75, 90)
    copy = np.asarray(Image.fromarray(source).resize((45, 38), Image.Resampling.BILINEAR))
    seen = []
    generate(
        one.config, lambda condition: seen.append(condition) or one.generator(condition), images.to_network(copy[None])
    )
    statistics = measure_statistics(one.generator, seen[0])
    expected = translate(
        one.config, lambda x: run(one.generator, x, statistics=statistics), images.to_network(source[None])
    )
    output = TiledTranslator(one, tile=128, overlap=32, copy_pixels=45 * 38)(source)
    assert differences(output, images.to_uint8(expected)[0].numpy()).max() <= 1
    assert differences(output, one(source)).mean() > 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (63, 65), (129, 200)])
def test_any_size_gives_an_output_of_the_same_size(size):
    output = TiledTranslator(translator(), tile=64, overlap=32, copy_pixels=500)(image(*size))
    assert output.dtype == np.uint8
    assert output.shape == (*size, 3)


def test_tiles_that_share_statistics_come_closer_to_the_untiled_output():
    one, source = translator(), image(320, 448)
    expected = one(source)
    tiled = TiledTranslator(one, tile=128, overlap=64)(source)
    alone = in_tiles_of_their_own(one, source, 128)
    assert differences(tiled, expected).mean() < differences(alone, expected).mean() / 8


# Seams


def border_ratio(output, tile, overlap):
    """The mean step between adjacent columns where a tile begins or ends over that elsewhere, or of rows if larger."""
    ratios = []
    for axis in (0, 1):
        steps = np.abs(np.diff(output.astype(float), axis=axis)).mean(axis=(1 - axis, 2))
        starts = range(0, output.shape[axis] - overlap, tile - overlap)
        borders = {edge - 1 for start in starts for edge in (start, start + tile)} & set(range(len(steps)))
        assert len(borders) >= 2
        ratios.append(steps[sorted(borders)].mean() / np.delete(steps, sorted(borders)).mean())
    return max(ratios)


@pytest.mark.parametrize("copy_pixels", [ALL_PIXELS, 20_000])
def test_seams_do_not_show(copy_pixels):
    one, source = translator(), image(320, 448)
    assert border_ratio(one(source), 128, 64) < 1.5
    assert border_ratio(TiledTranslator(one, tile=128, overlap=64, copy_pixels=copy_pixels)(source), 128, 64) < 1.5


def test_seams_show_without_overlap():
    one, source = translator(), image(320, 448)
    assert border_ratio(TiledTranslator(one, tile=128, overlap=0)(source), 128, 0) > 2.5


def test_seams_show_without_shared_statistics():
    one, source = translator(), image(320, 448)
    assert border_ratio(in_tiles_of_their_own(one, source, 128), 128, 0) > 3


# Tasks


def test_the_hole_of_inpaint_is_that_of_the_whole_image():
    one, source = translator(task="inpaint"), image(200, 300)
    output = TiledTranslator(one, tile=64, overlap=32, copy_pixels=20_000)(source)
    hole = np.zeros((200, 300), bool)
    hole[50:150, 75:225] = True
    np.testing.assert_array_equal(output[~hole], source[~hole])
    assert np.mean(np.any(output[hole] != source[hole], axis=-1)) > 0.95


def test_the_tiles_of_inpaint_do_not_see_what_is_in_the_hole():
    one, source = translator(task="inpaint"), image(200, 300)
    other = source.copy()
    other[50:150, 75:225] = 255 - other[50:150, 75:225]
    tiled = TiledTranslator(one, tile=64, overlap=32)
    np.testing.assert_array_equal(tiled(source), tiled(other))


def test_colorize_keeps_the_lightness_at_full_resolution():
    source = np.random.default_rng(0).integers(64, 192, (150, 170, 1), dtype=np.uint8).repeat(3, axis=-1)
    output = TiledTranslator(translator(task="colorize"), tile=64, overlap=32)(source)
    before, after = (skimage.color.rgb2lab(x)[..., 0] for x in (source, output))
    assert np.any(output[..., 0] != output[..., 2])
    assert np.median(np.abs(after - before)) < 0.3


# Noise, graphs, the copy


def test_the_same_seed_gives_the_same_output_which_is_not_that_of_another_one():
    one, source = translator(), image(100, 150)
    first, again, other, plain = (
        TiledTranslator(one, seed, tile=64, overlap=32)(source) for seed in [(0, 1), (0, 1), (0, 2), None]
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert np.any(first != plain)


def test_one_graph_serves_all_sizes_and_no_output_depends_on_those_before():
    one = translator()
    used, fresh = (TiledTranslator(one, tile=64, overlap=32, copy_pixels=3000) for _ in range(2))
    for size in [(64, 64), (40, 200), (130, 130), (20, 30)]:
        used(image(*size))
    np.testing.assert_array_equal(used(image(100, 150)), fresh(image(100, 150)))
    assert used._run.experimental_get_tracing_count() == 1
    assert used._measure.experimental_get_tracing_count() == 1


def test_the_copy_is_small_and_antialiased():
    stripes = np.zeros((300, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    copy = _shrunk(stripes, 3000)
    assert copy.shape == (47, 63, 3)
    assert differences(copy[:, 1:-1], np.full(1, 127)).max() <= 3
    np.testing.assert_array_equal(_shrunk(stripes, 120_000), stripes)
    assert _shrunk(np.zeros((1, 5000, 3), np.uint8), 1000).shape == (1, 2236, 3)


def test_a_call_changes_neither_image_nor_weights():
    one, source = translator(), image(100, 150)
    before, copy = one.generator.get_weights(), source.copy()
    TiledTranslator(one, (0, 1), tile=64, overlap=32, copy_pixels=3000)(source)
    np.testing.assert_array_equal(source, copy)
    tf.nest.map_structure(np.testing.assert_array_equal, one.generator.get_weights(), before)

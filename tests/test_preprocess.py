"""--preprocess and --resize_pair: at which size training, validation and inference see images."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_tf import Config, Translator, UserError, augment, build_generator
from pix2pix_tf.data.pipeline import read_pair, training_batches
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.evaluation import labels
from pix2pix_tf.palettes import Palette
from pix2pix_tf.sides import RGB
from pix2pix_tf.translation import seen_size

KINDS = ("resize_and_crop", "crop", "scale_width", "none")


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def jittered(preprocess, image, seed, jitter=(8, 10)):
    pair = augment.random_jitter_and_mirror(
        (image, 255 - image), [7, seed], (8, 10), jitter, False, (RGB, RGB), preprocess
    )
    np.testing.assert_allclose(pair[0], -pair[1], atol=1e-5)
    return pair[0].numpy()


def windows(image):
    """{(top, left): the part of 8x10 there} of an image in [-1, 1]."""
    height, width, _ = image.shape
    places = [(top, left) for top in range(height - 7) for left in range(width - 9)]
    return {(top, left): image[top : top + 8, left : left + 10] for top, left in places}


def resized(image, size):
    return tf.image.resize(image, size, antialias=True).numpy() / 127.5 - 1


@pytest.mark.parametrize(
    ("preprocess", "shape", "jitter", "scaled"),
    [
        ("crop", (11, 13), (8, 10), (11, 13)),
        ("crop", (4, 20), (8, 10), (8, 40)),
        ("scale_width", (30, 20), (8, 10), (15, 10)),
        ("scale_width", (30, 20), (10, 12), (18, 12)),
        ("scale_width", (10, 40), (8, 10), (8, 32)),
        ("none", (8, 10), (8, 10), (8, 10)),
    ],
)
def test_training_sees_a_random_part_of_the_image_in_its_own_shape(preprocess, shape, jitter, scaled):
    image = noise(*shape)
    parts = windows(resized(image, scaled))
    places = set()
    for seed in range(60):
        seen = jittered(preprocess, image, seed, jitter)
        (place,) = [place for place, part in parts.items() if np.abs(part - seen).max() < 1e-4]
        places.add(place)
    assert len(places) > 0.5 * min(len(parts), 30)


@pytest.mark.parametrize(
    ("preprocess", "shape", "scaled", "place"),
    [
        ("crop", (11, 13), (11, 13), (1, 1)),
        ("scale_width", (30, 20), (15, 10), (3, 0)),
        ("none", (8, 10), (8, 10), (0, 0)),
    ],
)
def test_validation_sees_the_middle(preprocess, shape, scaled, place):
    image = noise(*shape)
    (seen,) = augment.plain([image], (8, 10), [RGB], preprocess)
    np.testing.assert_allclose(seen, windows(resized(image, scaled))[place], atol=1e-4)


@pytest.mark.parametrize(
    ("preprocess", "size", "expected"),
    [
        ("resize_and_crop", "training", (32, 64)),
        ("crop", "training", (300, 100)),
        ("none", "training", (300, 100)),
        ("scale_width", "training", (192, 64)),
        ("resize_and_crop", "auto", (32, 64)),
        ("crop", "auto", (300, 100)),
        ("scale_width", "auto", (192, 64)),
        ("scale_width", 50, (150, 50)),
    ],
)
def test_inference_follows(preprocess, size, expected):
    config = Config(image_size="32x64", preprocess=preprocess)
    own = (tf.constant(side, tf.int64) for side in (300, 100))
    assert tuple(seen_size(config, size, *own).numpy()) == expected


@pytest.mark.parametrize(
    ("preprocess", "own", "expected"),
    [("scale_width", (40, 300), (32, 240)), ("crop", (20, 300), (32, 480)), ("none", (20, 300), (20, 300))],
)
def test_inference_follows_where_an_image_is_wider_than_those_of_training(preprocess, own, expected):
    config = Config(image_size="32x64", preprocess=preprocess)
    assert tuple(seen_size(config, "training", *tf.constant(own, tf.int64)).numpy()) == expected


def test_the_translator_sees_a_large_image_as_it_is():
    config = Config(image_size=32, base_filters=1, preprocess="crop")
    generator = build_generator(config, image_size=(None, None))
    image = noise(70, 100)
    outputs = [Translator(config, generator, size=size)(image) for size in ("auto", "own")]
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("preprocess", KINDS)
def test_a_run_sees_parts_of_its_images(draw, preprocess):
    size = (32, 32) if preprocess == "none" else (50, 40)
    data = draw("val", [3], size=size) and draw("train", range(2), size=size)
    config = Config(data_dir=data, image_size=32, preprocess=preprocess, jitter_size=0, batch_size=2)
    source = open_source(config)
    a, b, _ = next(training_batches(source.train, config))
    assert a.shape == b.shape == (2, 32, 32, 3)
    numbers = sorted(round(float(one) * 12.75 + 12.75) for one in a[:, 0, 0, 0])
    assert numbers == [0, 1]
    seen = [side[5, 5] * 127.5 + 127.5 for side in read_pair(config, source.val, 0)]
    np.testing.assert_allclose(seen, [[30, 60, 90], [30, 200, 90]], atol=0.1)


def test_label_maps_are_cut_as_their_photos_are(tmp_path):
    colors = np.uint8([[0, 0, 0], [255, 0, 0], [0, 0, 255]])
    classes = np.random.default_rng(0).integers(0, 3, (40, 50))
    (tmp_path / "train").mkdir()
    Image.fromarray(np.concatenate([colors[classes]] * 2, axis=1)).save(tmp_path / "train" / "0.png")
    config = Config(data_dir=str(tmp_path), image_size=32, preprocess="crop")
    palette = Palette(("black", "red", "blue"), tuple(map(tuple, colors.tolist())))
    (found,) = labels.class_maps(config, open_source(config).val, labels.SOURCE, palette)
    np.testing.assert_array_equal(found, classes[4:36, 9:41])


def test_images_of_another_size_are_refused_where_nothing_is_resized(draw):
    draw("train", [0])
    data = draw("train", [1], size=(32, 48))
    draw("val", [2])
    config = Config(data_dir=data, image_size=32, preprocess="none")
    with pytest.raises(
        UserError, match=r"01.png shows 32x48 .* preprocess none takes images as they are, all of image"
    ):
        open_source(config)
    source = open_source(config.replace(skip_bad_images=True))
    assert len(source.train) == 1 and "01.png shows 32x48" in source.left_out[0]


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_b_is_brought_to_the_size_of_a(draw, tmp_path, interpolation):
    draw("A", range(2), "A", size=(64, 32))
    data = draw("B", range(2), "B", size=(32, 32))
    image = np.zeros((32, 32, 3), np.uint8)
    image[16:] = 101
    Image.fromarray(image).save(f"{data}/B/00.png")
    with pytest.raises(
        UserError, match=r"but .* is 32x32 .*; the two images of a pair must have .*; --resize_pair resizes"
    ):
        open_source(Config(data_dir=data, image_size=32))
    config = Config(data_dir=data, image_size=32, resize_pair=True, output_interpolation=interpolation)
    a, b = open_source(config).train.read(0)
    assert (a.shape, b.shape, b.dtype) == ((64, 32, 3), (64, 32, 3), np.uint8)
    expected = [0, 0, 101, 101] if interpolation == "nearest" else [0, 25, 76, 101]
    np.testing.assert_array_equal(b[30:34, 0, 0], expected)

"""Outputs on images of any size: translate on floats, Translator on uint8."""

import numpy as np
import pytest
import skimage.color
import tensorflow as tf
from PIL import ExifTags, Image

from pix2pix_tf import Config, Translator, UserError, build_generator, images
from pix2pix_tf.translation import at_inference, generate, parse_size, translate

CONFIG = Config(image_size=32, base_filters=2)
SIZES = [(1, 1), (33, 47), (64, 64), (5, 70)]


def translator(**changes):
    """An untrained network whose weights are large enough to make something of its input."""
    config = CONFIG.replace(**changes)
    generator = build_generator(config, image_size=(None, None))
    for variable in generator.variables:
        variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    return Translator(config, generator, size="own")


def random_images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def rows_and_columns(height, width):
    """float32 [1, height, width, 3] in [-1, 1] in which every pixel differs."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows / 100, columns / 100, rows * 0.0], axis=-1)[None].astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_each_pixel_of_the_output_stands_where_it_stood(size):
    source = rows_and_columns(*size)
    np.testing.assert_array_equal(translate(CONFIG, lambda x: x, source), source)


@pytest.mark.parametrize(("size", "padded"), [((1, 1), (32, 32)), ((33, 47), (64, 64)), ((64, 32), (64, 32))])
def test_the_generator_sees_the_image_mirrored_to_a_multiple(size, padded):
    seen = []
    source = rows_and_columns(*size)
    generate(CONFIG, lambda x: seen.append(np.array(x)) or x, source)
    pads = [(0, 0), (0, padded[0] - size[0]), (0, padded[1] - size[1]), (0, 0)]
    np.testing.assert_array_equal(seen, [np.pad(source, pads, mode="reflect")])


def test_the_raw_output_is_cropped_to_the_source():
    raw = generate(CONFIG.replace(task="colorize"), lambda x: tf.concat([x, x], axis=-1), rows_and_columns(33, 47))
    assert raw.shape == (1, 33, 47, 2)


@pytest.mark.parametrize("task", ["translate", "colorize", "colorize_rgb", "inpaint"])
@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
def test_any_size_gives_an_output_of_the_same_size(task, size):
    result = translator(task=task)(random_images(*size, 3))
    assert result.dtype == np.uint8
    assert result.shape == (*size, 3)


def test_one_translator_takes_images_of_all_sizes_one_after_the_other():
    one = translator()
    for height, width in [*SIZES, *SIZES]:
        assert one(random_images(height, width, 3)).shape == (height, width, 3)
        assert one(random_images(2, height, width, 3)).shape == (2, height, width, 3)


def test_the_output_is_the_generators_output():
    one, sample = translator(), random_images(32, 64, 3)
    output = one.generator(sample[None] / np.float32(127.5) - 1).numpy()[0]
    np.testing.assert_allclose(one(sample), (output + 1) * 127.5, atol=0.51)


@pytest.mark.parametrize("seed", [None, [1, 2]])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_image_gets_the_same_output_alone_and_in_a_batch(precision, seed):
    one, other = (translator(precision=precision, base_filters=8) for _ in range(2))
    batch = random_images(3, 70, 90, 3)
    alone = [one(sample, seed=seed) for sample in batch]
    assert np.std(alone) > 20
    np.testing.assert_array_equal(other(batch, seed=seed), alone)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_output_does_not_depend_on_the_calls_before(precision):
    fresh, used = translator(precision=precision), translator(precision=precision)
    for earlier in [(1, 64, 64, 3), (2, 33, 47, 3), (1, 64, 32, 3)]:
        used(random_images(*earlier))
    np.testing.assert_array_equal(used(random_images(33, 47, 3)), fresh(random_images(33, 47, 3)))


def test_batch_statistics_mix_the_images_of_a_batch():
    one, batch = translator(inference_statistics="batch"), random_images(3, 32, 32, 3)
    batch[1] //= 4
    assert np.any(one(batch)[0] != one(batch[0]))


def test_the_same_seed_gives_the_same_output_which_is_not_that_without_noise():
    one, sample = translator(), random_images(33, 47, 3)
    noisy = one(sample, seed=[1, 2])
    np.testing.assert_array_equal(one(sample, seed=[1, 2]), noisy)
    np.testing.assert_array_equal(one(sample), one(sample))
    assert np.any(noisy != one(sample))
    assert np.any(noisy != one(sample, seed=[1, 3]))


def test_gray_is_taken_as_rgb():
    one, gray = translator(), random_images(2, 33, 47, 1)
    np.testing.assert_array_equal(one(gray), one(np.repeat(gray, 3, axis=-1)))
    np.testing.assert_array_equal(one(gray[0]), one(gray)[0])


def test_gray_without_a_channel_axis_and_lists_are_taken():
    one, gray = translator(), random_images(2, 33, 47, 1)
    np.testing.assert_array_equal(one(gray[0, ..., 0]), one(gray[0]))
    np.testing.assert_array_equal(one(list(gray)), one(gray))
    np.testing.assert_array_equal(one([Image.fromarray(part[..., 0]) for part in gray]), one(gray))


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "LAB", "I;16"])
def test_a_pil_image_is_taken_as_rgb(mode):
    image = Image.fromarray(random_images(8, 9, 3))
    image = Image.fromarray(random_images(8, 9).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    seen = []
    one = translator()
    one._run = lambda graphs, source, seed: seen.append(source.numpy()) or source
    output = one(image)
    expected = {"I;16": random_images(8, 9, 1).repeat(3, -1)}.get(mode, np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(seen[0][0], expected)
    assert output.shape == (8, 9, 3)


def test_a_pil_image_is_turned_upright_and_left_as_it_is():
    upright = random_images(8, 9, 3)
    turned = Image.fromarray(np.rot90(upright))
    turned.getexif()[ExifTags.Base.Orientation] = 6
    before = np.asarray(turned).copy()
    np.testing.assert_array_equal(images.from_pil(turned, "it"), upright)
    np.testing.assert_array_equal(turned, before)
    assert turned.getexif()[ExifTags.Base.Orientation] == 6


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        (np.zeros((8, 8, 3), np.float32), "float32 [8, 8, 3]"),
        (np.zeros(8, np.uint8), "uint8 [8]"),
        (np.zeros((8, 8, 4), np.uint8), "uint8 [8, 8, 4]"),
        (np.zeros((1, 1, 8, 8, 3), np.uint8), "uint8 [1, 1, 8, 8, 3]"),
        (np.zeros((0, 8, 3), np.uint8), "uint8 [0, 8, 3]"),
        ([], "float64 [0]"),
        (3, "int64 []"),
        ([[[1, 2, 3], [1]]], "object [1, 2]"),
    ],
)
def test_what_is_no_image_is_refused(wrong, received):
    with pytest.raises(UserError) as caught:
        translator()(wrong)
    message = str(caught.value)
    assert "takes uint8 images [H, W], [H, W, C] or [N, H, W, C] with 1 or 3 channels" in message
    assert message.endswith(f"Received: {received}.")


def test_a_list_of_images_of_different_sizes_is_refused():
    with pytest.raises(UserError) as caught:
        translator()([random_images(8, 9, 3), random_images(9, 8, 3)])
    assert str(caught.value) == (
        "Images of a list must have one size; call the Translator for each. Received: [8, 9, 3], [9, 8, 3]."
    )


def test_a_pil_image_of_32_bits_is_refused():
    with pytest.raises(UserError, match="The image cannot be decoded"):
        translator()(Image.fromarray(np.zeros((8, 8), np.int32)))


@pytest.mark.parametrize("seed", [2**31, -(2**31) - 1, [0, 2**32], 2**63])
def test_a_seed_of_more_than_32_bits_is_refused(seed):
    with pytest.raises(UserError, match="A seed is an integer of 32 bits"):
        translator()(random_images(8, 8, 3), seed)


@pytest.mark.parametrize("seed", [1.5, "1", [1, 2, 3], [[1], [2, 3]], True])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(UserError, match="seed must be an integer, a pair of integers, or a pair for each image"):
        translator()(random_images(8, 8, 3), seed)


def test_graphs_of_inference_hold_no_gradients_of_our_own():
    """TensorFlow would warn of each at every loading of an export."""
    for graph in translator()._values:
        assert b"_gradient_op_type" not in graph.get_concrete_function().graph.as_graph_def().SerializeToString()


def test_a_translator_says_what_it_is(untrained_run):
    network = "colorize with a unet of 2 filters, 5 levels and batch norm, trained for"
    assert repr(translator(task="colorize")) == f"<Translator: {network} 0 steps at 32, used at size own>"
    run = untrained_run(task="colorize")
    assert repr(Translator.load(run)) == f"<Translator of {run}: {network} 1 steps at 32, used at size auto>"


def test_a_call_changes_neither_weights_nor_image():
    one, sample = translator(), random_images(33, 47, 3)
    before, copy = one.generator.get_weights(), sample.copy()
    one(sample)
    one(sample, seed=[1, 2])
    assert all(np.array_equal(a, b) for a, b in zip(before, one.generator.get_weights(), strict=True))
    np.testing.assert_array_equal(sample, copy)


@pytest.mark.parametrize("size", [(33, 47), (45, 31)])
def test_colorize_keeps_the_lightness_at_full_resolution(size):
    config = CONFIG.replace(task="colorize")
    one = Translator(config, build_generator(config, image_size=(None, None)))
    source = random_images(*size, 1) // 2 + 64
    result = one(source)
    before, after = (skimage.color.rgb2lab(np.broadcast_to(x, (*size, 3)))[..., 0] for x in (source, result))
    assert np.any(result[..., 0] != result[..., 2])
    assert np.median(np.abs(after - before)) < 0.15
    assert np.abs(after - before).max() < 0.5


def test_inpaint_keeps_what_surrounds_the_hole():
    sample = random_images(33, 47, 3)
    result = translator(task="inpaint")(sample)
    outside = np.ones((33, 47), bool)
    outside[8:24, 11:34] = False
    np.testing.assert_array_equal(result[outside], sample[outside])
    assert np.any(result[~outside] != sample[~outside])


def test_predict_and_generate_are_the_same_output_in_floats():
    one, sample = translator(), random_images(2, 33, 47, 3)
    source = images.to_network(sample)
    predicted = one.predict(source)
    np.testing.assert_array_equal(images.to_uint8(predicted), one(sample))
    np.testing.assert_array_equal(one.generate(source), predicted)
    np.testing.assert_allclose(
        translate(one.config, at_inference(one.config, one.generator), source), predicted, atol=1e-5
    )


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        (np.zeros((8, 8, 3), np.float32), "float32 [8, 8, 3]"),
        (np.zeros((1, 8, 8), np.float32), "float32 [1, 8, 8]"),
        (np.zeros((1, 8, 8, 4), np.float32), "float32 [1, 8, 8, 4]"),
        (np.zeros((0, 8, 8, 3), np.float32), "float32 [0, 8, 8, 3]"),
        (np.zeros((1, 8, 0, 3), np.float32), "float32 [1, 8, 0, 3]"),
        (np.zeros((1, 8, 8, 3), np.uint8), "uint8 [1, 8, 8, 3]"),
        (np.zeros((1, 8, 8, 3), np.complex64), "complex64 [1, 8, 8, 3]"),
        (np.float32(3), "float32 []"),
        ([[1.0], [1.0, 2.0]], "list"),
        (["a"], "list"),
        (None, "NoneType"),
        (object(), "object"),
    ],
)
@pytest.mark.parametrize("name", ["predict", "generate"])
def test_what_is_no_batch_of_floats_is_refused(name, wrong, received):
    with pytest.raises(UserError) as caught:
        getattr(translator(), name)(wrong)
    message = str(caught.value)
    assert message.startswith("generate and predict take float32 [N, H, W, 3] in [-1, 1]; ")
    assert message.endswith(f"Received: {received}.")


def test_floats_of_other_precisions_and_lists_are_taken():
    one, source = translator(), images.to_network(random_images(1, 8, 8, 3))
    expected = one.predict(source)
    for same in (source.numpy().astype(np.float64), source.numpy().tolist()):
        np.testing.assert_array_equal(one.predict(same), expected)


@pytest.mark.slow
def test_compiled_by_xla_the_outputs_are_the_same_to_one_level():
    one = translator(task="colorize")
    compiled = Translator(one.config, one.generator, size="own", compile="xla")
    for size in ((33, 47), (64, 32)):
        sample = random_images(2, *size, 3)
        distance = np.abs(one(sample).astype(int) - compiled(sample).astype(int))
        assert distance.max() <= 1 and (distance == 0).mean() > 0.99
    noisy = [compiled(sample, seed=(0, seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert np.any(noisy[0] != noisy[2])


def test_an_unknown_way_to_compile_is_refused():
    with pytest.raises(UserError, match=r"^compile must be none or xla"):
        Translator.load("no_run", compile="gpu")


# The size at which the network sees an image


@pytest.mark.parametrize("size", ["large", 0, 2.5])
def test_an_unknown_size_is_refused(size):
    with pytest.raises(UserError, match=r"^size must be auto, training, own, or a number"):
        Translator(CONFIG, None, size=size)


@pytest.mark.parametrize(("size", "scaled"), [("auto", (32, 32)), ("training", (32, 32)), (16, (16, 35))])
def test_a_large_image_is_scaled_for_the_network_and_its_output_scaled_back(size, scaled):
    own = translator()
    source = random_images(40, 88, 3)
    shrunk = tf.image.resize(images.to_network(source[None]), scaled, antialias=True)
    raw = own.generate(shrunk)
    expected = images.to_uint8(tf.image.resize(raw, (40, 88), antialias=True))[0]
    result = Translator(own.config, own.generator, size=size)(source)
    np.testing.assert_allclose(result.astype(int), expected.numpy().astype(int), atol=1)
    assert np.mean(result != own(source)) > 0.5


def test_up_to_twice_the_training_size_an_image_is_seen_as_it_is():
    own = translator()
    auto = Translator(own.config, own.generator)
    for shape in [(64, 64, 3), (5, 33, 3)]:
        np.testing.assert_array_equal(auto(random_images(*shape)), own(random_images(*shape)))


def test_a_colorizer_that_sees_less_keeps_the_lightness_of_every_pixel():
    own = translator(task="colorize")
    auto = Translator(own.config, own.generator)
    gray = np.repeat(random_images(70, 90, 1) // 8 + 112, 3, -1)
    lightness = [skimage.color.rgb2lab(image)[..., 0] for image in (gray, auto(gray))]
    assert np.median(np.abs(lightness[0] - lightness[1])) < 0.5


def test_a_size_as_people_write_it():
    assert [parse_size(text) for text in ("auto", "training", "own", "512")] == ["auto", "training", "own", 512]
    for text in ("0", "-1", "256x256", "", "٣", "1" * 9):
        with pytest.raises(UserError, match=r"^size must be auto, training, own, or a number of pixels from 1 to 9999"):
            parse_size(text)

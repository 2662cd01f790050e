"""An export, saved and loaded back, gives the outputs of its run, purely, for any size, number and order."""

import concurrent.futures
import io
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_tf import Config, Translator, UserError, build_generator
from pix2pix_tf.exporting.signatures import save
from pix2pix_tf.utils.plain_paths import plain_path

TASKS = ["translate", "colorize", "colorize_rgb", "inpaint"]
LIMIT = 10_000
IMPURE = ("Assign", "Random", "PyFunc", "Numpy", "VarHandleOp")


def translator(task="translate", precision="float32"):
    """An untrained network whose weights are large enough to make something of its input."""
    config = Config(image_size=32, base_filters=4, task=task, precision=precision)
    generator = build_generator(config, image_size=(None, None))
    for variable in generator.variables:
        variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    return Translator(config, generator)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """exported("colorize"): (the run's Translator, its signatures as loaded back from disk), made once each."""
    made = {}

    def get(task="translate", precision="float32"):
        if (task, precision) not in made:
            one = translator(task, precision)
            folder = tmp_path_factory.mktemp("export") / os.fsdecode(b"any [kind]* of\nname \xff")
            folder.mkdir()
            save(one.config, one.generator, LIMIT, str(folder / "1"))
            made[task, precision] = one, tf.saved_model.load(plain_path(folder / "1"))
        one, model = made[task, precision]
        return one, model.signatures

    return get


def draw_images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def assert_same(output, expected, equal=0.999, apart=1):
    distance = np.abs(np.asarray(output, int) - np.asarray(expected, int))
    assert distance.shape == np.shape(expected)
    assert distance.max() <= apart
    assert np.mean(distance == 0) >= equal


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (3, 64, 96, 3), (2, 37, 53, 3), (1, 1, 1, 3), (1, 33, 2, 1)])
def test_translate_returns_what_the_run_does(exported, task, shape):
    one, call = exported(task)
    image = draw_images(*shape)
    assert_same(call["translate"](image=image)["image"], one(image))


@pytest.mark.parametrize("task", TASKS)
def test_sample_returns_what_the_run_does_with_that_seed(exported, task):
    one, call = exported(task)
    image = draw_images(2, 40, 64, 3)
    output = call["sample"](image=image, seed=tf.constant([3, 4]))["image"].numpy()
    assert_same(output, one(image, seed=(3, 4)))
    np.testing.assert_array_equal(output, call["sample"](image=image, seed=tf.constant([3, 4]))["image"])
    assert np.mean(output != call["sample"](image=image, seed=tf.constant([3, 5]))["image"]) > 0.1


@pytest.mark.parametrize("task", TASKS)
def test_serving_default_turns_files_of_several_sizes_into_png_files(exported, task):
    one, call = exported(task)
    inputs = [draw_images(32, 32, 3), draw_images(5, 70, 3)]
    outputs = call["serving_default"](image_bytes=[png(image) for image in inputs])["image_bytes"].numpy()
    for image, output in zip(inputs, outputs, strict=True):
        assert output.startswith(b"\x89PNG")
        file = Image.open(io.BytesIO(output))
        assert_same(np.asarray(file), one(image))
        assert file.info["srgb"] == 0


def test_bfloat16_returns_what_the_run_does_within_its_own_bound(exported):
    one, call = exported(precision="bfloat16")
    image = draw_images(2, 64, 70, 3)
    assert_same(call["translate"](image=image)["image"], one(image), equal=0.99, apart=2)


def test_colorize_keeps_the_lightness_of_a_gray_image(exported):
    from skimage.color import rgb2lab

    _, call = exported("colorize")
    # Little contrast, so that few colors leave the gamut, where clipping moves L.
    gray = draw_images(1, 70, 50, 1) // 8 + 112
    lightness = rgb2lab(call["translate"](image=gray)["image"].numpy())[..., :1]
    assert np.median(np.abs(lightness - rgb2lab(np.repeat(gray, 3, -1))[..., :1])) < 0.5


def nested_operations(function):
    """All operations that a signature can reach: its own, and those of the functions that it calls."""
    definition = function.graph.as_graph_def()
    yield from (node.op for node in definition.node)
    for nested in definition.library.function:
        yield from (node.op for node in nested.node_def)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["serving_default", "translate", "sample"])
def test_no_signature_changes_a_variable_draws_at_random_or_calls_python(exported, task, name):
    _, call = exported(task)
    operations = set(nested_operations(call[name]))
    assert {"Conv2D", "TensorListFromTensor"} <= operations, "the walk misses what is nested"
    assert [op for op in operations if op.startswith(IMPURE)] == []


def test_the_walk_finds_what_is_impure():
    variable = tf.Variable(0.0)

    @tf.function
    def inner(x):
        variable.assign_add(x)
        return tf.numpy_function(lambda x: x, [x + tf.random.uniform([])], tf.float32)

    function = tf.function(lambda x: tf.map_fn(inner, x)).get_concrete_function(tf.TensorSpec([None]))
    found = {word for op in nested_operations(function) for word in IMPURE if op.startswith(word)}
    assert found == {"Assign", "Random", "PyFunc"}


@pytest.mark.parametrize("task", ["translate", "colorize"])
def test_an_image_gets_the_same_output_whatever_shares_its_request(exported, task):
    _, call = exported(task)
    batch = draw_images(5, 40, 50, 3)
    together = call["translate"](image=batch)["image"].numpy()
    alone = [call["translate"](image=image[None])["image"][0] for image in batch]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together[::-1], call["translate"](image=batch[::-1])["image"])
    np.testing.assert_array_equal(together, call["translate"](image=batch)["image"])


def test_sixteen_threads_get_the_same_outputs(exported):
    _, call = exported()
    batch = draw_images(16, 40, 50, 3)
    expected = call["translate"](image=batch)["image"].numpy()
    numbers = [i % 16 for i in range(64)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outputs = list(pool.map(lambda i: call["translate"](image=batch[i : i + 1])["image"][0].numpy(), numbers))
    np.testing.assert_array_equal(outputs, expected[numbers])


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((0, 32, 32, 3), "the request has 0 images; from 1 to 64 are allowed"),
        ((65, 1, 1, 3), "the request has 65 images; from 1 to 64 are allowed"),
        ((1, 0, 32, 3), "the image is 0x32 (height x width); from 1 to 10000 pixels are allowed"),
        ((1, 101, 100, 3), "the image is 101x100 (height x width); from 1 to 10000 pixels are allowed"),
        ((1, 32, 32, 2), "image has 2 channels; 1 or 3 are allowed"),
        ((1, 32, 32, 4), "image has 4 channels; 1 or 3 are allowed"),
        ((1, 32, 32, 0), "image has 0 channels; 1 or 3 are allowed"),
    ],
)
@pytest.mark.parametrize("name", ["translate", "sample"])
def test_tensors_that_are_no_images_are_refused_with_a_sentence(exported, shape, sentence, name):
    _, call = exported()
    seed = {"seed": tf.constant([0, 1])} if name == "sample" else {}
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        call[name](image=np.zeros(shape, np.uint8), **seed)
    assert sentence in error.value.message


@pytest.mark.parametrize("count", [0, 65])
def test_too_few_and_too_many_files_are_refused(exported, count):
    _, call = exported()
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"the request has {count} images; from 1 to 64"):
        call["serving_default"](image_bytes=tf.constant([png(draw_images(1, 1, 3))] * count, tf.string, [count]))


def test_one_bad_file_refuses_the_request_and_the_next_one_succeeds(exported):
    _, call = exported()
    good = png(draw_images(8, 8, 3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="image_bytes is not an image"):
        call["serving_default"](image_bytes=[good, b"no image"])
    assert len(call["serving_default"](image_bytes=[good])["image_bytes"]) == 1


def test_the_signatures_have_the_promised_names_and_types(exported):
    _, call = exported()
    assert {name: function.structured_input_signature[1] for name, function in call.items()} == {
        "serving_default": {"image_bytes": tf.TensorSpec([None], tf.string, "image_bytes")},
        "translate": {"image": tf.TensorSpec([None] * 4, tf.uint8, "image")},
        "sample": {
            "image": tf.TensorSpec([None] * 4, tf.uint8, "image"),
            "seed": tf.TensorSpec([2], tf.int32, "seed"),
        },
    }
    assert {name: set(function.structured_outputs) for name, function in call.items()} == {
        "serving_default": {"image_bytes"},
        "translate": {"image"},
        "sample": {"image"},
    }


def test_an_export_that_cannot_be_written_is_a_sentence(tmp_path, full_disk):
    one = translator()
    with full_disk(1000), pytest.raises(UserError) as caught:
        save(one.config, one.generator, LIMIT, str(tmp_path / "1"))
    assert str(caught.value) == f"{tmp_path} cannot be written (File too large); check the folder and its disk."

"""FCN-8s: its structure, the trunk that is VGG-16's, upsampling, and where ImageNet weights come from."""

import functools
import hashlib
import http.server
import threading

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.saving import legacy_h5_format

from pix2pix_tf import UserError
from pix2pix_tf.networks import fcn8s
from pix2pix_tf.networks.fcn8s import build_fcn8s, load_trunk
from pix2pix_tf.networks.perceptual import perceptual_network


def photo(height=64, width=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (1, height, width, 3)).astype(np.float32)


def fill(network, layer, **values):
    """Sets a layer's kernel or bias to one value."""
    for name, value in values.items():
        variable = getattr(network.get_layer(layer), name)
        variable.assign(np.full(variable.shape, value))


@pytest.fixture(scope="module")
def vgg16():
    """Keras' VGG-16 with random weights: ImageNet's cannot be had in a test."""
    keras.utils.set_random_seed(0)
    network = keras.applications.VGG16(weights=None, include_top=False)
    for layer in network.layers:
        if layer.weights:
            layer.bias.assign(np.random.default_rng(1).normal(0, 0.1, layer.bias.shape))
    return network


def write_as_published(network, folder):
    """Writes weights to a file like the published one: HDF5 as Keras 2 wrote it."""
    path = folder / fcn8s.IMAGENET_FILE
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path


@pytest.fixture(scope="module")
def published_file(vgg16, tmp_path_factory):
    return write_as_published(vgg16, tmp_path_factory.mktemp("weights"))


def trunk_of(network):
    return keras.Model(network.input, network.get_layer("block5_pool").output)


# Structure


@pytest.mark.parametrize("size", [(32, 32), (64, 96)])
@pytest.mark.parametrize("norm", [False, True])
def test_every_pixel_gets_a_score_for_each_class(size, norm):
    assert build_fcn8s(5, 2, norm=norm)(photo(*size)).shape == (1, *size, 5)


def test_the_trunk_at_width_64_is_that_of_vgg_16(vgg16):
    network = build_fcn8s(19)
    wanted = {weight.path: tuple(weight.shape) for weight in vgg16.weights}
    own = {weight.path: tuple(weight.shape) for weight in network.weights}
    assert wanted.items() <= own.items()
    assert {layer.name for layer in vgg16.layers if "pool" in layer.name} <= {layer.name for layer in network.layers}


def test_numbers_of_parameters():
    trunk, conv6, conv7 = 14_714_688, 49 * 512 * 1024 + 1024, 1024 * 1024 + 1024
    scored, upsampled = 19 * (1024 + 512 + 256 + 3), 19 * 19 * (16 + 16 + 256)
    assert (
        sum(np.prod(w.shape) for w in build_fcn8s(19).trainable_weights) == trunk + conv6 + conv7 + scored + upsampled
    )


def test_norm_stands_behind_each_convolution_in_place_of_its_bias():
    network = build_fcn8s(3, 2, norm=True)
    convolutions = [layer for layer in network.layers if layer.name.startswith(("block", "conv")) and layer.weights]
    names = [layer.name for layer in convolutions if not layer.name.endswith(("_norm", "_dropout"))]
    assert len(names) == 15
    assert all(not network.get_layer(name).use_bias for name in names)
    assert all(network.get_layer(f"{name}_norm").input is network.get_layer(name).output for name in names)
    assert not any(layer.name.endswith("_norm") for layer in build_fcn8s(3, 2).layers)


def test_skips_are_scaled_where_nothing_is_normalized():
    scales = {layer.name: layer.scale for layer in build_fcn8s(3, 2).layers if layer.name.endswith("_scale")}
    assert scales == {"score_pool4_scale": 0.01, "score_pool3_scale": 0.0001}
    assert not any(layer.name.endswith("_scale") for layer in build_fcn8s(3, 2, norm=True).layers)


# Function


def test_a_new_network_prefers_no_class():
    np.testing.assert_array_equal(build_fcn8s(3, 2, norm=True)(photo()), 0.0)


@pytest.mark.parametrize("scored", ["score_conv7", "score_pool4", "score_pool3"])
def test_each_of_the_three_scores_reaches_the_output_at_its_own_height(scored):
    network = build_fcn8s(3, 2)
    fill(network, scored, bias=0.5)
    logits = network(photo(160, 160)).numpy()
    np.testing.assert_allclose(logits[:, 72:88, 72:88], 0.5, atol=1e-6)  # Only borders lack neighbors.


@pytest.mark.parametrize("scored", ["score_conv7", "score_pool4", "score_pool3"])
def test_each_of_the_three_scores_looks_at_the_photo(scored):
    network = build_fcn8s(3, 2)
    fill(network, scored, kernel=1.0)
    assert np.abs(network(photo(seed=1)) - network(photo(seed=2))).max() > 0


@pytest.mark.parametrize("factor", [2, 8])
def test_upsampling_starts_bilinear_and_keeps_classes_apart(factor):
    values = np.random.default_rng(0).normal(size=(1, 6, 5, 3)).astype(np.float32)
    kernel = fcn8s._bilinear((2 * factor, 2 * factor, 3, 3), "float32")
    larger = tf.nn.conv2d_transpose(values, kernel, (1, 6 * factor, 5 * factor, 3), factor, "SAME")
    inside = slice(factor, -factor)
    expected = tf.image.resize(values, (6 * factor, 5 * factor), "bilinear")
    np.testing.assert_allclose(larger[:, inside, inside], expected[:, inside, inside], atol=1e-5)


def test_kernels_of_upsampling_are_those_computed_by_hand():
    kernel = build_fcn8s(2, 1).get_layer("upscore_pool4").kernel.numpy()
    ramp = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(kernel[:, :, 0, 0], ramp[:, None] * ramp)
    np.testing.assert_array_equal(kernel[:, :, 0, 1], 0)


def test_the_seed_decides_the_weights_and_no_two_layers_share_them():
    first, same, other = (build_fcn8s(2, 2, seed=seed) for seed in (3, 3, 4))
    kernels = [network.get_layer("block4_conv3").kernel.numpy() for network in (first, same, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 0.01
    assert np.abs(kernels[0] - first.get_layer("block5_conv1").kernel.numpy()).max() > 0.01


def test_a_call_is_deterministic_and_changes_no_variable():
    network = build_fcn8s(2, 2, norm=True)
    fill(network, "score_conv7", kernel=1.0)
    before = [weight.numpy().copy() for weight in network.weights]
    np.testing.assert_array_equal(network(photo()), network(photo()))
    for old, weight in zip(before, network.weights, strict=True):
        np.testing.assert_array_equal(old, weight)


# Weights of ImageNet


def test_the_published_weights_make_the_trunk_see_as_keras_vgg_16(vgg16, published_file):
    network = build_fcn8s(3)
    load_trunk(network, str(published_file))
    expected = vgg16(keras.applications.vgg16.preprocess_input(photo(64, 32)))
    np.testing.assert_allclose(trunk_of(network)(photo(64, 32)), expected, rtol=1e-5, atol=1e-4)
    assert np.abs(expected).max() > 0.1


def test_the_perceptual_network_gives_four_of_its_features(vgg16, published_file):
    network = perceptual_network(str(published_file))
    assert network.trainable_variables == []
    layers = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
    reference = keras.Model(vgg16.input, [vgg16.get_layer(name).output for name in layers])
    expected = reference(keras.applications.vgg16.preprocess_input(photo(64, 32)))
    for ours, theirs in zip(network(photo(64, 32) / 127.5 - 1), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
        assert np.min(ours) == 0 and np.max(ours) > 0.1  # Behind the ReLU.


def test_weights_of_another_shape_are_refused_in_one_sentence(published_file):
    with pytest.raises(UserError) as error:
        load_trunk(build_fcn8s(3, 8), str(published_file))
    message = str(error.value)
    assert message.startswith(f"{published_file} does not hold weights for the trunk of VGG-16 at width 64 (")
    assert message.endswith(f"); give {fcn8s.IMAGENET_FILE} from {fcn8s.IMAGENET_URL}.")
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"not an HDF5 file"])
def test_files_without_weights_are_refused_in_one_sentence(content, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(
        UserError, match=r"weights\.h5 does not hold weights for the trunk of VGG-16 at width 64 \(.+\); "
    ):
        load_trunk(build_fcn8s(3, 2), str(path))


def test_a_missing_file_is_one_sentence_that_says_where_to_get_it(tmp_path):
    with pytest.raises(UserError) as error:
        load_trunk(build_fcn8s(3, 2), str(tmp_path / "none.h5"))
    assert str(error.value) == (
        f"There is no file {tmp_path / 'none.h5'}; give {fcn8s.IMAGENET_FILE} from {fcn8s.IMAGENET_URL}, "
        "or imagenet to have it downloaded."
    )


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A Keras home of its own, so that nothing is downloaded to that of the user."""
    monkeypatch.setattr(keras.utils, "get_file", functools.partial(keras.utils.get_file, cache_dir=str(tmp_path)))
    return tmp_path


def test_imagenet_is_downloaded_once_and_then_found(tmp_path_factory, keras_home, monkeypatch):
    served, (first, second, third) = tmp_path_factory.mktemp("web"), (build_fcn8s(3, 2, seed=seed) for seed in range(3))
    path = write_as_published(trunk_of(first), served)
    monkeypatch.setattr(fcn8s, "IMAGENET_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(fcn8s, "IMAGENET_URL", f"http://127.0.0.1:{server.server_port}/{path.name}")
        load_trunk(second, "imagenet")
        server.shutdown()
    assert (keras_home / "models" / path.name).read_bytes() == path.read_bytes()
    load_trunk(third, "imagenet")  # Nobody serves it any more.
    for network in (second, third):
        kernels = [n.get_layer("block3_conv2").kernel.numpy() for n in (first, network)]
        np.testing.assert_array_equal(*kernels)


def test_without_a_network_one_sentence_says_what_to_get_and_where_to_put_it(keras_home, monkeypatch):
    monkeypatch.setattr(fcn8s, "IMAGENET_URL", "http://127.0.0.1:1/weights.h5")
    with pytest.raises(UserError) as error:
        load_trunk(build_fcn8s(3, 2), "imagenet")
    message = str(error.value)
    assert message.startswith("http://127.0.0.1:1/weights.h5 could not be downloaded (")
    assert "refused" in message
    assert message.endswith("get it by other means and put it into ~/.keras/models, or do without it.")

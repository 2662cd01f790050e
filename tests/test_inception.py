"""The features of FID and KID, and what is said when their weights are missing."""

import keras
import numpy as np
import pytest

from pix2pix_tf import UserError
from pix2pix_tf.evaluation import inception


def center(images, training):
    """Stands for a network: the color in the middle."""
    assert not training
    assert images.shape[1:] == (299, 299, 3)
    return images[:, 149, 149]


def test_features_are_of_each_image_in_order():
    values = np.arange(0, 255, 7, dtype=np.uint8)  # 37 of them: two full batches and a part.
    images = [np.full((8, 8, 3), value, np.uint8) for value in values]
    found = inception.features(center, images)
    np.testing.assert_allclose(found, np.repeat(values[:, None] / 127.5 - 1, 3, axis=1), atol=1e-6)


def test_distances_of_a_set_to_itself():
    images = list(np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8))
    found = inception.distances(center, images, images)
    assert found["fid"] == pytest.approx(0, abs=1e-6)
    assert found["kid"] <= 0


def test_missing_weights_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "models" / "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.raises(UserError) as error:
        inception.load_inception()
    assert str(error.value) == (
        f"FID needs the weights of Inception-v3, and {path} is missing; download "
        "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/"
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5 to there, or give the file with --inception_weights."
    )


def test_the_address_is_that_of_the_installed_keras():
    from keras.src.applications import inception_v3

    assert inception_v3.WEIGHTS_PATH_NO_TOP == inception.URL


@pytest.mark.slow
def test_weights_are_read_from_a_file(tmp_path):
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    path = tmp_path / "some.h5"
    network.save(path)  # In the old format, which the published weights have.
    images = list(np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3), dtype=np.uint8))
    prepared = keras.applications.inception_v3.preprocess_input(np.stack(images).astype(np.float32))
    found = inception.features(inception.load_inception(str(path)), images)
    assert found.shape == (2, inception.FEATURES)
    np.testing.assert_allclose(found, network(prepared, training=False), rtol=1e-4, atol=1e-6)

    (tmp_path / "cut.h5").write_bytes(path.read_bytes()[:5000])
    keras.Sequential([keras.layers.Input([3]), keras.layers.Dense(2)]).save(tmp_path / "other.h5")
    (tmp_path / "photo.jpg").write_bytes(b"no weights")
    for name in ("cut.h5", "other.h5", "photo.jpg"):
        with pytest.raises(UserError, match=f"{name} does not hold the weights of Keras' Inception-v3 .*; download"):
            inception.load_inception(str(tmp_path / name))

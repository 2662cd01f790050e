"""Features of images for FID and KID: Keras' Inception-v3, trained on ImageNet, up to its last pooling.

The original FID takes another Inception, of 2015, with weights of its own. So these values are comparable among
themselves, and not with published ones.
"""

import os

import keras
import numpy as np
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation.fid import frechet_distance, kernel_distance

FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{FILE}"  # keras.applications'
SIZE = (299, 299)  # the images that it was trained on
FEATURES = 2048
BATCH = 16


def load_inception(path=None) -> keras.Model:
    """Inception-v3 from a weights file, by default the one where Keras keeps its own.

    Raises:
      UserError: the file is missing, or holds no such weights.
    """
    home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    path = os.path.expanduser(path or os.path.join(home, "models", FILE))
    if not os.path.isfile(path):
        raise UserError(
            f"FID needs the weights of Inception-v3, and {path} is missing; download {URL} to there, "
            "or give the file with --inception_weights."
        )
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    try:
        network.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise UserError(
            f"{path} does not hold the weights of Keras' Inception-v3 without top ({reason}); download {URL}."
        ) from None
    return network


def features(network, photos) -> np.ndarray:
    """N photos, uint8 [H, W, 3] → float64 [N, FEATURES], after bilinear resizing to SIZE."""
    rows = []
    for start in range(0, len(photos), BATCH):
        batch = tf.image.resize(np.stack(photos[start : start + BATCH]), SIZE, antialias=True)
        rows.append(network(images.to_network(batch), training=False).numpy())
    return np.concatenate(rows).astype(np.float64)


def distances(network, outputs, targets) -> dict[str, float]:
    """`fid` and `kid` between outputs and targets, two lists of at least 2 images."""
    first, second = features(network, outputs), features(network, targets)
    return {"fid": frechet_distance(first, second), "kid": kernel_distance(first, second)}

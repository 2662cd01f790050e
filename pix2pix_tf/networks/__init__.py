"""The networks. They are of TensorFlow and of channels-last, whatever the user's own keras.json says.

Importing this package makes their layers known to `keras.models.load_model`.
"""

import importlib

import keras

from pix2pix_tf.errors import UserError

if keras.config.backend() != "tensorflow":
    raise UserError(
        f"Keras was imported with the backend {keras.config.backend()}, but pix2pix_tf needs TensorFlow: "
        "set KERAS_BACKEND=tensorflow, or import pix2pix_tf before keras."
    )
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")

importlib.import_module("pix2pix_tf.networks.layers")  # Keras reads the settings above as it makes layers.

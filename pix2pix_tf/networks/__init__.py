"""The networks. They are of TensorFlow and of channels-last, whatever the user's own keras.json says."""

import keras

from pix2pix_tf.errors import UserError

if keras.config.backend() != "tensorflow":
    raise UserError(
        f"Keras was imported with the backend {keras.config.backend()}, but pix2pix_tf needs TensorFlow: "
        "set KERAS_BACKEND=tensorflow, or import pix2pix_tf before keras."
    )
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")

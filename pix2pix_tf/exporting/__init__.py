"""From a run to a SavedModel that TensorFlow Serving loads."""

from pix2pix_tf.exporting.publication import export

__all__ = ["export"]

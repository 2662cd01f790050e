"""A trained model on a whole folder of pictures."""

from pix2pix_tf.bulk.folder import translate_folder

__all__ = ["translate_folder"]

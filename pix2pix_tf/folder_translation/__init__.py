"""A trained model on a whole folder of images."""

from pix2pix_tf.folder_translation.translating import translate_folder, translate_split

__all__ = ["translate_folder", "translate_split"]

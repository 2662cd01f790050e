"""Exports a run as a SavedModel for TensorFlow Serving: python export.py --help lists the flags."""

from pix2pix_tf.tools.export import command

if __name__ == "__main__":
    command()

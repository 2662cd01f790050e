"""Command lines, one a file: `python -m pix2pix_tf.tools.evaluate --help`."""

"""Reads a folder of images once and reports on it: python -m pix2pix_tf.tools.check_data --data_dir=DIR.

Prints how the folder is understood and what of it is not used, how many pairs or photos each split has, their sizes
(height x width) and kinds, an --image_size to copy, and each bad image by its path; draws some pairs on a contact
sheet. The exit status is 1 if there are bad images. They are what --skip_bad_images of train.py leaves out.
"""

import sys

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.config_fields import CHANNELS

_DATA_DIR = cli.define_path("data_dir", None, "folder of your own images", required=True)
_FIELDS = cli.define_config_flags(
    only=["layout", "task", "direction", "resize_pair", *CHANNELS, "input_dtype", "output_dtype"]
)
_OUTPUT = cli.define_path(
    "output", None, "contact sheet, a .png file that does not exist (default: a new one in the current folder)"
)


def main():
    from pix2pix_tf.data.data_report import report

    config = Config(data_dir=_DATA_DIR.value, **cli.given_config_fields(_FIELDS))
    if not report(config, _OUTPUT.value):
        sys.exit(1)


command = cli.command(main)

if __name__ == "__main__":
    command()

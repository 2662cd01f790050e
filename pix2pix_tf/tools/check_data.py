"""Reads a folder of images once and reports on it: python -m pix2pix_tf.tools.check_data --data_dir=DIR.

Prints how the folder is understood and what of it is not used, how many pairs or photos each split has, their sizes
(height x width) and kinds, an --image_size to copy, and each bad image by its path; draws some pairs on a contact
sheet. The exit status is 1 if there are bad images. They are what --skip_bad_images of train.py leaves out.
"""

import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config

_DATA_DIR = cli.define_path("data_dir", None, "folder of your own images", required=True)
_LAYOUT = flags.DEFINE_string("layout", Config.layout, "as for train.py")
_TASK = flags.DEFINE_string("task", Config.task, "as for train.py; colorize and inpaint take single photos too")
_DIRECTION = flags.DEFINE_string("direction", Config.direction, "as for train.py")
_INPUT_CHANNELS = flags.DEFINE_string("input_channels", "auto", "as for train.py")
_OUTPUT_CHANNELS = flags.DEFINE_string("output_channels", "auto", "as for train.py")
_INPUT_DTYPE = flags.DEFINE_string("input_dtype", "auto", "as for train.py")
_OUTPUT_DTYPE = flags.DEFINE_string("output_dtype", "auto", "as for train.py")
_OUTPUT = cli.define_path(
    "output", None, "contact sheet, a .png file that does not exist (default: a new one in the current folder)"
)


def main():
    from pix2pix_tf.data.data_report import report

    config = Config(
        data_dir=_DATA_DIR.value,
        layout=_LAYOUT.value,
        task=_TASK.value,
        direction=_DIRECTION.value,
        input_channels=_INPUT_CHANNELS.value,
        output_channels=_OUTPUT_CHANNELS.value,
        input_dtype=_INPUT_DTYPE.value,
        output_dtype=_OUTPUT_DTYPE.value,
    )
    if not report(config, _OUTPUT.value):
        sys.exit(1)


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

"""Trains pix2pix, or goes on with a run: python train.py --help lists the flags."""

import os

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config, config_for_run

cli.define_config_flags()
_WORKDIR = flags.DEFINE_string("workdir", None, "run directory (default runs/<dataset>-<task>)")


def main():
    from pix2pix_tf.training.loop import train  # After the flags, so that --help does not wait for TensorFlow.

    given = cli.given_config_fields()
    data = (
        os.path.basename(os.path.abspath(given["data_dir"]))
        if given.get("data_dir")
        else given.get("dataset", Config.dataset)
    )
    workdir = _WORKDIR.value or os.path.join("runs", f"{data}-{given.get('task', Config.task)}")
    train(config_for_run(workdir, given), workdir)


if __name__ == "__main__":
    cli.run(main)

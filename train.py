"""Trains pix2pix, or goes on with a run: python train.py --help lists the flags."""

from absl import flags

from pix2pix_tf import cli, runs

cli.define_config_flags()
_WORKDIR = flags.DEFINE_string("workdir", None, "run directory (default runs/<dataset>-<task>)")


def main():
    from pix2pix_tf.training.loop import train  # After the flags, so that --help does not wait for TensorFlow.

    given = cli.given_config_fields()
    workdir = _WORKDIR.value or runs.default_workdir(given)
    train(runs.config_for_run(workdir, given), workdir)


if __name__ == "__main__":
    cli.run(main)

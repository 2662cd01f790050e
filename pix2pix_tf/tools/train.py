"""Trains pix2pix, or resumes a run: python train.py --data_dir=FOLDER, or pix2pix-train."""

from pix2pix_tf import cli, runs

_FIELDS = cli.define_config_flags()
_WORKDIR = cli.define_path("workdir", None, "run directory (default runs/<dataset>-<task>)")


def main():
    from pix2pix_tf.training.loop import train  # After the flags, so that --help does not wait for TensorFlow.

    given = cli.given_config_fields(_FIELDS)
    workdir = _WORKDIR.value or runs.default_workdir(given)
    train(runs.config_for_run(workdir, given), workdir)


command = cli.command(main)

if __name__ == "__main__":
    command()

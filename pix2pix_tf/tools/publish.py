"""Makes a small run directory to hand on: pix2pix-publish --model=RUN --output=DIR.

It holds the settings and the weights in 16 bits, without optimizers and logs; with --dataset also without the path of
the training data.
"""

import os

from absl import flags

from pix2pix_tf import cli

_MODEL = cli.define_path("model", None, "run directory", required=True)
_OUTPUT = cli.define_path("output", None, "folder to make", required=True)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "latest", "latest, best, or step-N of a checkpoint that is kept")
_DATASET = flags.DEFINE_string(
    "dataset", None, "name of the data set that the run was trained on; replaces data_dir in the settings"
)


def main():
    from pix2pix_tf.training.publishing import publish

    path = publish(_MODEL.value, _OUTPUT.value, _CHECKPOINT.value, _DATASET.value)
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB")


command = cli.command(main)

if __name__ == "__main__":
    command()

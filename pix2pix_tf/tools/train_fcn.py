"""Trains the classifier of the FCN-score (paper, section 4.1) on real photos and their label maps.

    python -m pix2pix_tf.tools.train_fcn --dataset=toy_facades --workdir=runs/fcn
    python -m pix2pix_tf.tools.train_fcn --data_dir=my_pairs --palette=facades --workdir=runs/fcn

The pairs of the validation split are held out; the scores on them are printed and stored. With --weights=imagenet it
starts from VGG-16 as the paper's did, which needs a GPU; without, it starts from nothing and is small enough for a CPU.
"""

import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import preset_of

_WORKDIR = cli.define_path("workdir", None, "folder for the classifier; it must not exist or be empty", required=True)
_FIELDS = cli.define_config_flags(only=["dataset", "layout", "image_size", "mirror", "skip_bad_images", "seed"])
_DATA_DIR = cli.define_path("data_dir", Config.data_dir, "as for train.py; needs --palette")
_PALETTE = flags.DEFINE_string("palette", None, "data set in whose colors the label maps are (default: --dataset)")
_DIRECTION = flags.DEFINE_string("direction", Config.direction, "from photos to label maps: a_to_b or b_to_a")
_WEIGHTS = cli.define_path("weights", "", "VGG-16's, of Keras: a file without top, or imagenet to download it")
_WIDTH = flags.DEFINE_integer("width", None, "filters of the first layer (default: 8; 64 with --weights)", 1)
_STEPS = flags.DEFINE_integer("steps", 1200, "training steps", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 4, "pairs a step", 1)
_LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", None, "Adam's at the start (default: 3e-3; 1e-4 with --weights)", 1e-9
)


def main():
    from pix2pix_tf.evaluation.fcn import SETTINGS_FILE, train_classifier
    from pix2pix_tf.networks.fcn8s import IMAGENET_WIDTH
    from pix2pix_tf.palettes import palette_of

    if _DATA_DIR.value and not _PALETTE.value:
        raise UserError(
            "--data_dir needs --palette, the data set in whose colors the label maps are; try --palette=facades."
        )
    width, learning_rate = (IMAGENET_WIDTH, 1e-4) if _WEIGHTS.value else (8, 3e-3)
    given = cli.given_config_fields(_FIELDS)
    config = Config(
        **given | {"dataset": preset_of(given.get("dataset", Config.dataset))["dataset"]},
        data_dir=_DATA_DIR.value,
        direction=_DIRECTION.value,
        batch_size=_BATCH_SIZE.value,
        learning_rate=_LEARNING_RATE.value or learning_rate,
    )
    try:
        classifier = train_classifier(
            config,
            palette_of(_PALETTE.value or config.dataset),
            _WORKDIR.value,
            width=_WIDTH.value or width,
            steps=_STEPS.value,
            weights=_WEIGHTS.value,
        )
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing was saved, as a classifier is written when it is finished")
    print(f"held-out photos, which it was not trained on ({SETTINGS_FILE} keeps these numbers):")
    for name, value in classifier.held_out.items():
        print(f"  {name.replace('_', ' '):<10} {value:.4f}")
    print(f"the classifier is in {_WORKDIR.value}")


command = cli.command(main)

if __name__ == "__main__":
    command()

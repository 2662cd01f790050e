"""What does a colorizer make of old prints, and does it help to train on their degradation?

    python benchmarks/old_photos.py --workdir=runs/old
    python benchmarks/old_photos.py --workdir=runs/old_facades --data_dir=facades --steps=2000

Trains a colorizer on clean photographs and, just as long, a translator from old prints (`make_pairs --kind=old`) to
the photographs that they were drawn onto, all but 1 % of them. Both are ordinary run directories in --workdir; what is
finished is kept. Then it measures the outputs for validation photographs with each flaw alone, with all, and with the
contrast stretched again, against the real photographs, and draws `old_photos.png`.
"""

import os
import subprocess
import sys

import numpy as np
from absl import flags
from PIL import Image, ImageOps

import pix2pix_tf
from pix2pix_tf import cli
from pix2pix_tf.data import pairing
from pix2pix_tf.data.degradation import degrade
from pix2pix_tf.utils.markdown import table
from pix2pix_tf.utils.spread import evenly_spread

_DATA_DIR = cli.define_path("data_dir", "", "folder of pairs whose A is a photograph (default: toy_facades)")
_WORKDIR = cli.define_path("workdir", None, "folder of the pairs, of both runs and of the figure", required=True)
_STEPS = flags.DEFINE_integer("steps", 1500, "training steps of each", lower_bound=1)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "training size")
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 16, "width of the networks")

TRAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "train.py")
DEGRADED = {  # How a photograph is handed in: (photo, seed) → uint8 [H, W, 3].
    "black and white": lambda photo, seed: degrade(photo, seed, ()),
    "tinted": lambda photo, seed: degrade(photo, seed, ("tint",)),
    "faded": lambda photo, seed: degrade(photo, seed, ("fading",)),
    "grainy": lambda photo, seed: degrade(photo, seed, ("grain",)),
    "old: all three": degrade,
    "old, contrast stretched": lambda photo, seed: stretched(degrade(photo, seed)),
}


def stretched(photo):
    """Its gray tones from black to white, but for the darkest and the lightest 1 %: what a user would try first."""
    return np.asarray(ImageOps.autocontrast(Image.fromarray(pairing.gray(photo)), cutoff=1))


def train(name, **given):
    """Trains a run, or goes on with it → its Translator."""
    workdir = os.path.join(_WORKDIR.value, name)
    given |= {
        "workdir": workdir,
        "steps": _STEPS.value,
        "image_size": _IMAGE_SIZE.value,
        "base_filters": _BASE_FILTERS.value,
        "deterministic": True,
        "jitter_size": 0,  # Enlarging for it would make the grain coarser than that of the prints that are measured.
        "sample_every": _STEPS.value,
    }
    command = [sys.executable, TRAIN, *(f"--{key}={value}" for key, value in given.items())]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return pix2pix_tf.Translator.load(workdir, size="own")


def make_pairs(config, split):
    """Old prints beside the photographs of a split → the folder of the pairs."""
    from pix2pix_tf import array_files  # Here, as below, after `cli.run` has started TensorFlow quietly.

    photos, pairs = (os.path.join(_WORKDIR.value, name) for name in ("photos", "pairs"))
    for number in range(len(split)):
        array_files.write(photo(config, split, number), os.path.join(photos, f"{number}.png"))
    command = [sys.executable, "-m", "pix2pix_tf.tools.make_pairs", f"--photos_dir={photos}", f"--output_dir={pairs}"]
    subprocess.run([*command, "--kind=old", "--val_fraction=0.01"], check=True, stdout=sys.stderr)
    return pairs


def photo(config, split, number):
    """uint8 [H, W, 3] at the size of the run."""
    from pix2pix_tf import images
    from pix2pix_tf.data.pipeline import read_pair

    return images.to_uint8(read_pair(config, split, number)[1]).numpy()


def main():
    from pix2pix_tf import images
    from pix2pix_tf.data.sources import open_splits
    from pix2pix_tf.evaluation.lab_histograms import intersections, lab_histograms
    from pix2pix_tf.evaluation.quality import metrics_per_image
    from pix2pix_tf.grids import sample_grid

    colorizer = train("colorizer", task="colorize", direction="b_to_a", data_dir=_DATA_DIR.value)
    val, training = open_splits(colorizer.config, "val")
    restorer = train("restorer", data_dir=make_pairs(colorizer.config, training))

    photos = [photo(colorizer.config, val, number) for number in range(len(val))]
    inputs = {title: [degraded(photo, i) for i, photo in enumerate(photos)] for title, degraded in DEGRADED.items()}
    outputs = {f"colorizer: {title}": [colorizer(one) for one in given] for title, given in inputs.items()}
    old = inputs["old: all three"]
    outputs |= {"trained on old prints: old": [restorer(one) for one in old], "the old print itself": old}
    real = lab_histograms(photos)
    rows = []
    for title, made in outputs.items():
        metrics = metrics_per_image(made, photos)
        common = intersections(lab_histograms(made), real)
        numbers = [metrics["l1"].mean(), metrics["ssim"].mean(), *common.values()]
        rows.append([title, *(f"{number:.3f}" for number in numbers)])
    print(table(["output for", "L1 on [-1, 1]", "SSIM", "intersection of L", "of a", "of b"], rows))

    shown = {
        "black and white": inputs["black and white"],
        "colorized": outputs["colorizer: black and white"],
        "old print": old,
        "old, colorized": outputs["colorizer: old: all three"],
        "contrast stretched": outputs["colorizer: old, contrast stretched"],
        "trained on old": outputs["trained on old prints: old"],
        "photograph": photos,
    }
    grid = [[images.to_network(column[i]) for column in shown.values()] for i in evenly_spread(len(val), 3)]
    Image.fromarray(sample_grid(grid, tuple(shown))).save(os.path.join(_WORKDIR.value, "old_photos.png"))


if __name__ == "__main__":
    cli.run(main)

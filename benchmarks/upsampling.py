"""Does upsampling by resizing leave less of a grid than transposed convolutions do, and at what price?

    python benchmarks/upsampling.py --workdir=runs/upsampling
    python benchmarks/upsampling.py --workdir=runs/upsampling_facades --data_dir=facades --palette=facades

Trains a generator from label maps to photos with either, for each seed, and a classifier for the FCN-score. All are
ordinary runs in --workdir; what is finished is kept, and the same command resumes. Then it measures the outputs for
the validation pairs at a quarter of the steps and at the end: L1, FCN-score, and how far the frequencies of periods 2,
4 and 8 stand out of those around them (1: not at all), beside the real photos. `upsampling.png` shows some of them.
"""

import os
import subprocess
import sys

from absl import flags
from PIL import Image

from pix2pix_tf import cli
from pix2pix_tf.utils.markdown import table
from pix2pix_tf.utils.spread import evenly_spread

_DATA_DIR = cli.define_path("data_dir", "", "folder of pairs, from labels (B) to photos (A) (default: toy_facades)")
_PALETTE = flags.DEFINE_string("palette", "toy_facades", "data set in whose colors the label maps are")
_WORKDIR = cli.define_path("workdir", None, "folder of all runs and of the figure", required=True)
_STEPS = flags.DEFINE_integer("steps", 2000, "training steps of each", lower_bound=4)
_SEEDS = flags.DEFINE_multi_integer("seed", [0, 1], "seeds of the runs")
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 128, "training size")
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 16, "width of the networks")
_FCN_STEPS = flags.DEFINE_integer("fcn_steps", 1200, "training steps of the classifier")

UPSAMPLINGS = ("transposed", "resize")
SHOWN = ("l1", "per_pixel", "per_class", "iou", "grid_2", "grid_4", "grid_8")


def tool(name, **given):
    command = [sys.executable, "-m", f"pix2pix_tf.tools.{name}", *(f"--{key}={value}" for key, value in given.items())]
    subprocess.run(command, check=True, stdout=sys.stderr)


def path(name):
    return os.path.join(_WORKDIR.value, name)


def trained(upsampling, seed):
    """Trains a run, or goes on with it → its directory."""
    steps = _STEPS.value
    tool(
        "train",
        data_dir=_DATA_DIR.value,
        workdir=path(f"{upsampling}-{seed}"),
        upsampling=upsampling,
        seed=seed,
        direction="b_to_a",
        steps=steps,
        image_size=_IMAGE_SIZE.value,
        base_filters=_BASE_FILTERS.value,
        save_every=steps // 4,
        sample_every=steps,
        keep_checkpoints=5,
    )
    return path(f"{upsampling}-{seed}")


def main():
    import over_steps

    from pix2pix_tf import images
    from pix2pix_tf.grids import sample_grid

    if not os.path.exists(os.path.join(path("fcn"), "fcn.json")):  # Written last.
        palette, size = _PALETTE.value, _IMAGE_SIZE.value
        tool(
            "train_fcn",
            data_dir=_DATA_DIR.value,
            workdir=path("fcn"),
            palette=palette,
            image_size=size,
            steps=_FCN_STEPS.value,
        )
    rows, columns = [], {}
    for seed in _SEEDS.value:
        for upsampling in UPSAMPLINGS:
            run = trained(upsampling, seed)
            subject = over_steps.Subject(run, path("fcn"))
            steps = [_STEPS.value // 4, _STEPS.value]
            found = over_steps.measure(subject, steps, os.path.join(run, "upsampling.json"))
            rows += [[upsampling, str(seed), step, *cells(row)] for step, row in found["steps"].items()]
            shown = subject.outputs(_STEPS.value, evenly_spread(len(subject.split), 4))
            columns[f"{upsampling}, seed {seed}"] = shown.outputs
    rows.append(["real photos", "", "", *cells(found["compared"]["ground truth"])])
    columns["real photos"] = shown.targets
    print(table(["upsampling", "seed", "step", *(over_steps.COLUMNS[name] for name in SHOWN)], rows))
    grid = [[images.to_network(image) for image in row] for row in zip(*columns.values(), strict=True)]
    Image.fromarray(sample_grid(grid, tuple(columns))).save(path("upsampling.png"))


def cells(row):
    import over_steps

    return [over_steps.cell(name, row) for name in SHOWN]


if __name__ == "__main__":
    cli.run(main)

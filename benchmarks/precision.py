"""Does training in 16 bits reach what float32 reaches? The same runs in both, with several seeds.

    python benchmarks/precision.py --data_dir=FACADES --workdir=runs/precision
    python benchmarks/precision.py --data_dir=FACADES --workdir=runs/float16 --precision=float16 --steps=300

Each row is an ordinary run directory of train.py, `WORKDIR/<precision>-seed<seed>`; finished ones are kept, and one
that was interrupted is resumed. The table shows the last validation of each, and whether the means of the two
precisions are no farther apart than the runs of float32 are from each other.
"""

import os
import statistics
import subprocess
import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.runs import read_metrics

_DATA_DIR = cli.define_path("data_dir", None, "folder of pairs, with train/ and val/", required=True)
_WORKDIR = cli.define_path("workdir", None, "folder of the run directories", required=True)
_PRECISION = flags.DEFINE_enum("precision", "bfloat16", ("bfloat16", "float16"), "what float32 is compared with")
_STEPS = flags.DEFINE_integer("steps", 2000, "steps of each run", lower_bound=1)
_SEEDS = flags.DEFINE_integer("seeds", 3, "runs of each precision", lower_bound=2)
_IMAGE_SIZE = flags.DEFINE_string("image_size", "128", "training size")
_BASE_FILTERS = flags.DEFINE_integer("base_filters", 32, "width of both networks")

TRAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "train.py")
METRICS = {"val_l1": "L1", "val_psnr": "PSNR", "val_ssim": "SSIM"}


def last_validation(precision, seed):
    """Trains a run, or resumes it, and returns the last record of its metrics.jsonl."""
    workdir = os.path.join(_WORKDIR.value, f"{precision}-seed{seed}")
    given = {
        "workdir": workdir,
        "data_dir": os.path.abspath(_DATA_DIR.value),
        "direction": "b_to_a",
        "image_size": _IMAGE_SIZE.value,
        "base_filters": _BASE_FILTERS.value,
        "precision": precision,
        "seed": seed,
        "steps": _STEPS.value,
        "sample_every": _STEPS.value,
        "save_every": 500,
        "validation_images": 1000,
    }
    command = [sys.executable, TRAIN, *(f"--{name}={value}" for name, value in given.items())]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return read_metrics(workdir)[-1]


def main():
    records = {
        precision: [last_validation(precision, seed) for seed in range(_SEEDS.value)]
        for precision in ("float32", _PRECISION.value)
    }
    print(f"{'metric':<8}{'precision':<10}{'seeds':<30}{'mean':>8}{'spread':>8}")
    for metric, title in METRICS.items():
        values = {precision: [row[metric] for row in rows] for precision, rows in records.items()}
        for precision, numbers in values.items():
            each = " ".join(f"{number:.4f}" for number in numbers)
            spread = max(numbers) - min(numbers)
            print(f"{title:<8}{precision:<10}{each:<30}{statistics.fmean(numbers):8.4f}{spread:8.4f}")
        apart = abs(statistics.fmean(values["float32"]) - statistics.fmean(values[_PRECISION.value]))
        spread = max(values["float32"]) - min(values["float32"])
        print(f"{title:<8}means are {apart:.4f} apart: {'within' if apart <= spread else 'beyond'} float32's spread")


if __name__ == "__main__":
    cli.run(main)

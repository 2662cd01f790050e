"""How much memory does training take, and does it stay where it is?

    python benchmarks/memory.py                    # peak for batches of 1, 4 and 16
    python benchmarks/memory.py --soak=5000        # a small run, watched from its first step to its last

Both run the real train.py on toy_facades as a process of its own. The peak is what the system counts as its largest
resident set. The soak reads the resident set at each record of metrics.jsonl, with validations, sample grids and
checkpoints between them; it grows through the first pass over the pairs, which are kept decoded.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.runs import read_metrics

_BATCH_SIZES = flags.DEFINE_list("batch_sizes", ["1", "4", "16"], "batches whose peak is measured")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_SOAK = flags.DEFINE_integer("soak", 0, "steps of a small run to be watched instead")

TRAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "train.py")
PARTS = 10


def start(workdir, *arguments):
    """train.py as a process, which says nothing."""
    command = [sys.executable, TRAIN, f"--workdir={workdir}", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def peak(batch_size, precision):
    """The largest resident set of a short training, in GB."""
    with tempfile.TemporaryDirectory() as workdir:
        process = start(
            workdir,
            "--steps=5",
            f"--batch_size={batch_size}",
            f"--image_size={_IMAGE_SIZE.value}",
            f"--precision={precision}",
            "--validation_images=4",
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit("error: train.py failed; what it said stands above.")
        return usage.ru_maxrss / 2**20


def soak(steps):
    """[(step, resident set in MB)] of a small run, about as often as it writes a record."""
    samples = []
    with tempfile.TemporaryDirectory() as workdir:
        small = ("--image_size=64", "--base_filters=8", "--log_every=10", "--sample_every=500", "--save_every=500")
        process = start(workdir, f"--steps={steps}", *small)
        while process.poll() is None:
            records = read_metrics(workdir)
            if records and records[-1]["step"] > (samples[-1][0] if samples else 0):
                resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
                if resident:
                    samples.append((records[-1]["step"], int(resident[1]) / 2**10))
            time.sleep(0.5)
    return samples


def main():
    if _SOAK.value:
        samples = soak(_SOAK.value)
        print(f"{'step':>6}{'resident, MB':>14}")
        for part in range(1, PARTS + 1):
            step, resident = min(samples, key=lambda sample: abs(sample[0] - _SOAK.value * part / PARTS))
            print(f"{step:6}{resident:14.0f}")
        return
    print(f"{'precision':<11}{'batch':>6}{'peak, GB':>10}")
    for precision in ("float32", "bfloat16"):
        for batch_size in _BATCH_SIZES.value:
            print(f"{precision:<11}{batch_size:>6}{peak(int(batch_size), precision):10.2f}", flush=True)


if __name__ == "__main__":
    cli.run(main)

"""Measures a run on its validation pairs: python -m pix2pix_tf.tools.evaluate --workdir=RUN."""

import json
import os

from absl import flags

from pix2pix_tf import cli

_WORKDIR = flags.DEFINE_string("workdir", None, "run directory", required=True)
_NOISE = flags.DEFINE_bool("noise", True, "dropout on, as in the paper, seeded for each picture")


def main():
    from pix2pix_tf.evaluation import evaluate

    results = evaluate(_WORKDIR.value, noise_seed=0 if _NOISE.value else None)
    path = os.path.join(_WORKDIR.value, "evaluation.json")
    with open(path, "w") as file:
        json.dump(results, file, indent=2)
    for line in markdown(results):
        print(line)
    print(f"\nwritten to {path}")


def markdown(results):
    """The lines of a Markdown table a group of numbers."""
    yield f"{results['pairs']} validation pairs, step {results['step']}, noise {'on' if results['noise'] else 'off'}\n"
    yield "| answer | L1 on [-1, 1] | PSNR, dB | SSIM |"
    yield "|---|---|---|---|"
    for name, row in results["quality"].items():
        yield f"| {name} | {row['l1']:.4f} | {row['psnr']:.2f} | {row['ssim']:.4f} |"
    if "color" in results:
        yield "\n| colour | |"
        yield "|---|---|"
        for name, value in results["color"].items():
            yield f"| {name.replace('_', ' ')} | {value:.4f} |"


if __name__ == "__main__":
    cli.run(main)

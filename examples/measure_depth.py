"""L1 in millimeters of both runs of docs/scientific_images.md, against the same 16-bit targets.

python examples/measure_depth.py FOLDER RUN_OF_16_BITS RUN_OF_8_BITS
"""

import argparse
from pathlib import Path

import numpy as np

from pix2pix_tf import Translator
from pix2pix_tf.array_files import read


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs=2)
    given = parser.parse_args()
    translators = [Translator.load(run) for run in given.runs]
    errors, levels = ([], []), (set(), set())
    for path in sorted((given.folder / "val" / "A").iterdir()):
        target = read(given.folder / "val" / "B" / path.name, translators[0].output).astype(float)
        for translator, error, seen in zip(translators, errors, levels, strict=True):
            output = translator(read(path, translator.input))
            seen.update(output.ravel().tolist())
            if translator.output.dtype == "uint8":  # A level is 256 mm; its middle is the best guess.
                output = 256.0 * output + 128
            error.append(np.abs(output - target).mean())
    for run, error, seen in zip(given.runs, errors, levels, strict=True):
        print(f"{run}: L1 {np.mean(error):.1f} mm, {len(seen)} different values")


if __name__ == "__main__":
    main()

"""L1 in millimeters of both runs of docs/scientific_images.md, against the same 16-bit targets.

python examples/measure_depth.py FOLDER RUN_OF_16_BITS RUN_OF_8_BITS
"""

import glob
import sys

import numpy as np

from pix2pix_tf import Translator, array_files
from pix2pix_tf.sides import RGB


def main():
    folder, *runs = sys.argv[1:]
    translators = [Translator.load(run) for run in runs]
    exact = translators[0].output
    errors, levels = ([], []), (set(), set())
    for path in sorted(glob.glob(f"{folder}/val/A/*.png")):
        target = array_files.read(path.replace("/A/", "/B/"), exact).astype(float)
        for translator, error, seen in zip(translators, errors, levels, strict=True):
            output = translator(array_files.read(path, RGB))
            seen.update(output.ravel().tolist())
            if translator.output.dtype == "uint8":  # A level is 256 mm; its middle is the best guess.
                output = 256.0 * output + 128
            error.append(np.abs(output - target).mean())
    for run, error, seen in zip(runs, errors, levels, strict=True):
        print(f"{run}: L1 {np.mean(error):.1f} mm, {len(seen)} different values")


if __name__ == "__main__":
    main()

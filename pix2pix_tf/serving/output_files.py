"""The files that a server's outputs are written to."""

import itertools
import os
from pathlib import Path

import numpy as np

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import atomic_path


def output_paths(files: list[str], output: str, model_name: str) -> list[str]:
    """Where the output for each image goes.

    Args:
      files: the images.
      output: a folder, for `IMAGE-MODEL.png`, with a number if several images have one name; or a .png file.
      model_name: MODEL in these names.

    Raises:
      UserError: there are several images for one file, or a path exists.
    """
    if output.lower().endswith(".png") and not os.path.isdir(output):
        if len(files) > 1:
            raise UserError(f"--output {output} is one file, but there are {len(files)} images; give a folder.")
        paths = [output]
    else:
        paths = []
        for file in files:
            stem = os.path.join(output, f"{Path(file).stem}-{model_name}")
            candidates = (f"{stem}.png" if number == 1 else f"{stem}-{number}.png" for number in itertools.count(1))
            paths.append(next(path for path in candidates if path not in paths))
    for path in paths:
        if os.path.lexists(path):
            raise UserError(f"{path} exists and is not overwritten; remove it or give another --output.")
    return paths


def write_output(image: np.ndarray, path: str) -> None:
    """Writes uint8 [H, W, 3] to a PNG file that does not exist yet, whole or not at all; UserError if it cannot."""
    if os.path.lexists(path):
        raise UserError(f"{path} cannot be written (File exists); give another --output.")
    with atomic_path(path) as temporary:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        images.save_png(image, temporary)

"""Measures the generator on validation pairs during training."""

import numpy as np
import tensorflow as tf

from pix2pix_tf.display import as_rgb
from pix2pix_tf.grids import GRID_ROWS, sample_grid
from pix2pix_tf.metrics import image_metrics, metrics_in_units
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.tasks import get_task
from pix2pix_tf.translation import at_inference, translate


def make_validation(config, generator, pairs):
    """A function without arguments that measures the pairs → ({`val_l1`, …: mean}, sample grid uint8 [H, W, 3]).

    Of other images than RGB, there are the `metrics_in_units`, too; those of each channel are lists.
    """
    task, sides = get_task(config), (input_side(config), output_side(config))

    @tf.function(autograph=False)
    def measure(source, target):
        output = translate(config, at_inference(config, generator), source[None])
        found = {} if sides[1].is_rgb else metrics_in_units(output, target[None], sides[1])
        return output[0], image_metrics(output, target[None]) | found

    def validate():
        rows, values = [], []
        for source, target in pairs:
            output, numbers = measure(source, target)
            values.append({f"val_{name}": number[0].numpy().tolist() for name, number in numbers.items()})
            if len(rows) < GRID_ROWS:
                row = task.visible(task.condition(source)), output, target
                rows.append([as_rgb(image, config) for image in row])
        means = {name: np.mean([value[name] for value in values], axis=0).tolist() for name in values[0]}
        bars = [(side.low, side.high) if side.channels == 1 else None for side in (*sides, sides[1])]
        return means, sample_grid(rows, bars=bars)

    return validate

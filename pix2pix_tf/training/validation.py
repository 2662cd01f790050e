"""Measures the generator on validation pairs during training."""

import statistics

import tensorflow as tf

from pix2pix_tf.grids import GRID_ROWS, sample_grid
from pix2pix_tf.metrics import image_metrics
from pix2pix_tf.tasks import get_task
from pix2pix_tf.translation import at_inference, translate


def make_validation(config, generator, pairs):
    """A function without arguments that measures the pairs → ({`val_l1`, …: mean}, sample grid uint8 [H, W, 3])."""
    task = get_task(config)

    @tf.function(autograph=False)
    def measure(source, target):
        output = translate(config, at_inference(config, generator), source[None])
        return output[0], image_metrics(output, target[None])

    def validate():
        rows, values = [], []
        for source, target in pairs:
            output, numbers = measure(source, target)
            values.append({f"val_{name}": float(number[0]) for name, number in numbers.items()})
            if len(rows) < GRID_ROWS:
                rows.append((task.visible(task.condition(source)), output, target))
        means = {name: statistics.fmean(value[name] for value in values) for name in values[0]}
        return means, sample_grid(rows)

    return validate

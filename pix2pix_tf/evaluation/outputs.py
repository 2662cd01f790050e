"""The outputs of a run for the pairs of a split, in the data's own values as they are seen and saved."""

import dataclasses

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pix2pix_tf.data.pipeline import read_pair
from pix2pix_tf.sides import output_side
from pix2pix_tf.tasks import get_task


@dataclasses.dataclass(frozen=True)
class SplitOutputs:
    """What a run makes of the pairs of a split, and what it should have made; lists in the order of the split.

    Attributes:
      outputs, targets: [H, W, C] at the run's size, of the dtype and units of the run's output.
      clipped: of each output, the share of pixels whose color RGB cannot show; empty for tasks that clip nothing.
    """

    outputs: list[np.ndarray]
    targets: list[np.ndarray]
    clipped: list[float]


def outputs_of(translator, split, numbers, noise_seed=None) -> SplitOutputs:
    """Runs the generator on some pairs of a split, as many together as in a training step.

    Args:
      translator: the `Translator` of a run; its `inference_statistics` say whether images that are together are
        normalized together.
      split: the `Split`.
      numbers: which pairs.
      noise_seed: dropout is on, as in the paper, and pair i has the noise of (noise_seed, i); None turns it off.
    """
    config, task = translator.config, get_task(translator.config)
    side = output_side(config)
    found = SplitOutputs([], [], [])
    with tqdm(total=len(numbers), unit="image", dynamic_ncols=True, disable=None, leave=False) as bar:
        for start in range(0, len(numbers), config.batch_size):
            batch = numbers[start : start + config.batch_size]
            source, target = (
                tf.stack(part) for part in zip(*(read_pair(config, split, i) for i in batch), strict=True)
            )
            seeds = None if noise_seed is None else [(noise_seed, i) for i in batch]
            raw = translator.generate(source, seeds)
            found.outputs.extend(side.from_network(task.decode(raw, source)).numpy())
            found.targets.extend(side.from_network(target).numpy())
            if task.clipped:
                found.clipped.extend(tf.reduce_mean(tf.cast(task.clipped(raw, source), tf.float32), (1, 2)).numpy())
            bar.update(len(batch))
    return found


def of_another(values: list) -> list:
    """Each image's value given to the one before it, the first one's to the last: what belongs to another image."""
    return [*values[1:], values[0]]

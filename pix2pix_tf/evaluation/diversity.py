"""How much the outputs change with the noise and with the input: the two ways in which a conditional GAN fails.

The paper's generators hardly change with the noise (section 3.1: "minor stochasticity"). A generator whose outputs
hardly change with the input has collapsed to one image.
"""

import itertools

import numpy as np

from pix2pix_tf.evaluation.outputs import outputs_of
from pix2pix_tf.sides import RGB, output_side
from pix2pix_tf.utils.spread import evenly_spread

IMAGES = 20  # at most, spread evenly over the split
SEEDS = 5


def distance(first, second, unit=RGB.unit) -> float:
    """Mean absolute distance on [-1, 1] of two images, in [0, 2]; `unit` is 1 there in their own units."""
    return float(np.mean(np.abs(np.subtract(first, second, dtype=np.float64))) / unit)


def mean_pairwise_distance(images, unit=RGB.unit) -> float:
    """The mean `distance` over all pairs of images in a list of at least two."""
    return float(np.mean([distance(*pair, unit) for pair in itertools.combinations(images, 2)]))


def diversity_report(translator, split, seed=0) -> dict[str, float]:
    """Mean L1 distances, on [-1, 1], between outputs for some inputs x under some noises z.

    Returns:
      `pictures`, `seeds`: how many x, and how many z for each: those of (seed, i), (seed + 1, i), …
      `noise`: between G(x, z) and G(x, z′) for the same x. 0: the noise is ignored.
      `outputs`: between outputs for different x.
      `targets`: between the targets of different x.
      `spread`: `outputs` / `targets`. Near 0: mode collapse. NaN if all targets are the same.
    """
    numbers, unit = evenly_spread(len(split), IMAGES), output_side(translator.config).unit
    found = [outputs_of(translator, split, numbers, seed + k) for k in range(SEEDS)]
    for_same_input = zip(*(one.outputs for one in found), strict=True)
    outputs, targets = (mean_pairwise_distance(x, unit) for x in (found[0].outputs, found[0].targets))
    return {
        "pictures": len(numbers),
        "seeds": SEEDS,
        "noise": float(np.mean([mean_pairwise_distance(group, unit) for group in for_same_input])),
        "outputs": outputs,
        "targets": targets,
        "spread": outputs / targets if targets else float("nan"),
    }

"""How much the answers change with the noise and with the input: the two ways in which a conditional GAN fails.

The paper's generators hardly change with the noise (section 3.1: "minor stochasticity"). A generator whose answers
hardly change with the input has collapsed to one picture.
"""

import itertools

import numpy as np

from pix2pix_tf.evaluation.answers import answer, spread

PICTURES = 20  # at most, spread evenly over the split
SEEDS = 5


def distance(first, second) -> float:
    """Mean absolute distance on [-1, 1] of two uint8 pictures, in [0, 2]."""
    return float(np.mean(np.abs(first.astype(np.int16) - second)) / 127.5)


def mean_pairwise_distance(pictures) -> float:
    """The mean `distance` over all pairs of pictures in a list of at least two."""
    return float(np.mean([distance(*pair) for pair in itertools.combinations(pictures, 2)]))


def diversity_report(translator, split, seed=0) -> dict[str, float]:
    """Mean L1 distances, on [-1, 1], between answers to some inputs x under some noises z.

    Returns:
      `pictures`, `seeds`: how many x, and how many z for each: those of (seed, i), (seed + 1, i), …
      `noise`: between answers G(x, z), G(x, z′) to the same x. 0: the noise is ignored.
      `outputs`: between answers to different x.
      `targets`: between the targets of different x.
      `spread`: `outputs` / `targets`. Near 0: mode collapse. NaN if all targets are the same.
    """
    numbers = spread(split, PICTURES)
    answers = [answer(translator, split, numbers, seed + k) for k in range(SEEDS)]
    to_same_input = zip(*(one.outputs for one in answers), strict=True)
    outputs, targets = (mean_pairwise_distance(x) for x in (answers[0].outputs, answers[0].targets))
    return {
        "pictures": len(numbers),
        "seeds": SEEDS,
        "noise": float(np.mean([mean_pairwise_distance(group) for group in to_same_input])),
        "outputs": outputs,
        "targets": targets,
        "spread": outputs / targets if targets else float("nan"),
    }

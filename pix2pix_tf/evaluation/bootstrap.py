"""How far a mean over images can be trusted."""

import numpy as np

RESAMPLES = 10_000
AT_ONCE = 100  # Many more would take gigabytes for thousands of images.


def mean_and_interval(values, seed=0) -> dict[str, float]:
    """The mean over images with its bootstrap percentile interval of 95 % (Efron 1979).

    As many images are drawn, with replacement, as there are, RESAMPLES times; in 95 % of the draws their mean lies
    between `low` and `high`. It tells what other images of the same kind would have changed, and nothing about
    training anew.

    Args:
      values: [N], one number an image.
      seed: of the draws.

    Returns:
      `mean`, `low` and `high`.
    """
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    means = [
        values[rng.integers(0, len(values), (AT_ONCE, len(values)))].mean(axis=1) for _ in range(RESAMPLES // AT_ONCE)
    ]
    # An observed mean, not one between two: a perfect output has an infinite PSNR.
    low, high = np.percentile(means, [2.5, 97.5], method="inverted_cdf")
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}

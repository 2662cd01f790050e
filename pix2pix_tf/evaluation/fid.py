"""Distances between two sets of features: Fréchet (FID) and kernel (KID). Which features: see `inception`."""

import numpy as np


def frechet_distance(first, second) -> float:
    """The Fréchet distance of the Gaussians fitted to features [N, D] and [M, D] (Heusel et al. 2017, equation 6).

    |m₁ - m₂|² + Tr(C₁ + C₂ - 2 (C₁ C₂)^½). With few images it comes out too large: N of them give a covariance of
    rank N - 1 at most. So compare only values of the same number of images.
    """
    (mean_1, root_1), (mean_2, root_2) = _gaussian(first), _gaussian(second)
    # With C = RᵀR, the eigenvalues of C₁ C₂ are the squared singular values of R₁ R₂ᵀ.
    common = np.linalg.svd(root_1 @ root_2.T, compute_uv=False).sum()
    return float(np.sum((mean_1 - mean_2) ** 2) + np.sum(root_1**2) + np.sum(root_2**2) - 2 * common)


def _gaussian(features):
    """[N, D] → mean [D] and a root R of the covariance C = RᵀR, [min(N, D), D]."""
    mean = features.mean(axis=0)
    return mean, np.linalg.qr((features - mean) / np.sqrt(len(features) - 1), mode="r")


def kernel_distance(first, second) -> float:
    """The squared maximum mean discrepancy of features [N, D] and [M, D], N and M at least 2 (Bińkowski et al. 2018).

    Its kernel is (x·y / D + 1)³. The estimate is unbiased at any number of images, so it may be slightly negative.
    """
    within = [_kernel(features, features) for features in (first, second)]
    means = [(kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1)) for kernel in within]
    return float(sum(means) - 2 * _kernel(first, second).mean())


def _kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3

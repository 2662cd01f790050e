"""The Fréchet distance against closed forms and SciPy, the kernel distance against a double loop."""

import numpy as np
import pytest
import scipy.linalg

from pix2pix_tf.evaluation.fid import frechet_distance, kernel_distance


def features(mean, covariance, count=200):
    """[count, D] with exactly this mean and covariance."""
    rng = np.random.default_rng(0)
    centered = rng.normal(size=(count, len(mean)))
    even = np.linalg.qr(centered - centered.mean(axis=0))[0] * np.sqrt(count - 1)
    return mean + even @ np.linalg.cholesky(covariance).T


def random_covariance(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


def test_features_have_the_mean_and_covariance_that_were_asked_for():
    mean, covariance = np.arange(4.0), random_covariance(np.random.default_rng(1), 4)
    made = features(mean, covariance)
    np.testing.assert_allclose(made.mean(axis=0), mean, atol=1e-12)
    np.testing.assert_allclose(np.cov(made, rowvar=False), covariance)


def test_one_dimension_by_hand():
    # (2 - 7)^2 + (3 - 1)^2 with standard deviations of 3 and 1.
    assert frechet_distance(features([2.0], [[9.0]]), features([7.0], [[1.0]])) == pytest.approx(25 + 4)


def test_diagonal_covariances_have_a_closed_form():
    first = features([1.0, -2.0, 0.5], np.diag([4.0, 1.0, 9.0]))
    second = features([0.0, 2.0, 0.5], np.diag([1.0, 16.0, 0.25]), count=70)
    # 1 + 16 + 0, and (2 - 1)^2 + (1 - 4)^2 + (3 - 0.5)^2.
    assert frechet_distance(first, second) == pytest.approx(17 + 1 + 9 + 6.25)


def test_commuting_covariances_have_a_closed_form():
    rng = np.random.default_rng(1)
    rotation = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    variances, means = rng.uniform(0.1, 5, (2, 7)), rng.normal(size=(2, 7))
    sets = [features(mean, rotation * values @ rotation.T) for mean, values in zip(means, variances, strict=True)]
    expected = np.sum((means[0] - means[1]) ** 2) + np.sum((np.sqrt(variances[0]) - np.sqrt(variances[1])) ** 2)
    assert frechet_distance(*sets) == pytest.approx(expected)


@pytest.mark.parametrize("size", [2, 10, 50])
def test_it_agrees_with_scipys_matrix_root(size):
    rng = np.random.default_rng(size)
    means = rng.normal(size=(2, size))
    first, second = random_covariance(rng, size), random_covariance(rng, size)
    common = np.trace(scipy.linalg.sqrtm(first @ second).real)
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(first) + np.trace(second) - 2 * common
    assert frechet_distance(features(means[0], first), features(means[1], second)) == pytest.approx(expected)


def test_fewer_images_than_features_are_no_obstacle():
    first, second = np.random.default_rng(2).normal(size=(2, 5, 40))
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    eigenvalues = np.linalg.eigvals(covariances[0] @ covariances[1]).real
    common = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    expected = np.sum((first.mean(0) - second.mean(0)) ** 2) + sum(map(np.trace, covariances)) - 2 * common
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_distance_agrees_with_a_double_loop():
    x, y = np.random.default_rng(4).normal(size=(6, 3)), np.random.default_rng(5).normal(1.0, 1.0, size=(4, 3))

    def kernel(first, second):
        return (sum(a * b for a, b in zip(first, second, strict=True)) / 3 + 1) ** 3

    def mean(first, second, different):
        values = [kernel(a, b) for i, a in enumerate(first) for j, b in enumerate(second) if i != j or not different]
        return sum(values) / len(values)

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert kernel_distance(x, y) == pytest.approx(expected)


def test_the_kernel_distance_is_unbiased():
    rng = np.random.default_rng(6)
    values = [kernel_distance(*rng.normal(size=(2, 5, 4))) for _ in range(4000)]
    error = np.std(values) / np.sqrt(len(values))
    assert min(values) < 0
    assert abs(np.mean(values)) < 3 * error

"""L1, PSNR and SSIM of 8-bit images, by hand and against scikit-image, and the rows of their table."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pix2pix_tf.data.split import Split
from pix2pix_tf.evaluation.quality import mean_target, metrics_per_image, quality_table


def flat(value, size=32):
    return np.full((size, size, 3), value, np.uint8)


def test_each_image_agrees_with_scikit_image():
    rng = np.random.default_rng(0)
    targets = list(rng.integers(60, 200, (3, 24, 32, 3), dtype=np.uint8))
    outputs = [np.clip(t + rng.normal(0, 5 * (i + 1), t.shape), 0, 255).astype(np.uint8) for i, t in enumerate(targets)]
    measured = metrics_per_image(outputs, targets)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for i, (output, target) in enumerate(zip(outputs, targets, strict=True)):
        l1 = np.mean(np.abs(output.astype(float) - target)) / 127.5
        assert measured["l1"][i] == pytest.approx(l1, rel=1e-5)
        assert measured["psnr"][i] == pytest.approx(peak_signal_noise_ratio(target, output), rel=1e-5)
        assert measured["ssim"][i] == pytest.approx(
            structural_similarity(output, target, channel_axis=-1, **window), rel=1e-4
        )


def test_the_table_shuffles_outputs_and_knows_the_mean_image():
    images = [flat(value) for value in (51, 102, 204)]
    table = quality_table(images, images, flat(0))
    np.testing.assert_allclose(table["its own input"]["l1"], [0, 0, 0])
    np.testing.assert_allclose(table["its own input"]["psnr"], [np.inf] * 3)
    np.testing.assert_allclose(table["the input of another picture"]["l1"], [0.4, 0.8, 1.2], rtol=1e-5)
    np.testing.assert_allclose(table["mean training image"]["l1"], [0.4, 0.8, 1.6], rtol=1e-5)


def test_mean_target_takes_the_target_side(tiny):
    pairs = [(flat(a), flat(255)) for a in (0, 50)]
    split = Split(["x", "y"], pairs.__getitem__)
    np.testing.assert_array_equal(mean_target(tiny(direction="b_to_a"), split), flat(25))
    np.testing.assert_array_equal(mean_target(tiny(), split), flat(255))


def test_mean_target_reads_a_thousand_images_at_most(tiny):
    read = []
    split = Split([""] * 5000, lambda i: (read.append(i), (flat(0), flat(0)))[1])
    mean_target(tiny(), split)
    assert read == list(range(0, 5000, 5))

"""L1 by hand, PSNR and SSIM against scikit-image."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pix2pix_tf.metrics import image_metrics, metrics_in_units
from pix2pix_tf.sides import Side


def images(noise=0.2):
    """Smooth targets and noisy outputs, float32 [3, 24, 32, 3] in [-1, 1]."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:24, :32]
    phases = rng.uniform(0, 6, (3, 1, 1, 3))
    target = np.sin(rows[..., None] / 5 + phases) * np.cos(columns[..., None] / 7 + phases)
    output = target + noise * np.arange(1, 4).reshape(3, 1, 1, 1) * rng.normal(size=target.shape)
    return np.clip(output, -1, 1).astype(np.float32), target.astype(np.float32)


def ssim_of_wang(output, target):
    """On values in [0, 1], with scikit-image's settings for the formula of Wang et al."""
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return structural_similarity((output + 1) / 2, (target + 1) / 2, data_range=1, channel_axis=-1, **window)


def test_l1_by_hand():
    output, target = np.zeros((2, 11, 11, 3), np.float32), np.zeros((2, 11, 11, 3), np.float32)
    output[0, 3, 4, 1] = 0.5
    target[1] = -1
    np.testing.assert_allclose(image_metrics(output, target)["l1"], [0.5 / 363, 1.0], rtol=1e-6)


def test_psnr_by_hand():
    output = np.full((1, 11, 11, 3), 0.2, np.float32)
    np.testing.assert_allclose(image_metrics(output, np.zeros_like(output))["psnr"], [20.0], rtol=1e-6)


@pytest.mark.parametrize(("name", "reference"), [("psnr", None), ("ssim", ssim_of_wang)])
def test_each_image_agrees_with_scikit_image(name, reference):
    reference = reference or (lambda output, target: peak_signal_noise_ratio(target, output, data_range=2))
    output, target = images()
    expected = [reference(*pair) for pair in zip(output, target, strict=True)]
    np.testing.assert_allclose(image_metrics(output, target)[name], expected, rtol=1e-5)


def test_a_perfect_output():
    _, target = images()
    metrics = image_metrics(target, target)
    np.testing.assert_array_equal(metrics["l1"], [0, 0, 0])
    np.testing.assert_array_equal(metrics["psnr"], [np.inf] * 3)
    np.testing.assert_allclose(metrics["ssim"], [1, 1, 1], rtol=1e-6)


def test_an_output_out_of_range_is_measured_as_it_is_shown():
    _, target = images()
    for value, shown in zip(
        image_metrics(target * 9, target).values(),
        image_metrics(np.clip(target * 9, -1, 1), target).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(value, shown)


def test_units_and_channels_agree_with_numpy_and_scikit_image():
    output, target = images()
    side = Side(3, "float32", 100.0, 500.0)
    found = {name: value.numpy() for name, value in metrics_in_units(output, target, side).items()}
    error = (output.astype(float) - target) * 200
    np.testing.assert_allclose(found["l1_units"], np.abs(error).mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found["rmse_units"], np.sqrt((error**2).mean(axis=(1, 2, 3))), rtol=1e-5)
    np.testing.assert_allclose(found["l1_units_by_channel"], np.abs(error).mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(found["rmse_units_by_channel"], np.sqrt((error**2).mean(axis=(1, 2))), rtol=1e-5)
    for i in range(3):
        for channel in range(3):
            pair = output[i, ..., channel : channel + 1], target[i, ..., channel : channel + 1]
            psnr = peak_signal_noise_ratio(pair[1], pair[0], data_range=2)
            assert found["psnr_by_channel"][i, channel] == pytest.approx(psnr, rel=1e-5)
            assert found["ssim_by_channel"][i, channel] == pytest.approx(ssim_of_wang(*pair), rel=1e-4)
    assert set(metrics_in_units(output[..., :1], target[..., :1], Side(1, "uint16", 0.0, 65535.0))) == {
        "l1_units",
        "rmse_units",
    }

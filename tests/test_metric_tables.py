"""The Markdown of `evaluation.md`."""

import pytest

from pix2pix_tf.evaluation.metric_tables import markdown


@pytest.fixture
def results():
    metrics = {name: {"mean": 0.5, "low": 0.25, "high": 0.75} for name in ("l1", "psnr", "ssim")}
    return {
        "settings": {"workdir": "runs/x", "checkpoint": "best", "split": "val", "noise": True, "seed": 3},
        "run": {"step": 20, "weights": "raw", "pictures": 53, "statistics": "image"},
        "quality": {"its own input": metrics},
        "diversity": {"pictures": 20, "seeds": 5, "noise": 0.01, "outputs": 0.2, "targets": 0.4, "spread": 0.5},
        "config": {"dropout": 0.5, "batch_size": 4},
    }


def test_settings_and_intervals(results):
    lines = markdown(results).splitlines()
    assert lines[0] == "`runs/x`, best checkpoint, step 20."
    assert lines[2] == "53 images of split val, noise on, image statistics, seed 3."
    assert "| output for | L1 on [-1, 1] | PSNR, dB | SSIM |" in lines
    assert "| its own input | 0.5000 (0.2500 to 0.7500) | 0.50 (0.25 to 0.75) | 0.5000 (0.2500 to 0.7500) |" in lines


def test_the_other_settings(results):
    results["settings"]["noise"] = False
    results["run"]["statistics"] = "batch"
    assert markdown(results).splitlines()[2].endswith("noise off, batch statistics of 4, seed 3.")


def test_what_is_not_defined_is_a_dash(results):
    results["quality"]["its own input"]["psnr"] = {"mean": None, "low": 0.25, "high": None}
    results["diversity"]["spread"] = None
    text = markdown(results)
    assert "| – (0.25 to –) |" in text
    assert "| outputs / targets (near 0: mode collapse) | – |" in text


def test_a_run_without_dropout_says_that_it_has_no_noise(results):
    note = "This run has a dropout of 0, and so no noise."
    assert note not in markdown(results).splitlines()
    results["config"]["dropout"] = 0.0
    assert note in markdown(results).splitlines()


def test_the_fcn_score_comes_with_the_classifiers_own(results):
    scores = {"per_pixel": 0.9, "per_class": 0.8, "iou": 0.7}
    results["fcn"] = {"held_out": scores, "rows": {"real photos": scores}}
    lines = markdown(results).splitlines()
    start = lines.index("| FCN-score of | per-pixel accuracy | per-class accuracy | class IOU |")
    assert lines[start + 1 : start + 5] == [
        "|---|---|---|---|",
        "| real photos | 0.9000 | 0.8000 | 0.7000 |",
        "",
        "The classifier on the real photos that were held out when it was trained: per-pixel accuracy 0.9000, "
        "per-class accuracy 0.8000, class IOU 0.7000.",
    ]


def test_label_maps_have_the_same_three_numbers(results):
    results["labels"] = {"outputs": {"per_pixel": 0.9, "per_class": 0.8, "iou": 0.7}}
    lines = markdown(results).splitlines()
    assert "| label maps | per-pixel accuracy | per-class accuracy | class IOU |" in lines
    assert "| outputs | 0.9000 | 0.8000 | 0.7000 |" in lines


def test_colors_of_a_colorization(results):
    results["colors"] = {
        "intersection": {"L": 0.9, "a": 0.5, "b": 0.6},
        "intersection_grey": {"a": 0.2, "b": 0.1},
        "median_lightness_error": 0.073,
        "clipped_to_gamut": 0.0344,
    }
    text = markdown(results)
    assert "| outputs | 0.9000 | 0.5000 | 0.6000 |\n| an all-gray output | – | 0.2000 | 0.1000 |" in text
    assert "Median absolute error of L, in [0, 100]: 0.073." in text
    assert "Pixels clipped to the RGB gamut, which moves their L: 3.4 %." in text


@pytest.mark.parametrize(("count", "few"), [(2048, True), (2049, False)])
def test_fid_of_few_images_has_a_caveat(results, count, few):
    results["run"]["pictures"] = count
    results["fid"] = {"fid": 123.456, "kid": -0.0012}
    text = markdown(results)
    assert "| outputs | 123.46 | -0.0012 |" in text
    assert (f"{count} images are few for the covariance of 2048 features" in text) == few
    assert "Not comparable with values of other Inception networks" in text


def test_averaged_weights_are_named(results):
    results["run"]["weights"] = "ema"
    assert (
        markdown(results).splitlines()[0] == "`runs/x`, best checkpoint, step 20, the running average of its weights."
    )

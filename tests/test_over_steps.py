"""A run against steps, measured by benchmarks/full_length.py: two checkpoints of a tiny network on toy_facades."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import over_steps
import pytest
from grid import grid_strength
from PIL import Image
from untrained_runs import write_run

from pix2pix_tf import Config, Translator, UserError, build_generator, images
from pix2pix_tf.data.pipeline import read_pair
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.evaluation.segmentation import scores
from pix2pix_tf.palettes import palette_of
from pix2pix_tf.runs import save_config

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "full_length.py"
CONFIG = Config(dataset="toy_facades", direction="b_to_a", image_size=32, base_filters=2, dropout=0.0)
STEPS = (100, 300)


@pytest.fixture(scope="module")
def folder(toy_facades, tmp_path_factory):
    """A folder with run/, whose steps are networks of the seeds 100 and 300, and fcn/, a classifier."""
    folder = tmp_path_factory.mktemp("over_steps")
    for step in STEPS:
        write_run(str(folder / "run"), CONFIG.replace(seed=step), step)
    save_config(CONFIG, str(folder / "run"))
    (folder / "fcn").mkdir()
    held_out = {"per_pixel": 0.5, "per_class": 0.25, "iou": 0.125}
    Classifier(palette_of("toy_facades"), width=1, norm=True, held_out=held_out).save(
        str(folder / "fcn"), size=32, steps=1
    )
    return folder


def network(step):
    return build_generator(CONFIG.replace(seed=step), image_size=(None, None))


def measure(folder, *arguments):
    flags = [f"--model={folder}/run", f"--fcn={folder}/fcn", f"--output={folder}/out", *arguments]
    return subprocess.run([sys.executable, SCRIPT, *flags], capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def printed(folder):
    done = measure(folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def results(folder, printed):
    return json.loads((folder / "out.json").read_text())


def photos_of(step, side):
    """The outputs of a step for the validation pairs, or their targets."""
    split, _ = open_splits(CONFIG, "val")
    pairs = [[images.to_uint8(half).numpy() for half in read_pair(CONFIG, split, i)] for i in range(2)]
    if side == "targets":
        return [photo for _, photo in pairs]
    translator = Translator(CONFIG, network(step))
    return [translator(labels) for labels, _ in pairs]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_measured_with_its_own_weights(results, step):
    outputs, targets = np.float32(photos_of(step, "outputs")), np.float32(photos_of(step, "targets"))
    row = results["steps"][str(step)]
    assert row["l1"] == pytest.approx(np.abs(outputs - targets).mean() / 127.5, rel=0.01)
    assert row["grid_2"] == pytest.approx(grid_strength(outputs)[2], rel=0.05)


def test_the_rows_to_compare_with(folder, results):
    assert list(results["compared"]) == ["step 300, outputs for other inputs", "mean training image", "ground truth"]
    other, mean, real = results["compared"].values()
    assert (real["l1"], real["psnr"], real["ssim"]) == (0.0, None, 1.0)
    subject = over_steps.Subject(str(folder / "run"), str(folder / "fcn"))
    targets = subject.outputs(100, range(2)).targets
    assert {period: real[f"grid_{period}"] for period in (2, 4, 8)} == grid_strength(targets)
    expected = scores(subject.classifier.confusion(targets, subject.label_maps))
    assert {name: real[name] for name in expected} == expected
    training = [read_pair(CONFIG, subject.training, i)[1].numpy() for i in range(3)]
    expected = [np.abs(images.to_network(target) - np.mean(training, axis=0)).mean() for target in targets]
    assert mean["l1"] == pytest.approx(np.mean(expected), rel=0.01)
    outputs = photos_of(300, "outputs")
    expected = [np.abs(np.float32(a) - np.float32(b)).mean() for a, b in zip(outputs[::-1], targets, strict=True)]
    assert other["l1"] == pytest.approx(np.mean(expected) / 127.5, rel=0.01)


def test_the_table_says_what_was_measured(folder, printed, results):
    assert printed.endswith((folder / "out.md").read_text())
    assert "2 validation pairs of toy_facades at 32, width 2, float32, noise on. The last step is epoch 100." in printed
    row = results["steps"]["300"]
    assert f"| 300 | {row['l1']:.4f} | {row['psnr']:.2f} | {row['ssim']:.4f} | {row['per_pixel']:.4f} |" in printed
    assert "| ground truth | 0.0000 | – | 1.0000 |" in printed
    assert "per-pixel accuracy 0.5000, per-class accuracy 0.2500, class IOU 0.1250." in printed


def test_the_image_holds_labels_and_outputs_but_no_photo(folder, printed):
    image = np.asarray(Image.open(folder / "out_samples.jpg"))
    assert image.shape[:2] == (18 + 2 * 36 - 4, 3 * 36 - 4)
    first = photos_of(300, "outputs")[0].astype(int)
    assert np.abs(image[18:50, 72:104] - first).mean() < 12  # JPEG
    assert Image.open(folder / "out.png").format == "PNG"


def test_what_is_known_is_not_measured_again(folder, results, monkeypatch):
    subject = over_steps.Subject(str(folder / "run"), str(folder / "fcn"))
    asked = []
    outputs = subject.outputs
    subject.outputs = lambda step, numbers: asked.append(step) or outputs(step, numbers)
    assert over_steps.measure(subject, list(STEPS), str(folder / "out.json")) == results
    assert asked == [300]  # For the rows to compare with.
    subject.classifier.held_out = {"per_pixel": 0.75, "per_class": 0.25, "iou": 0.125}
    over_steps.measure(subject, [100], str(folder / "other.json"))
    assert asked[1:] == [100, 100]


def test_what_is_known_of_a_run_whose_ranges_are_recorded_is_kept(tmp_path):
    config = dataclasses.asdict(CONFIG.replace(input_range=(0, 255)))
    ours = {"config": config, "images": 2, "classifier": None, "steps": {}}
    (tmp_path / "out.json").write_text(json.dumps(ours | {"steps": {"100": dict.fromkeys(over_steps.COLUMNS, 0.5)}}))
    assert over_steps._known_steps(ours, str(tmp_path / "out.json")) == {"100": dict.fromkeys(over_steps.COLUMNS, 0.5)}
    assert over_steps._known_steps(ours | {"images": 3}, str(tmp_path / "out.json")) == {}


@pytest.mark.parametrize("steps", [None, {"100": None}, {"100": {}}, {"100": dict.fromkeys(over_steps.COLUMNS, "x")}])
def test_odd_values_among_what_is_known_are_one_sentence(tmp_path, steps):
    path = tmp_path / "out.json"
    path.write_text(json.dumps({"config": 1, "images": 1, "classifier": 1, "steps": steps}))
    with pytest.raises(UserError, match=rf"^{path} (must hold|holds no) .* ?steps.*; remove it to measure again\.$"):
        over_steps._known_steps({"config": 1, "images": 1, "classifier": 1}, str(path))


def test_a_step_that_was_not_kept(folder):
    with pytest.raises(UserError, match=r"run has kept no step 200; it has 100, 300\.$"):
        over_steps.kept_steps(str(folder / "run"), [100, 200])
    with pytest.raises(UserError, match=r"fcn has no checkpoint in checkpoints/; train there first"):
        over_steps.kept_steps(str(folder / "fcn"), [])

"""Miniatures of the paper's tables: what is compared, what is kept, and what the tables and orderings say."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config, Translator, UserError
from pix2pix_tf.evaluation.outputs import answer, open_splits
from pix2pix_tf.reproduction import planning, report, running
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.reproduction.paper_tables import markdown, orderings

pytest_plugins = ["reproduction_plans"]


# What is compared


L1, CGAN = {"gan_weight": 0.0}, {"reconstruction_weight": 0.0}
NO_SKIPS = {"generator": "encoder_decoder"}
FIGURE_7 = {
    "l1": (L1, (0.81, 0.69, 0.70)),
    "cgan": (CGAN, (0.87, 0.74, 0.84)),
    "l1_cgan": ({}, (0.86, 0.84, 0.82)),
    "patch_1": ({"receptive_field": 1}, (0.83, 0.68, 0.78)),
}
ROWS = {
    "table1": {
        "l1": (L1, (0.42, 0.15, 0.11)),
        "gan": (CGAN | {"conditional": False}, (0.22, 0.05, 0.01)),
        "cgan": (CGAN, (0.57, 0.22, 0.16)),
        "l1_gan": ({"conditional": False}, (0.64, 0.20, 0.15)),
        "l1_cgan": ({}, (0.66, 0.23, 0.17)),
    },
    "table2": {
        "no_skips_l1": (NO_SKIPS | L1, (0.35, 0.12, 0.08)),
        "no_skips_l1_cgan": (NO_SKIPS, (0.29, 0.09, 0.05)),
        "l1": (L1, (0.48, 0.18, 0.13)),
        "l1_cgan": ({}, (0.55, 0.20, 0.14)),
    },
    "table3": {
        "patch_1": ({"receptive_field": 1}, (0.39, 0.15, 0.10)),
        "patch_16": ({"receptive_field": 16}, (0.65, 0.21, 0.17)),
        "l1_cgan": ({}, (0.66, 0.23, 0.17)),
        "patch_286": ({"receptive_field": 286}, (0.42, 0.16, 0.11)),
    },
    "table6": {
        "l1": (L1, (0.86, 0.42, 0.35)),
        "cgan": (CGAN, (0.74, 0.28, 0.22)),
        "l1_cgan": ({}, (0.83, 0.36, 0.29)),
    },
    "figure7": FIGURE_7,
    "figure7_photos": FIGURE_7,
    "figure8": {"l1_cgan": ({}, ())},
    "rgb_vs_lab": {"l1_cgan": ({}, ()), "rgb": ({"task": "colorize_rgb"}, ())},
}
TASKS = {"table6": "to_labels", "figure7": "colorize", "rgb_vs_lab": "colorize"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_rows_are_the_papers(name):
    experiment = EXPERIMENTS[name]
    assert {row: (it.changes, it.paper) for row, it in experiment.rows.items()} == ROWS[name]
    assert experiment.task == TASKS.get(name, "to_photo")
    assert experiment.truth == ((0.80, 0.26, 0.21) if name == "table1" else ())
    assert experiment.needs_classifier == (name in ("table1", "table2", "table3"))


def test_rows_of_one_name_are_one_run_in_all_experiments():
    known = {}
    for experiment in EXPERIMENTS.values():
        for name, row in experiment.rows.items():
            assert known.setdefault((experiment.task, name), row.changes) == row.changes


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_rows_are_configurations(name, plan):
    experiment = EXPERIMENTS[name]
    planning.check(plan(image_size=128), experiment, list(experiment.rows))


# From training to the table


def files(folder):
    return {path.name: path.stat().st_mtime_ns for path in Path(folder).rglob("*") if path.is_file()}


def test_a_table_is_made_kept_and_shared(plan, tmp_path, monkeypatch):
    lines = report.reproduce(plan(seeds=2), "table1", ["l1", "l1_cgan"])
    stored = json.loads((tmp_path / "table1.json").read_text())
    assert (tmp_path / "table1.md").read_text().splitlines() == lines[:-2]
    assert stored["seeds"] == [0, 1] and stored["pictures"] == 2 and stored["data"] == "toy_facades"
    assert list(stored["rows"]) == ["l1", "l1_cgan"]
    for seed in (0, 1):
        for row in ("l1", "l1_cgan"):
            run = tmp_path / f"to_photo-{row}-seed{seed}"
            config = Config.from_json((run / "config.json").read_text())
            assert (config.seed, config.steps, config.gan_weight) == (seed, 2, 0.0 if row == "l1" else 1.0)
            outputs = json.loads((run / "evaluation.json").read_text())["fcn"]["rows"]["outputs"]
            assert stored["rows"][row]["numbers"][seed] == {k: outputs[k] for k in ("per_pixel", "per_class", "iou")}
    classifier = json.loads((tmp_path / "fcn" / "fcn.json").read_text())
    assert stored["classifier"] == classifier and classifier["steps"] == 2
    real = classifier["held_out"]["per_pixel"]
    assert stored["truth"]["numbers"][0]["per_pixel"] == pytest.approx(real)  # The same two photos.
    # Input, two answers, target; two rows; gaps of 4 and a header of 18.
    assert Image.open(tmp_path / "table1.png").size == (4 * 68 - 4, 18 + 2 * 68 - 4)

    before = files(tmp_path / "to_photo-l1-seed0") | files(tmp_path / "fcn")
    monkeypatch.setattr(running, "evaluate", None)
    monkeypatch.setattr(running, "train_classifier", None)
    monkeypatch.setattr(running, "train", None)
    assert report.reproduce(plan(seeds=2), "table1", ["l1", "l1_cgan"]) == lines
    report.reproduce(plan(), "table2", ["l1", "l1_cgan"])
    assert before == files(tmp_path / "to_photo-l1-seed0") | files(tmp_path / "fcn")


def test_the_same_seed_gives_the_same_numbers(plan, tmp_path):
    def pictures(seed):
        report.reproduce(plan(seed=seed), "table6", ["l1_cgan"])
        return json.loads((tmp_path / f"to_labels-l1_cgan-seed{seed}" / "evaluation.json").read_text())["pictures"]

    first, other = pictures(0), pictures(1)
    (tmp_path / "to_labels-l1_cgan-seed0").rename(tmp_path / "away")
    assert pictures(0) == first != other


def test_more_steps_go_on_and_are_measured_anew(plan, tmp_path):
    report.reproduce(plan(), "table6", ["l1"])
    report.reproduce(plan(steps=3), "table6", ["l1"])
    assert json.loads((tmp_path / "to_labels-l1-seed0" / "evaluation.json").read_text())["run"]["step"] == 3


def test_a_run_that_was_told_to_stop_ends_the_table(plan, monkeypatch):
    real = running.train

    def stopped(config, workdir):
        real(config.replace(steps=1), workdir)

    monkeypatch.setattr(running, "train", stopped)
    with pytest.raises(UserError, match=r"to_labels-l1-seed0 was stopped before its last step; the same command goes"):
        report.reproduce(plan(), "table6", ["l1"])


def test_table_6_learns_the_other_direction(plan, tmp_path):
    report.reproduce(plan(), "table6", ["l1"])
    run = tmp_path / "to_labels-l1-seed0"
    assert Config.from_json((run / "config.json").read_text()).direction == "a_to_b"
    stored = json.loads((tmp_path / "table6.json").read_text())
    outputs = json.loads((run / "evaluation.json").read_text())["labels"]["outputs"]
    assert stored["rows"]["l1"]["numbers"] == [{k: outputs[k] for k in ("per_pixel", "per_class", "iou")}]
    assert stored["truth"] is None and not (tmp_path / "fcn").exists()


def test_figure_7_is_of_colorizations(plan, tmp_path):
    report.reproduce(plan(), "figure7", ["l1", "patch_1"])
    stored = json.loads((tmp_path / "figure7.json").read_text())
    for row in ("l1", "patch_1"):
        run = tmp_path / f"colorize-{row}-seed0"
        assert Config.from_json((run / "config.json").read_text()).task == "colorize"
        intersection = json.loads((run / "evaluation.json").read_text())["colors"]["intersection"]
        assert stored["rows"][row]["numbers"] == [intersection]
    assert Image.open(tmp_path / "figure7.png").size == (1440, 444)


def test_figure_7_of_photos_needs_no_classifier(plan, tmp_path):
    report.reproduce(plan(), "figure7_photos", ["l1"])
    intersection = json.loads((tmp_path / "to_photo-l1-seed0" / "evaluation.json").read_text())["colors"][
        "intersection"
    ]
    assert json.loads((tmp_path / "figure7_photos.json").read_text())["rows"]["l1"]["numbers"] == [intersection]
    assert intersection["L"] < 1 and not (tmp_path / "fcn").exists()


def test_figure_8_is_of_twice_the_size(plan, tmp_path):
    report.reproduce(plan(), "figure8", [])
    numbers = json.loads((tmp_path / "figure8.json").read_text())["rows"]["l1_cgan"]["numbers"][0]
    run = Translator.load(str(tmp_path / "to_photo-l1_cgan-seed0"))
    split, _ = open_splits(run.config, "val")
    both = {"enlarged": run, "twice": running.at_twice_the_size(run)}
    answers = {name: answer(translator, split, [0, 1], noise_seed=0) for name, translator in both.items()}
    targets = np.stack(answers["twice"].targets) / 127.5
    assert targets.shape == (2, 128, 128, 3)
    for name in both:
        pictures = [Image.fromarray(output) for output in answers[name].outputs]
        outputs = np.stack([picture.resize((128, 128), Image.Resampling.BILINEAR) for picture in pictures])
        expected = np.abs(outputs / 127.5 - targets).mean()
        assert numbers[f"l1_{name}"] == pytest.approx(expected, abs=1e-3)
    assert abs(numbers["l1_twice"] - numbers["l1_enlarged"]) > 1e-4
    assert Image.open(tmp_path / "figure8.png").size == (4 * 132 - 4, 18 + 2 * 132 - 4)


def test_rgb_against_lab(plan, tmp_path):
    report.reproduce(plan(), "rgb_vs_lab", [])
    tasks = [
        Config.from_json((tmp_path / f"colorize-{row}-seed0" / "config.json").read_text()).task
        for row in ("l1_cgan", "rgb")
    ]
    assert tasks == ["colorize", "colorize_rgb"]
    lab, rgb = (row["numbers"][0] for row in json.loads((tmp_path / "rgb_vs_lab.json").read_text())["rows"].values())
    assert lab["lightness"] < 2 < rgb["lightness"]  # Lab is given L, RGB has to learn it.


# The table's words


def example():
    def row(title, paper, *values):
        numbers = [{"x": value} for value in values]
        return {
            "title": title,
            "paper": paper,
            "numbers": numbers,
            "training_seconds": [60 * v for v in values],
            "config": CONFIG,
        }

    return {
        "title": "Which?",
        "source": "Table 0",
        "data": "drawn",
        "columns": {"x": "score"},
        "given": [],
        "seeds": [0, 1],
        "pictures": 9,
        "classifier": {"width": 2, "steps": 3, "size": 64, "held_out": {"per_pixel": 0.5}},
        "rows": {
            "a": row("A", [0.1], 0.3, 0.4),
            "b": row("B", [0.2], 0.5, 0.6),
            "c": row("C", [0.3], 0.1, 0.2),
            "d": row("D", [0.4], 0.15, 0.9),
        },
        "truth": row("Ground truth", [0.9], 0.95),
    }


CONFIG = {"steps": 7, "batch_size": 1, "image_size": 64, "base_filters": 2, "precision": "float32"}


def test_the_table():
    assert markdown(example())[:13] == [
        "## Which?",
        "",
        "Table 0. On drawn: 7 steps of batch 1 at 64, width 2, float32, seeds 0, 1; 9 validation pictures.",
        "",
        "|  | score | the paper's |",
        "|---|---|---|",
        "| A | 0.350 (0.300 to 0.400) | 0.10 |",
        "| B | 0.550 (0.500 to 0.600) | 0.20 |",
        "| C | 0.150 (0.100 to 0.200) | 0.30 |",
        "| D | 0.525 (0.150 to 0.900) | 0.40 |",
        "| Ground truth | 0.950 | 0.90 |",
        "",
        "Mean over the seeds, and their range in brackets. The steps of a run took 6 to 54 s. "
        "The classifier (width 2, 3 steps at 64) on held-out real photos: per pixel 0.500. "
        "The paper's numbers are on Cityscapes at 256×256 after 200 epochs, with a classifier trained in Caffe: "
        "compare orderings with them, not values.",
    ]


def test_orderings():
    assert orderings(example()) == [
        "Pairs of rows are told apart where the ranges of their seeds do not touch; were all rows equally good, chance "
        "would do that to 33% of them.",
        "",
        "- **score**: 1 of 6 pairs. As in the paper: B over A. The other way round: A over C; B over C. "
        "Not told apart: D and A; D and B; D and C.",
    ]
    assert orderings(example() | {"given": ["x"]})[2:] == []
    assert orderings(example() | {"rows": {"a": example()["rows"]["a"]}}) == []

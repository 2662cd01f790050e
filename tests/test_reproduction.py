"""Miniatures of the paper's tables: what is compared, what is kept, and what the tables and orderings say."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reproduction_plans import plan_in

from pix2pix_tf import Config, Translator, UserError
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.evaluation.outputs import outputs_of
from pix2pix_tf.palettes import palette_of
from pix2pix_tf.presets import PRESETS
from pix2pix_tf.reproduction import planning, running
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.reproduction.paper_tables import markdown, orderings
from pix2pix_tf.reproduction.reproduce import reproduce

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
    assert experiment.ground_truth == ((0.80, 0.26, 0.21) if name == "table1" else ())
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

SCORES = ("per_pixel", "per_class", "iou")


def files(folder):
    return {path.name: path.stat().st_mtime_ns for path in Path(folder).rglob("*") if path.is_file()}


def stored(folder, name):
    """A JSON file of a folder of experiments."""
    return json.loads((folder / f"{name}.json").read_text())


@pytest.fixture
def copied(finished, tmp_path):
    """copied("to_photo-l1-seed0", "fcn"): a folder with copies of these of the finished folders."""

    def copied(*names):
        for name in names:
            shutil.copytree(finished / name, tmp_path / name)
        return tmp_path

    return copied


def test_a_table_is_made_of_runs(finished):
    table = stored(finished, "table1")
    assert table["seeds"] == [0] and table["pictures"] == 2 and table["data"] == "toy_facades"
    assert list(table["rows"]) == ["l1", "l1_cgan"]
    for row, gan_weight in (("l1", 0.0), ("l1_cgan", 1.0)):
        run = finished / f"to_photo-{row}-seed0"
        config = Config.from_json((run / "config.json").read_text())
        assert (config.seed, config.steps, config.gan_weight) == (0, 2, gan_weight)
        outputs = stored(run, "evaluation")["fcn"]["rows"]["outputs"]
        assert table["rows"][row]["numbers"] == [{name: outputs[name] for name in SCORES}]
    classifier = stored(finished / "fcn", "fcn")
    assert table["classifier"] == classifier and classifier["steps"] == 2
    real = classifier["held_out"]["per_pixel"]
    assert table["truth"]["numbers"][0]["per_pixel"] == pytest.approx(real)  # The same two photos.
    # Input, two outputs, target; two rows; gaps of 4 and a header of 18.
    assert Image.open(finished / "table1.png").size == (4 * 36 - 4, 18 + 2 * 36 - 4)


def test_each_seed_is_a_run(finished):
    table = stored(finished, "table2")
    assert table["seeds"] == [0, 1]
    for seed in (0, 1):
        run = finished / f"to_photo-l1-seed{seed}"
        assert Config.from_json((run / "config.json").read_text()).seed == seed
        outputs = stored(run, "evaluation")["fcn"]["rows"]["outputs"]
        assert table["rows"]["l1"]["numbers"][seed] == {name: outputs[name] for name in SCORES}
    first, second = (stored(finished / f"to_photo-l1-seed{seed}", "evaluation")["pictures"] for seed in (0, 1))
    assert first != second


def test_what_is_finished_is_kept_and_shared(copied, monkeypatch):
    folder = copied("to_photo-l1-seed0", "to_photo-l1-seed1", "fcn")
    before = files(folder)
    for name in ("evaluate", "train_classifier", "train"):
        monkeypatch.setattr(running, name, None)
    lines = reproduce(plan_in(folder, seeds=2), "table1", ["l1"])
    assert (folder / "table1.md").read_text().splitlines() == lines[:-2]
    assert reproduce(plan_in(folder, seeds=2), "table1", ["l1"]) == lines
    reproduce(plan_in(folder), "table2", ["l1"])
    assert before.items() <= files(folder).items()


def test_a_run_is_trained_and_the_same_seed_gives_the_same_numbers(plan, tmp_path):
    run = tmp_path / "to_photo-l1-seed0"
    reproduce(plan(), "figure7_photos", ["l1"])
    first = stored(run, "evaluation")
    run.rename(tmp_path / "away")
    reproduce(plan(), "figure7_photos", ["l1"])
    assert stored(run, "evaluation") == first
    config = Config.from_json((run / "config.json").read_text())
    assert (config.seed, config.steps, config.gan_weight, config.deterministic) == (0, 2, 0.0, True)
    assert stored(tmp_path, "figure7_photos")["rows"]["l1"]["numbers"] == [first["colors"]["intersection"]]
    assert first["colors"]["intersection"]["L"] < 1 and not (tmp_path / "fcn").exists()


def test_more_steps_resume_a_run_and_measure_anew(copied):
    folder = copied("to_labels-l1-seed0")
    metrics = folder / "to_labels-l1-seed0" / "metrics.jsonl"
    last = json.loads(metrics.read_text().splitlines()[-1])
    # It died after this line and before its checkpoint, which is what counts.
    metrics.write_text(metrics.read_text() + json.dumps(last | {"step": 3}) + "\n")
    reproduce(plan_in(folder, steps=3), "table6", ["l1"])
    assert stored(folder / "to_labels-l1-seed0", "evaluation")["run"]["step"] == 3


def test_a_run_that_is_stopped_ends_the_table(plan, monkeypatch):
    monkeypatch.setattr(running, "train", lambda config, workdir: None)
    with pytest.raises(
        UserError, match=r"to_labels-l1-seed0 was stopped before its last step; the same command resume"
    ):
        reproduce(plan(), "table6", ["l1"])


def test_a_run_of_other_settings_is_not_taken_for_this_row(finished):
    run = finished / "to_photo-l1-seed0"
    others = [("base_filters", 2, 3), ("image_size", 32, 96), ("precision", "float32", "bfloat16")]
    for field, old, new in [*others, ("learning_rate", 2e-4, 1e-3), ("warmup_steps", 0, 9), ("compile", "none", "xla")]:
        with pytest.raises(UserError) as caught:
            reproduce(plan_in(finished, **{field: new}), "figure7_photos", ["cgan", "l1"])
        assert str(caught.value) == (
            f"{run} was trained with {field}={old!r}, not {new!r}; "
            "give the same settings as then, or another --workdir."
        )
    with pytest.raises(UserError) as caught:
        reproduce(plan_in(finished, steps=1), "figure7_photos", ["l1"])
    assert str(caught.value) == f"{run} is at step 2 already; give --steps=2, or another --workdir."
    assert not (finished / "to_photo-cgan-seed0").exists()


def test_another_classifier_measures_anew(copied):
    folder = copied("to_photo-l1-seed0", "fcn")
    run = folder / "to_photo-l1-seed0"
    before = stored(run, "evaluation")["fcn"]["rows"]["outputs"]
    held_out = dict.fromkeys(SCORES, 0.5)
    other = Classifier(palette_of("toy_facades"), width=2, norm=True, seed=7, held_out=held_out)
    other.save(str(folder / "fcn"), size=32, steps=30)
    reproduce(plan_in(folder), "table1", ["l1"])
    assert stored(run, "evaluation")["fcn"]["rows"]["outputs"] != before
    assert stored(folder, "table1")["classifier"]["steps"] == 30


def test_results_of_an_older_version_are_kept(copied, monkeypatch):
    """Their settings lack what has come since."""
    folder = copied("to_labels-l1-seed0")
    path = folder / "to_labels-l1-seed0" / "evaluation.json"
    results = json.loads(path.read_text())
    del results["settings"]["data_dir"], results["settings"]["layout"]
    results["labels"]["outputs"]["iou"] = 0.123
    path.write_text(json.dumps(results))
    monkeypatch.setattr(running, "evaluate", None)
    reproduce(plan_in(folder), "table6", ["l1"])
    assert stored(folder, "table6")["rows"]["l1"]["numbers"][0]["iou"] == 0.123


@pytest.mark.parametrize(
    "damage",
    [
        {"settings": None},
        {"run": {"step": "2"}},
        {"labels": {"outputs": {"iou": "x"}}},
        {"labels": {"outputs": dict.fromkeys(SCORES)}},
        {"quality": {}},
    ],
)
def test_odd_values_of_an_evaluation_are_one_sentence(copied, damage):
    path = copied("to_labels-l1-seed0") / "to_labels-l1-seed0" / "evaluation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(UserError, match=rf"^{path} (must hold|holds no) .*; remove it to measure again\.$"):
        running.measure(plan_in(path.parents[1]), EXPERIMENTS["table6"], str(path.parent))


@pytest.mark.parametrize("lacking", ["labels", "settings.seed"])
def test_results_that_do_not_fit_are_measured_anew(copied, monkeypatch, lacking):
    path = copied("to_labels-l1-seed0") / "to_labels-l1-seed0" / "evaluation.json"
    results = json.loads(path.read_text())
    results.pop(lacking, results["settings"].update(seed=None))
    path.write_text(json.dumps(results))
    monkeypatch.setattr(running, "evaluate", lambda settings: {"fresh": settings.workdir})
    assert running.measure(plan_in(path.parents[1]), EXPERIMENTS["table6"], str(path.parent)) == {
        "fresh": str(path.parent)
    }


def test_a_preset_may_have_a_shorter_name(finished, monkeypatch):
    monkeypatch.setitem(PRESETS, "toy", PRESETS["toy_facades"] | {"dataset": "toy_facades"})
    running.prepare_classifier(plan_in(finished, dataset="toy"), EXPERIMENTS["table1"], "l1")


def test_table_6_learns_the_other_direction(finished):
    run = finished / "to_labels-l1-seed0"
    assert Config.from_json((run / "config.json").read_text()).direction == "a_to_b"
    outputs = stored(run, "evaluation")["labels"]["outputs"]
    table = stored(finished, "table6")
    assert table["rows"]["l1"]["numbers"] == [{name: outputs[name] for name in SCORES}]
    assert table["truth"] is None and table["classifier"] is None


def test_figure_7_is_of_colorizations(finished):
    run = finished / "colorize-l1_cgan-seed0"
    assert Config.from_json((run / "config.json").read_text()).task == "colorize"
    intersection = stored(run, "evaluation")["colors"]["intersection"]
    assert stored(finished, "figure7")["rows"]["l1_cgan"]["numbers"] == [intersection]
    assert Image.open(finished / "figure7.png").size == (1440, 444)


def test_figure_8_is_of_twice_the_size(finished):
    numbers = stored(finished, "figure8")["rows"]["l1_cgan"]["numbers"][0]
    run = Translator.load(str(finished / "to_photo-l1_cgan-seed0"))
    split, _ = open_splits(run.config, "val")
    both = {"enlarged": run, "twice": running.at_twice_the_size(run)}
    found = {name: outputs_of(translator, split, [0, 1], noise_seed=0) for name, translator in both.items()}
    targets = np.stack(found["twice"].targets) / 127.5
    assert targets.shape == (2, 64, 64, 3)
    for name in both:
        images = [Image.fromarray(output) for output in found[name].outputs]
        outputs = np.stack([image.resize((64, 64), Image.Resampling.BILINEAR) for image in images])
        expected = np.abs(outputs / 127.5 - targets).mean()
        assert numbers[f"l1_{name}"] == pytest.approx(expected, abs=1e-3)
    assert abs(numbers["l1_twice"] - numbers["l1_enlarged"]) > 1e-4
    assert Image.open(finished / "figure8.png").size == (4 * 68 - 4, 18 + 2 * 68 - 4)


def test_rgb_against_lab(finished):
    configs = [(finished / f"colorize-{row}-seed0" / "config.json").read_text() for row in ("l1_cgan", "rgb")]
    assert [Config.from_json(config).task for config in configs] == ["colorize", "colorize_rgb"]
    lab, rgb = (row["numbers"][0] for row in stored(finished, "rgb_vs_lab")["rows"].values())
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
        "Table 0. On drawn: 7 steps of batch 1 at 64, width 2, float32, seeds 0, 1; 9 validation images.",
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

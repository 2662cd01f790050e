"""An experiment from its first training step to its table, figure and JSON file."""

import json
import os

import tensorflow as tf

from pix2pix_tf.evaluation.fcn import read_settings
from pix2pix_tf.reproduction import paper_figures, planning, running
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.reproduction.paper_tables import markdown
from pix2pix_tf.runs import training_seconds
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.console import log


def reproduce(plan: planning.Plan, name: str, chosen: list[str]) -> list[str]:
    """Runs the experiment `name`, or what is left of it, with the `chosen` rows, or all.

    Returns the lines of the table. They are in `WORKDIR/<name>.md`, too, beside `<name>.json` and `<name>.png`.

    Raises:
      UserError: a row or a setting is wrong, the data cannot be used, or a run was stopped.
    """
    experiment = EXPERIMENTS[name]
    names = chosen or list(experiment.rows)
    planning.check(plan, experiment, names)
    tf.config.experimental.enable_op_determinism()  # For the classifier, too.
    if experiment.needs_classifier:
        running.prepare_classifier(plan, experiment, names[0])
    measured = _train_and_measure(plan, experiment, name, names)

    results = _results(plan, experiment, names, measured)
    path = os.path.join(plan.workdir, name)
    lines = markdown(results)
    write_text(f"{path}.json", json.dumps(results, indent=2) + "\n")
    write_text(f"{path}.md", "\n".join(lines) + "\n")
    _draw(plan, experiment, names, measured, f"{path}.png")
    return [*lines, "", f"written to {path}.md, {path}.json and {path}.png"]


def _train_and_measure(plan, experiment, name, rows):
    """{(row, seed): results} of all runs."""
    measured = {}
    for row in rows:
        for seed in planning.seeds_of(plan):
            log(f"{name}: {experiment.rows[row].title}, seed {seed}")
            workdir = running.train_row(plan, experiment, row, seed)
            measured[row, seed] = running.measure(plan, experiment, workdir)
    return measured


def _results(plan, experiment, names, measured):
    """What the JSON file holds: numbers, the paper's beside them, and every setting of every run."""
    seeds = planning.seeds_of(plan)
    rows = {}
    for row in names:
        workdirs = [planning.run_directory(plan, experiment, row, seed) for seed in seeds]
        rows[row] = {
            "title": experiment.rows[row].title,
            "paper": experiment.rows[row].paper,
            "numbers": [running.numbers(experiment, measured[row, seed]) for seed in seeds],
            "training_seconds": [round(training_seconds(workdir), 1) for workdir in workdirs],
            "config": running.configuration(workdirs[0]),
        }
    first = measured[names[0], seeds[0]]
    scores = first["fcn"]["rows"]["real photos"] if experiment.needs_classifier else None
    photos = scores and {column: scores[column] for column in experiment.columns}
    return {
        "title": experiment.title,
        "source": experiment.source,
        "data": plan.given.get("dataset") or os.path.basename(plan.given["data_dir"]),
        "columns": experiment.columns,
        "given": experiment.given,
        "seeds": list(seeds),
        "pictures": first["run"]["pictures"],
        "versions": first["run"]["versions"],
        "palette": plan.palette if experiment.needs_palette else None,
        "classifier": read_settings(plan.fcn) if experiment.needs_classifier else None,
        "rows": rows,
        "truth": {"title": "Ground truth", "paper": experiment.ground_truth, "numbers": [photos]} if photos else None,
    }


def _draw(plan, experiment, names, measured, path):
    """The figure, of the runs of the first seed."""
    seed = planning.seeds_of(plan)[0]
    workdirs = {experiment.rows[row].title: planning.run_directory(plan, experiment, row, seed) for row in names}
    if "l1_twice" in experiment.columns:
        paper_figures.save_sizes(next(iter(workdirs.values())), path)
    elif "L" in experiment.columns:
        paper_figures.save_histograms({experiment.rows[row].title: measured[row, seed] for row in names}, path)
    else:
        paper_figures.save_outputs(workdirs, path)

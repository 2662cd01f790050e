"""An experiment from its first training step to its table, figure and JSON file."""

import json
import os

import tensorflow as tf

from pix2pix_tf.reproduction import figures, planning, running
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.reproduction.tables import markdown
from pix2pix_tf.utils.console import log


def reproduce(plan: planning.Plan, name: str, chosen: list[str]) -> list[str]:
    """Runs an experiment, or what is left of it.

    Args:
      plan: what all rows share.
      name: of the experiment.
      chosen: names of rows; empty for all.

    Returns:
      The lines of the table. They are in `WORKDIR/<name>.md`, too, beside `<name>.json` and `<name>.png`.

    Raises:
      UserError: a row or a setting is wrong, the data cannot be used, or a run was stopped.
    """
    experiment = EXPERIMENTS[name]
    names = chosen or list(experiment.rows)
    planning.check(plan, experiment, names)
    tf.config.experimental.enable_op_determinism()  # For the classifier, too.
    if experiment.needs_classifier:
        running.prepare_classifier(plan, experiment, names[0])
    seeds = planning.seeds_of(plan)
    measured = {}
    for row in names:
        for seed in seeds:
            log(f"{name}: {experiment.rows[row].title}, seed {seed}")
            workdir = running.train_row(plan, experiment, row, seed)
            measured[row, seed] = running.measure(plan, experiment, workdir)

    results = _results(plan, experiment, names, measured)
    path = os.path.join(plan.workdir, name)
    lines = markdown(results)
    for ending, text in (("json", json.dumps(results, indent=2)), ("md", "\n".join(lines))):
        with open(f"{path}.{ending}.tmp", "w") as file:
            file.write(text + "\n")
        os.replace(f"{path}.{ending}.tmp", f"{path}.{ending}")
    _draw(plan, experiment, names, measured, f"{path}.png")
    return [*lines, "", f"written to {path}.md, {path}.json and {path}.png"]


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
            "training_seconds": [round(running.training_seconds(workdir), 1) for workdir in workdirs],
            "config": running.configuration(workdirs[0]),
        }
    first = measured[names[0], seeds[0]]
    real = running.truth_numbers(experiment, first)
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
        "classifier": running.classifier_settings(plan.fcn) if experiment.needs_classifier else None,
        "rows": rows,
        "truth": {"title": "Ground truth", "paper": experiment.truth, "numbers": [real]} if real else None,
    }


def _draw(plan, experiment, names, measured, path):
    """The figure, of the runs of the first seed."""
    seed = planning.seeds_of(plan)[0]
    workdirs = {experiment.rows[row].title: planning.run_directory(plan, experiment, row, seed) for row in names}
    if "l1_twice" in experiment.columns:
        figures.save_sizes(next(iter(workdirs.values())), path)
    elif "L" in experiment.columns:
        figures.save_histograms({experiment.rows[row].title: measured[row, seed] for row in names}, path)
    else:
        figures.save_answers(workdirs, path)

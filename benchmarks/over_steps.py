"""The checkpoints that a run from label maps to photos has kept, measured against steps."""

import dataclasses
import json
import os

import numpy as np
from grid import PERIODS, grid_strength

from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation import labels, quality
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.evaluation.outputs import SplitOutputs, of_another, outputs_of
from pix2pix_tf.evaluation.segmentation import scores
from pix2pix_tf.inference import Translator
from pix2pix_tf.metrics import CLASS_SCORES, IMAGE_METRICS
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.runs import load_config
from pix2pix_tf.training import checkpoint_files, checkpoints
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.console import log
from pix2pix_tf.utils.json_files import ANY, NUMBER, read_json

GRID = {f"grid_{period}": f"grid of {period}" for period in PERIODS}
COLUMNS = {**IMAGE_METRICS, **CLASS_SCORES, **GRID}
_KNOWN = {"steps?": {ANY: dict.fromkeys(COLUMNS, NUMBER | None)}}
DIGITS = {"psnr": 2} | dict.fromkeys(GRID, 2)


def kept_steps(run: str, given: list[int]) -> list[int]:
    """The steps of all checkpoints that a run has kept, rising, or of `given` ones; UserError if one is missing."""
    kept = sorted(checkpoint_files.steps(os.path.join(run, checkpoints.FOLDER)))
    if not kept:
        raise UserError(
            f"{run} has no checkpoint in {checkpoints.FOLDER}/; train there first, or give another --model."
        )
    if missing := set(given) - set(kept):
        raise UserError(f"{run} has kept no step {min(missing)}; it has {', '.join(map(str, kept))}.")
    return sorted(given) or kept


class Subject:
    """The run, its validation pairs, and the classifier, opened and checked."""

    def __init__(self, run: str, fcn: str, data_dir: str | None = None):
        config = load_config(run)
        self.run = run
        self.config = config.replace(data_dir=os.path.abspath(data_dir)) if data_dir else config
        self.split, self.training = open_splits(self.config, "val")
        self.classifier = Classifier.load(fcn)
        labels.check_inputs(self.config, self.split, self.classifier, fcn)
        self.label_maps = labels.class_maps(self.config, self.split, labels.SOURCE, self.classifier.palette)
        self._generator = build_generator(self.config, image_size=(None, None))
        self.translator = Translator(self.config, self._generator)

    def outputs(self, step: int, numbers) -> SplitOutputs:
        """The outputs for some validation pairs, with the paper's noise, of the run at a step."""
        checkpoints.load_generator(self._generator, checkpoints.path_of(self.run, f"step-{step}"))
        return outputs_of(self.translator, self.split, numbers, noise_seed=0)


def measure(subject: Subject, steps: list[int], path: str) -> dict:
    """Measures a run at some steps.

    Args:
      subject: the run.
      steps: of checkpoints that it has kept, rising.
      path: JSON file of the results, which is written after each step; what it holds already is not measured again.

    Returns:
      What the file holds: `steps`, {step: row}, and `compared`, {title: row}, where a row has a value for each of
      COLUMNS, None if it is not finite; the run's `config`, and what else `over_steps_report` says of it.
    """
    results = _new_results(subject)
    known = _known_steps(results, path)
    for step in steps:
        row = known.get(str(step)) or _numbers(subject, *_measured(subject, step))
        results["steps"][str(step)] = row
        log(f"step {step}: " + ", ".join(f"{title} {cell(name, row)}" for name, title in COLUMNS.items()))
        write_text(path, json.dumps(results, indent=2) + "\n")
    results["compared"] = _compared(subject, steps[-1])
    write_text(path, json.dumps(results, indent=2) + "\n")
    return results


def _new_results(subject):
    config = dataclasses.asdict(subject.config)
    return {
        "config": config | {"data_dir": os.path.basename(config["data_dir"])},
        "images": len(subject.split),
        "training_pairs": len(subject.training),
        "classifier": subject.classifier.held_out,
        "steps": {},
    }


def _known_steps(results, path):
    """The rows in the file, if they are of the same settings, data and classifier."""
    known = read_json(path, _KNOWN, "remove it to measure again") if os.path.exists(path) else {}
    ours = json.loads(json.dumps(results))  # JSON knows no tuples.
    same = all(known.get(name) == ours[name] for name in ("config", "images", "classifier"))
    return known.get("steps", {}) if same else {}


def _measured(subject, step):
    found = subject.outputs(step, range(len(subject.split)))
    return found.outputs, found.targets


def _compared(subject, step):
    """Rows to compare those of the steps with; `step` is the last one."""
    outputs, targets = _measured(subject, step)
    mean = quality.mean_target(subject.config, subject.training)
    return {
        f"step {step}, outputs for other inputs": _numbers(subject, of_another(outputs), targets),
        "mean training image": _numbers(subject, [mean] * len(targets), targets),
        "ground truth": _numbers(subject, targets, targets),
    }


def _numbers(subject, outputs, targets):
    """A row: images against their targets and the label maps that they should show."""
    found = {name: values.mean() for name, values in quality.metrics_per_image(outputs, targets).items()}
    found |= scores(subject.classifier.confusion(outputs, subject.label_maps))
    found |= {f"grid_{period}": strength for period, strength in grid_strength(outputs).items()}
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def cell(name: str, row: dict) -> str:
    """The value of a column as it is printed."""
    return "–" if row[name] is None else f"{row[name]:.{DIGITS.get(name, 4)}f}"

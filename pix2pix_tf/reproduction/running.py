"""Trains and measures the rows of an experiment, one after another; what is finished is kept."""

import dataclasses
import gc
import json
import os

import keras
import tensorflow as tf

from pix2pix_tf.config import Config
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation import labels
from pix2pix_tf.evaluation.evaluate import Settings, evaluate
from pix2pix_tf.evaluation.fcn import Classifier, read_settings, train_classifier
from pix2pix_tf.evaluation.outputs import outputs_of
from pix2pix_tf.evaluation.quality import metrics_per_image
from pix2pix_tf.inference import Translator
from pix2pix_tf.metrics import CLASS_SCORES
from pix2pix_tf.palettes import palette_of
from pix2pix_tf.reproduction.experiments import Experiment
from pix2pix_tf.reproduction.planning import OPPOSITE, Plan, fields_of, run_directory
from pix2pix_tf.runs import config_for_run, load_config, new_config
from pix2pix_tf.training.checkpoints import steps_done
from pix2pix_tf.training.loop import train
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.console import log
from pix2pix_tf.utils.json_files import NUMBER, read_json

FCN_BATCH_SIZE = 4
_SCORES = dict.fromkeys(CLASS_SCORES, NUMBER)
_QUALITY = ("l1", "ssim")
_RESULTS = {  # What is used of evaluation.json.
    "settings": dict,
    "run": {"step": int, "pictures": int, "versions": dict},
    "quality": {"its own input": {name: {"mean": NUMBER} for name in _QUALITY}},
    "fcn?": {"held_out": dict, "rows": {"outputs": _SCORES, "real photos": _SCORES}},
    "labels?": {"outputs": _SCORES},
    "colors?": {"intersection": dict.fromkeys("Lab", NUMBER), "median_lightness_error?": NUMBER},
    "histograms?": dict.fromkeys(("outputs", "truth"), dict.fromkeys("Lab", list)),
}


def prepare_classifier(plan: Plan, experiment: Experiment, name: str) -> None:
    """Trains the classifier of the FCN-score on the real photos, unless there is one.

    Raises:
      UserError: it cannot be trained, or the one that is there does not know the label maps' classes.
    """
    config = new_config(fields_of(plan, experiment, name, Config.seed))
    if not (os.path.isdir(plan.fcn) and os.listdir(plan.fcn)):
        log(f"training the classifier of the FCN-score in {plan.fcn}")
        shared = {field: getattr(config, field) for field in ("dataset", "data_dir", "layout", "skip_bad_images")}
        real = Config(
            **shared,
            image_size=config.image_size,
            direction=OPPOSITE[config.direction],
            batch_size=FCN_BATCH_SIZE,
            learning_rate=3e-3,
        )
        train_classifier(real, palette_of(plan.palette), plan.fcn, width=plan.fcn_width, steps=plan.fcn_steps)
        keras.backend.clear_session()
    labels.check_inputs(config, open_splits(config, "val")[0], Classifier.load(plan.fcn), plan.fcn)


def train_row(plan: Plan, experiment: Experiment, name: str, seed: int) -> str:
    """Trains a row's run, or resumes it, and returns its directory; UserError if it was stopped before its end."""
    workdir = run_directory(plan, experiment, name, seed)
    steps = plan.given["steps"]
    if steps_done(workdir) < steps:
        train(config_for_run(workdir, fields_of(plan, experiment, name, seed)), workdir)
        keras.backend.clear_session()
        gc.collect()
    if steps_done(workdir) < steps:
        raise UserError(f"{workdir} was stopped before its last step; the same command resumes it.")
    return workdir


def measure(plan: Plan, experiment: Experiment, workdir: str) -> dict:
    """What `evaluate` measures of a run, kept in its `evaluation.json`; for figure 8 its numbers at both sizes."""
    settings = Settings(
        workdir=workdir,
        palette=plan.palette if experiment.task == "to_labels" else None,
        fcn=plan.fcn if experiment.needs_classifier else None,
    )
    path = os.path.join(workdir, "evaluation.json")
    results = _kept(path, settings, plan.given["steps"])
    if not results:
        log(f"measuring {workdir}")
        results = evaluate(settings)
        write_text(path, json.dumps(results, indent=2))
    if "l1_twice" in experiment.columns:
        results["twice"] = _quality_at_twice_the_size(workdir)
    return results


def _kept(path, settings, step):
    """The results in `path`, if they are of these settings and this step; results with a classifier serve all."""
    if not os.path.exists(path):
        return None
    results = read_json(path, _RESULTS, "remove it to measure again")
    if settings.fcn and results.get("fcn", {}).get("held_out") != read_settings(settings.fcn)["held_out"]:
        return None  # Of a classifier that has been replaced since.
    moved = {"workdir": settings.workdir, "fcn": settings.fcn}  # Folders may have been.
    measured = dataclasses.asdict(Settings("")) | results["settings"] | moved
    has_all = results.keys() >= ({"labels"} if settings.palette else {"colors", "histograms"})
    return results if has_all and measured == dataclasses.asdict(settings) and results["run"]["step"] == step else None


def at_twice_the_size(run: Translator) -> Translator:
    """The same generator for images of twice the height and width."""
    height, width = run.config.size
    return Translator(
        run.config.replace(image_size=f"{2 * height}x{2 * width}", jitter_size=0), run.generator, run.step
    )


def enlarged(images, size) -> list:
    """uint8 images, resized bilinearly to (height, width)."""
    return [tf.cast(tf.round(tf.image.resize(image, size)), tf.uint8).numpy() for image in images]


def _quality_at_twice_the_size(workdir):
    """Outputs at the run's own size, enlarged, and outputs at twice that size, against the same larger targets."""
    run = Translator.load(workdir)
    larger = at_twice_the_size(run)
    split, _ = open_splits(larger.config, "val")
    at_both = {
        name: outputs_of(translator, split, range(len(split)), noise_seed=0)
        for name, translator in (("enlarged", run), ("twice", larger))
    }
    quality = {}
    for name, found in at_both.items():
        metrics = metrics_per_image(enlarged(found.outputs, larger.config.size), at_both["twice"].targets)
        quality |= {f"{metric}_{name}": float(values.mean()) for metric, values in metrics.items()}
    return quality


def numbers(experiment: Experiment, results: dict) -> dict[str, float]:
    """{column: value} of a run, from what `measure` returned."""
    found = {name: results["quality"]["its own input"][name]["mean"] for name in _QUALITY}
    found |= results.get("twice", {})
    found |= results.get("colors", {}).get("intersection", {})
    found["lightness"] = results.get("colors", {}).get("median_lightness_error")
    if "fcn" in results:
        found |= results["fcn"]["rows"]["outputs"]
    if "labels" in results:
        found |= results["labels"]["outputs"]
    return {column: found[column] for column in experiment.columns}


def configuration(workdir: str) -> dict:
    """All settings of a run; of its data's folder the name alone, for its place is that of one machine."""
    settings = dataclasses.asdict(load_config(workdir))
    return settings | {"data_dir": os.path.basename(settings["data_dir"])}

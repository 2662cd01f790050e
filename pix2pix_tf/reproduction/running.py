"""Trains and measures the rows of an experiment, one after another; what is finished is kept."""

import dataclasses
import gc
import json
import os

import keras

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation.answers import answer, open_splits
from pix2pix_tf.evaluation.fcn import SETTINGS_FILE, train_classifier
from pix2pix_tf.evaluation.quality import picture_metrics
from pix2pix_tf.evaluation.report import Settings, evaluate
from pix2pix_tf.inference import Translator
from pix2pix_tf.palettes import palette_of
from pix2pix_tf.reproduction.experiments import Experiment, fixed_fields
from pix2pix_tf.runs import config_for_run, load_config
from pix2pix_tf.training.loop import train
from pix2pix_tf.training.reporting import read_metrics, say

FCN_BATCH_SIZE = 4
OPPOSITE = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all rows of an experiment share.

    Attributes:
      workdir: the folder of the run directories.
      given: `Config` fields that the user set; `direction` leads from label maps to photos.
      seeds: how many runs each row has, with the seeds from that of `given` upwards.
      palette: data set in whose colours the label maps are.
      fcn: folder of the classifier; it is trained there if there is none.
      fcn_width, fcn_steps: of the classifier, if it is trained here.
    """

    workdir: str
    given: dict
    seeds: int
    palette: str
    fcn: str
    fcn_width: int
    fcn_steps: int


def run_directory(plan: Plan, experiment: Experiment, name: str, seed: int) -> str:
    """Where a row's run stands: `WORKDIR/to_photo-l1_cgan-seed0`."""
    return os.path.join(plan.workdir, f"{experiment.task}-{name}-seed{seed}")


def seeds_of(plan: Plan) -> range:
    """The seeds of the runs of each row."""
    first = plan.given.get("seed", Config.seed)
    return range(first, first + plan.seeds)


def check(plan: Plan, experiment: Experiment, names: list[str]) -> None:
    """Raises UserError if a row, its configuration or the palette would be refused, before hours of work begin."""
    if unknown := [name for name in names if name not in experiment.rows]:
        raise UserError(f"There is no row {unknown[0]!r}; the rows are {', '.join(experiment.rows)}.")
    if clashes := sorted(fixed_fields(experiment) & plan.given.keys()):
        raise UserError(f"{clashes[0]} is what the rows of this experiment decide; leave --{clashes[0]} out.")
    if plan.given.get("steps", Config.steps) == Config.steps:
        raise UserError("Give --steps, which is how long each row is trained.")
    for name in names:
        Config(**_fields(plan, experiment, name, seeds_of(plan)[0]))
    if "iou" in experiment.columns:
        palette_of(plan.palette)


def _fields(plan, experiment, name, seed):
    """The fields of Config that a row's run is given."""
    given = {"deterministic": True, "sample_every": plan.given["steps"], **plan.given}
    given |= experiment.rows[name].changes | {"seed": seed}
    if experiment.task == "to_labels":
        given["direction"] = OPPOSITE[given["direction"]]
    if experiment.task == "colorize":
        given.setdefault("task", "colorize")
    return given


def train_row(plan: Plan, experiment: Experiment, name: str, seed: int) -> str:
    """Trains a row's run, or goes on with it, and returns its directory; UserError if it was told to stop."""
    workdir = run_directory(plan, experiment, name, seed)
    steps = plan.given["steps"]
    if _steps_done(workdir) < steps:
        train(config_for_run(workdir, _fields(plan, experiment, name, seed)), workdir)
        keras.backend.clear_session()
        gc.collect()
    if _steps_done(workdir) < steps:
        raise UserError(f"{workdir} was stopped before its last step; the same command goes on there.")
    return workdir


def _steps_done(workdir):
    records = read_metrics(workdir)
    return records[-1]["step"] if records else 0


def classifier_for(plan: Plan) -> str:
    """The folder of the classifier of the FCN-score, which is trained on the real photos if it is not there yet."""
    if not os.path.isfile(os.path.join(plan.fcn, SETTINGS_FILE)):
        say(f"training the classifier of the FCN-score in {plan.fcn}")
        names = {"dataset", "data_dir", "layout", "image_size", "direction", "skip_bad_images"}
        shared = {name: value for name, value in plan.given.items() if name in names}
        shared["direction"] = OPPOSITE[shared["direction"]]
        config = Config(**shared, batch_size=FCN_BATCH_SIZE, learning_rate=3e-3)
        train_classifier(config, palette_of(plan.palette), plan.fcn, width=plan.fcn_width, steps=plan.fcn_steps)
        keras.backend.clear_session()
    return plan.fcn


def measure(plan: Plan, experiment: Experiment, workdir: str) -> dict:
    """What `evaluate` measures of a run, kept in its `evaluation.json`; for figure 8 its numbers at both sizes."""
    labels = plan.palette if experiment.task == "to_labels" else None
    needs_fcn = experiment.task == "to_photo" and "iou" in experiment.columns
    settings = Settings(workdir=workdir, palette=labels, fcn=classifier_for(plan) if needs_fcn else None)
    path = os.path.join(workdir, "evaluation.json")
    results = _kept(path, settings, plan.given["steps"])
    if not results:
        say(f"measuring {workdir}")
        results = evaluate(settings)
        with open(path + ".tmp", "w") as file:
            json.dump(results, file, indent=2)
        os.replace(path + ".tmp", path)
    if "l1_twice" in experiment.columns:
        results["twice"] = _quality_at_twice_the_size(workdir)
    return results


def _kept(path, settings, step):
    """The results in `path`, if they are of these settings and this step; results with a classifier serve all."""
    if not os.path.exists(path):
        return None
    with open(path) as file:
        results = json.load(file)
    wanted = dataclasses.asdict(settings)
    if wanted["fcn"] is None:
        wanted["fcn"] = results["settings"]["fcn"]
    return results if results["settings"] == wanted and results["run"]["step"] == step else None


def at_twice_the_size(run: Translator) -> Translator:
    """The same generator for pictures of twice the height and width."""
    height, width = run.config.size
    return Translator(
        run.config.replace(image_size=f"{2 * height}x{2 * width}", jitter_size=0), run.generator, run.step
    )


def _quality_at_twice_the_size(workdir):
    larger = at_twice_the_size(Translator.load(workdir))
    split, _ = open_splits(larger.config, "val")
    answers = answer(larger, split, range(len(split)), noise_seed=0)
    metrics = picture_metrics(answers.outputs, answers.targets)
    return {name: float(values.mean()) for name, values in metrics.items()}


def numbers(experiment: Experiment, results: dict) -> dict[str, float]:
    """{column: value} of a run, from what `measure` returned."""
    quality = {name: value["mean"] for name, value in results["quality"]["its own input"].items()}
    found = quality | {f"{name}_twice": value for name, value in results.get("twice", {}).items()}
    found |= results.get("colors", {}).get("intersection", {})
    found["lightness"] = results.get("colors", {}).get("median_lightness_error")
    if "fcn" in results:
        found |= results["fcn"]["rows"]["outputs"]
    if "labels" in results:
        found |= results["labels"]["outputs"]
    return {column: found[column] for column in experiment.columns}


def truth_numbers(experiment: Experiment, results: dict) -> dict[str, float] | None:
    """{column: value} of the real photos, where the experiment has such a row."""
    if "fcn" not in results or "iou" not in experiment.columns:
        return None
    return {column: results["fcn"]["rows"]["real photos"][column] for column in experiment.columns}


def classifier_settings(results: dict) -> dict:
    """What the classifier that gave the scores in `results` says of itself: width, steps, scores on real photos."""
    with open(os.path.join(results["settings"]["fcn"], SETTINGS_FILE)) as file:
        return json.load(file)


def training_seconds(workdir: str) -> float:
    """How long the steps of a run took, without validation and checkpoints."""
    seconds, before = 0.0, 0
    for record in read_metrics(workdir):
        seconds += (record["step"] - before) * record["seconds_per_step"]
        before = record["step"]
    return seconds


def configuration(workdir: str) -> dict:
    """All settings of a run."""
    return dataclasses.asdict(load_config(workdir))

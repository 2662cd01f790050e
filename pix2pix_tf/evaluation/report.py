"""All numbers of a run in one call."""

import dataclasses
import math
import platform

import keras
import numpy as np
import tensorflow as tf

import pix2pix_tf
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation import colors, inception, labels, quality
from pix2pix_tf.evaluation.answers import answer, open_splits
from pix2pix_tf.evaluation.bootstrap import mean_and_interval
from pix2pix_tf.evaluation.diversity import diversity_report
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.evaluation.segmentation import scores
from pix2pix_tf.inference import Translator
from pix2pix_tf.tasks import get_task


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
      workdir: the run directory.
      checkpoint: the "latest", or the "best", which training with `eval_every` keeps.
      split: "train", "val", or the name of another split of the data; all of its pairs are taken.
      noise: whether dropout is on, as in the paper; picture i has the noise of (seed, i).
      statistics: of the norm layers, "image" or "batch"; None for the run's own.
      seed: of the noise and of the bootstrap.
      fcn: folder of a trained classifier, for the FCN-score of a run from label maps to photos.
      palette: data set whose class colors the targets have, for a run from photos to label maps; None for the
        run's own data set, if the targets have its colors.
      fid: whether FID and KID are measured.
      inception_weights: file for them; None for the one where Keras keeps its own.
    """

    workdir: str
    checkpoint: str = "latest"
    split: str = "val"
    noise: bool = True
    statistics: str | None = None
    seed: int = 0
    fcn: str | None = None
    palette: str | None = None
    fid: bool = False
    inception_weights: str | None = None


def evaluate(settings: Settings) -> dict:
    """Measures a run.

    Returns:
      What `evaluation.json` holds. `settings`, `run`, `quality` and `diversity`; `labels` if the targets are label maps
      of a palette, else `colors`; `fcn` and `fid` if asked for. Behind these the bulk: the run's `config`,
      `histograms` and `confusion` as the figure shows them, and the numbers of each of the `pictures`. What is
      not defined or not finite is None.

    Raises:
      UserError: the run, the split, the classifier or a weights file is missing, or of no use for this run.
    """
    translator = _translator(settings)
    config = translator.config
    split, training = open_splits(config, settings.split)
    # Whatever a user may have mistaken is looked at before the work begins.
    if len(split) < 2:
        raise UserError(
            f"Split {settings.split} has {len(split)} pair, but an evaluation compares pairs with each other and needs "
            "at least 2; add pairs or give another --split."
        )
    classifier = Classifier.load(settings.fcn) if settings.fcn else None
    if classifier:
        labels.check_inputs(config, split, classifier, settings.fcn)
    palette = labels.palette_of_targets(config, split, settings.palette)
    network = inception.load_inception(settings.inception_weights) if settings.fid else None

    answers = answer(translator, split, range(len(split)), settings.seed if settings.noise else None)
    table = quality.quality_table(answers.outputs, answers.targets, quality.mean_target(config, training))
    results = {
        "settings": dataclasses.asdict(settings),
        "run": {
            "step": translator.step,
            "pictures": len(split),
            "statistics": config.inference_statistics,
            "versions": _versions(),
        },
        "quality": {
            row: {name: mean_and_interval(values, settings.seed) for name, values in metrics.items()}
            for row, metrics in table.items()
        },
        "diversity": diversity_report(translator, split, settings.seed),
    }
    bulk = {"config": dataclasses.asdict(config)}
    if palette:
        truth = labels.class_maps(config, split, labels.TARGET, palette)
        confusions = labels.label_confusions(palette, answers.outputs, truth)
        results["labels"] = _scores(confusions)
        bulk["confusion"] = _for_figure(palette, confusions, confusions)
    else:
        bulk["histograms"] = {
            "outputs": colors.lab_histograms(answers.outputs),
            "truth": colors.lab_histograms(answers.targets),
        }
        results["colors"] = _color_report(config, answers, **bulk["histograms"])
    if classifier:
        truth = labels.class_maps(config, split, labels.SOURCE, classifier.palette)
        confusions = labels.fcn_confusions(classifier, answers.outputs, answers.targets, truth)
        results["fcn"] = {"held_out": classifier.held_out, "rows": _scores(confusions)}
        bulk["confusion"] = _for_figure(classifier.palette, confusions, ["real photos", "outputs"])
    if network:
        results["fid"] = inception.distances(network, answers.outputs, answers.targets)
    own = table["its own input"]
    bulk["pictures"] = [
        {"name": name, **{metric: values[i] for metric, values in own.items()}} for i, name in enumerate(split.names)
    ]
    return _plain(results | bulk)


def _scores(confusions):
    return {row: scores(confusion) for row, confusion in confusions.items()}


def _for_figure(palette, confusions, rows):
    return {"classes": palette.names, "rows": {row: confusions[row] for row in rows}}


def _translator(settings):
    """The run's generator, with the statistics that were asked for."""
    run = Translator.load(settings.workdir, settings.checkpoint)
    statistics = settings.statistics or run.config.inference_statistics
    return Translator(run.config.replace(inference_statistics=statistics), run.generator, run.step)


def _versions():
    packages = {"pix2pix_tf": pix2pix_tf, "tensorflow": tf, "keras": keras, "numpy": np}
    return {"python": platform.python_version()} | {name: package.__version__ for name, package in packages.items()}


def _color_report(config, answers, outputs, truth):
    """The intersections; for tasks that are given the picture without its colors, what became of these."""
    report = {"intersection": colors.intersections(outputs, truth)}
    if get_task(config).input_channels == 1:
        report["intersection_grey"] = colors.gray_intersections(truth)
        report["median_lightness_error"] = colors.median_lightness_error(answers.outputs, answers.targets)
    if answers.clipped:
        report["clipped_to_gamut"] = np.mean(answers.clipped)
    return report


def _plain(value):
    """The same of what JSON knows: no arrays, and None for NaN and Inf."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value

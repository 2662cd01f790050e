"""All numbers of a run in one call."""

import dataclasses
import math
import platform

import keras
import numpy as np
import tensorflow as tf

import pix2pix_tf
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.data.split import Split
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation import inception, lab_histograms, labels, quality
from pix2pix_tf.evaluation.bootstrap import mean_and_interval
from pix2pix_tf.evaluation.diversity import diversity_report
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.evaluation.outputs import outputs_of
from pix2pix_tf.evaluation.segmentation import scores
from pix2pix_tf.inference import Translator
from pix2pix_tf.palettes import Palette
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.spread import evenly_spread

VALUE_BINS = 64


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
      workdir: the run directory.
      checkpoint: the "latest", "step-N", or the "best", which training with `eval_every` keeps.
      weights: "ema", "raw" or "auto" (see `Translator.load`).
      split: "train", "val", or the name of another split of the data.
      limit: how many of its pairs are measured, evenly chosen; 0 for all.
      noise: whether dropout is on, as in the paper; image i has the noise of (seed, i).
      statistics: of the norm layers, "image" or "batch"; None for the run's own.
      seed: of the noise and of the bootstrap.
      fcn: folder of a trained classifier, for the FCN-score of a run from label maps to photos.
      palette: data set whose class colors the targets have, for a run from photos to label maps; None for the
        run's own data set, if the targets have its colors.
      fid: whether FID and KID are measured.
      inception_weights: file for them; None for the one where Keras keeps its own.
      data_dir, layout: other pairs to measure on, or the run's own that have moved; None for what the run names.
    """

    workdir: str
    checkpoint: str = "latest"
    weights: str = "auto"
    split: str = "val"
    limit: int = 0
    noise: bool = True
    statistics: str | None = None
    seed: int = 0
    fcn: str | None = None
    palette: str | None = None
    fid: bool = False
    inception_weights: str | None = None
    data_dir: str | None = None
    layout: str | None = None


def evaluate(settings: Settings) -> dict:
    """Measures a run.

    Returns:
      What `evaluation.json` holds. `settings`, `run`, `quality` and `diversity`; `labels` if the targets are label maps
      of a palette, else `colors`, or for other images than RGB what the `output` is and the numbers of its `channels`;
      `fcn` and `fid` if asked for. Behind these the bulk: the run's `config`, `histograms`, `values` and `confusion` as
      the figure shows them, and the numbers of each of the `pictures`. What is not defined or not finite is None.

    Raises:
      UserError: the run, the split, the classifier or a weights file is missing, or of no use for this run.
    """
    subject = _open(settings)
    split, seed = subject.split, settings.seed
    found = outputs_of(subject.translator, split, range(len(split)), seed if settings.noise else None)
    side = subject.translator.output
    mean = quality.mean_target(subject.translator.config, subject.training)
    table = quality.quality_table(found.outputs, found.targets, mean, side)
    results = {
        "settings": dataclasses.asdict(settings),
        "run": _run_report(subject),
        "quality": {
            row: {name: mean_and_interval(values, seed) for name, values in metrics.items() if values.ndim == 1}
            for row, metrics in table.items()
        },
        "diversity": diversity_report(subject.translator, split, seed),
    }
    bulk = {"config": dataclasses.asdict(subject.translator.config)}
    if not side.is_rgb:
        results["channels"] = _by_channel(table["its own input"], side.channels, seed)
    add = _add_label_scores if subject.palette else _add_colors if side.is_rgb else _add_values
    add(results, bulk, subject, found)
    if subject.classifier:
        _add_fcn_score(results, bulk, subject, found)
    if subject.inception:
        results["fid"] = inception.distances(subject.inception, found.outputs, found.targets)
    bulk["pictures"] = _each_image(split.names, table["its own input"])
    return _plain(results | bulk)


@dataclasses.dataclass(frozen=True)
class _Subject:
    """What is measured, opened and checked: the run, the pairs, and what else the settings ask for."""

    translator: Translator
    split: Split
    training: Split
    classifier: Classifier | None
    palette: Palette | None
    inception: keras.Model | None


def _open(settings) -> _Subject:
    """Opens all that the settings name; whatever a user may have mistaken is found before the work begins."""
    translator = _translator(settings)
    config = translator.config
    split, training = open_splits(config, settings.split)
    split = split.part(evenly_spread(len(split), settings.limit or len(split)))
    if len(split) < 2:
        raise UserError(
            f"Split {settings.split} has {len(split)} pair, but an evaluation compares pairs with each other and needs "
            "at least 2; add pairs, or give another --split or --limit."
        )
    is_rgb = translator.input.is_rgb and translator.output.is_rgb
    if (settings.fcn or settings.palette or settings.fid) and not is_rgb:
        raise UserError(
            "--fcn, --palette and --fid are for RGB of 8 bits, but this run has other images; leave them out."
        )
    classifier = Classifier.load(settings.fcn) if settings.fcn else None
    if classifier:
        labels.check_inputs(config, split, classifier, settings.fcn)
    palette = labels.palette_of_targets(config, split, settings.palette) if is_rgb else None
    network = inception.load_inception(settings.inception_weights) if settings.fid else None
    return _Subject(translator, split, training, classifier, palette, network)


def _translator(settings):
    """The run's generator, with the statistics and for the data that were asked for."""
    run = Translator.load(settings.workdir, settings.checkpoint, weights=settings.weights)
    changes = {"inference_statistics": settings.statistics, "data_dir": settings.data_dir, "layout": settings.layout}
    config = run.config.replace(**{name: value for name, value in changes.items() if value})
    return Translator(config, run.generator, run.step, weights=run.weights)


def _run_report(subject):
    packages = {"pix2pix_tf": pix2pix_tf, "tensorflow": tf, "keras": keras, "numpy": np}
    return {
        "step": subject.translator.step,
        "weights": subject.translator.weights,
        "pictures": len(subject.split),
        "statistics": subject.translator.config.inference_statistics,
        "versions": {
            "python": platform.python_version(),
            **{name: package.__version__ for name, package in packages.items()},
        },
    }


def _by_channel(metrics, channels, seed):
    """A row of means and intervals for each of several channels."""
    named = {name.removesuffix("_by_channel"): values for name, values in metrics.items() if values.ndim == 2}
    rows = [{name: mean_and_interval(values[:, i], seed) for name, values in named.items()} for i in range(channels)]
    return rows if named else []


def _add_values(results, bulk, subject, found):
    """How often values occur in outputs and targets, for each channel."""
    side = subject.translator.output
    edges = np.linspace(side.low, side.high, VALUE_BINS + 1, dtype=np.float32)  # As outputs are: their ends are in.
    results["output"] = {"channels": side.channels, "dtype": side.dtype, "low": side.low, "high": side.high}
    bulk["values"] = {"edges": edges} | {
        name: [np.histogram(np.stack([image[..., i] for image in images]), edges)[0] for i in range(side.channels)]
        for name, images in (("outputs", found.outputs), ("truth", found.targets))
    }


def _add_label_scores(results, bulk, subject, found):
    """How well label maps that were made from photos show the classes."""
    targets = labels.class_maps(subject.translator.config, subject.split, labels.TARGET, subject.palette)
    confusions = labels.label_confusions(subject.palette, found.outputs, targets)
    results["labels"] = _scores(confusions)
    bulk["confusion"] = _for_figure(subject.palette, confusions, confusions)


def _add_colors(results, bulk, subject, found):
    """The histograms of L, a and b, and how much outputs and targets have in common.

    For tasks that see the image without its colors, also what became of these.
    """
    outputs, targets = (lab_histograms.lab_histograms(images) for images in (found.outputs, found.targets))
    bulk["histograms"] = {"outputs": outputs, "truth": targets}
    results["colors"] = report = {"intersection": lab_histograms.intersections(outputs, targets)}
    if not get_task(subject.translator.config).sees_color:
        report["intersection_grey"] = lab_histograms.gray_intersections(targets)
        report["median_lightness_error"] = lab_histograms.median_lightness_error(found.outputs, found.targets)
    if found.clipped:
        report["clipped_to_gamut"] = np.mean(found.clipped)


def _add_fcn_score(results, bulk, subject, found):
    """What the classifier of real photos reads in the outputs, against the label maps that they were made from."""
    classifier = subject.classifier
    label_maps = labels.class_maps(subject.translator.config, subject.split, labels.SOURCE, classifier.palette)
    confusions = labels.fcn_confusions(classifier, found.outputs, found.targets, label_maps)
    results["fcn"] = {"held_out": classifier.held_out, "rows": _scores(confusions)}
    bulk["confusion"] = _for_figure(classifier.palette, confusions, ["real photos", "outputs"])


def _scores(confusions):
    return {row: scores(confusion) for row, confusion in confusions.items()}


def _for_figure(palette, confusions, rows):
    return {"classes": palette.names, "rows": {row: confusions[row] for row in rows}}


def _each_image(names, metrics):
    return [{"name": name, **{metric: values[i] for metric, values in metrics.items()}} for i, name in enumerate(names)]


def _plain(value):
    """The same of what JSON knows: no arrays, and None for NaN and Inf."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Scores by the classes that pixels show: the FCN-score (paper, section 4.1) and photo → labels (Table 6)."""

import dataclasses

import numpy as np
import tensorflow as tf

from pix2pix_tf import augment
from pix2pix_tf.data.sources import source_and_target
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation.outputs import of_another
from pix2pix_tf.evaluation.segmentation import confusion_matrix
from pix2pix_tf.palettes import LEAST_LIKENESS, known_palette, palette_of
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.utils.console import warn
from pix2pix_tf.utils.spread import evenly_spread

SOURCE, TARGET = 0, 1
LOOK_AT = 20  # pairs, to tell label maps from photos


def shows_classes(config, split, side, palette) -> bool:
    """Whether one side, SOURCE or TARGET, of a split's pairs holds label maps in the colors of a palette."""
    pairs = (source_and_target(config, split.read(i)) for i in evenly_spread(len(split), LOOK_AT))
    return np.mean([palette.likeness(pair[side]) for pair in pairs]) >= LEAST_LIKENESS


def check_inputs(config, split, classifier, folder):
    """Raises UserError unless a run's inputs are label maps of a classifier's classes; warns where sizes differ."""
    are_rgb = input_side(config).is_rgb and output_side(config).is_rgb
    if not (are_rgb and shows_classes(config, split, SOURCE, classifier.palette)):
        raise UserError(
            f"The inputs of this run are no label maps in the colors of the classes that the classifier in {folder} "
            f"knows ({_listed(classifier.palette.names)}); the FCN-score needs a run from such label maps to photos."
        )
    if classifier.size != config.image_size:
        warn(
            f"the classifier in {folder} was trained on photos of {classifier.size}, but this run makes some of "
            f"{config.image_size}; train one with --image_size={config.image_size}."
        )


def palette_of_targets(config, split, dataset=None):
    """The `Palette` of the label maps that a run has learned to make, or None if it makes something else.

    It is that of `dataset`, by default of the run's own data set, if that has one.

    Raises:
      UserError: `dataset` is given, and has no palette, or one in whose colors the targets are not.
    """
    palette = palette_of(dataset) if dataset else known_palette("" if config.data_dir else config.dataset)
    if palette and shows_classes(config, split, TARGET, palette):
        return palette
    if dataset:
        raise UserError(
            f"The targets of this run are no label maps in the colors of {dataset} ({_listed(palette.names)}); "
            "--palette is for runs from photos to label maps."
        )
    return None


def _listed(names):
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def class_maps(config, split, side, palette) -> list[np.ndarray]:
    """The classes, int32 [H, W] at the run's size, that one side of each pair shows.

    Colors become classes before the map is resized, and the nearest pixel is taken then: between the colors of two
    classes there may be that of a third one.
    """
    pairs = (source_and_target(config, split.read(i)) for i in range(len(split)))
    return [_fitted(palette.classes(pair[side]), config) for pair in pairs]


def _fitted(classes, config):
    fitted = augment.fitted(classes[..., None], config.size, config.preprocess, "nearest")
    return tf.cast(fitted, tf.int32).numpy()[..., 0]


def fcn_confusions(classifier, outputs, photos, label_maps) -> dict[str, np.ndarray]:
    """{row: confusion matrix} of what a classifier sees in uint8 images, against the class maps that they should show.

    `outputs` were made from these `label_maps`, and `photos` are the real ones.
    """
    rows = {}
    for name, images in (("real photos", photos), ("outputs", outputs)):
        seen = [classifier(image) for image in images]
        rows[name] = _confusion(label_maps, seen, classifier.palette)
        rows[f"{name}, against the label maps of other pictures"] = _confusion(
            label_maps, of_another(seen), classifier.palette
        )
    return rows


def label_confusions(palette, outputs, targets) -> dict[str, np.ndarray]:
    """{row: confusion matrix} of label maps that were made from photos: a pixel has the class of the nearest color."""
    scored = dataclasses.replace(palette, ignored=())  # A prediction must choose a class.
    seen = [scored.classes(output) for output in outputs]
    return {
        "outputs": _confusion(targets, seen, palette),
        "outputs, against the label maps of other pictures": _confusion(targets, of_another(seen), palette),
    }


def _confusion(targets, predicted, palette):
    return sum(confusion_matrix(*pair, len(palette.names)) for pair in zip(targets, predicted, strict=True))

"""The FCN-score (paper, section 4.1): can a classifier that was trained on real photos read generated ones?"""

import dataclasses
import json
import math
import os
import time
import zipfile

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pix2pix_tf import augment, images
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.data.sources import open_source, source_and_target
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation.segmentation import confusion_matrix, scores
from pix2pix_tf.metrics import CLASS_SCORES
from pix2pix_tf.networks.fcn8s import MULTIPLE, build_fcn8s, load_trunk
from pix2pix_tf.palettes import IGNORED, LEAST_LIKENESS, Palette
from pix2pix_tf.utils.atomic import atomic_path, write_text
from pix2pix_tf.utils.console import log
from pix2pix_tf.utils.json_files import NUMBER, read_json

SETTINGS_FILE, WEIGHTS_FILE = "fcn.json", "weights.npz"
_SETTINGS = {
    "names": list,
    "ignored": list,
    "width": int,
    "norm": bool,
    "steps": int,
    "size": int | str,
    "held_out": dict.fromkeys(CLASS_SCORES, NUMBER),
}
CROP = 7 / 8  # of a side
LOG_EVERY = 50  # steps

cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)


class Classifier:
    """Classifies the pixels of photos with an FCN-8s.

    Attributes:
      palette: the classes.
      held_out: `segmentation.scores` on the real photos of the validation split, which it was not trained on.
      size: of the photos that it was trained on, if it was loaded.
    """

    def __init__(self, palette: Palette, *, width: int, norm: bool, seed: int = 0, held_out: dict | None = None):
        self.palette = palette
        self.held_out = held_out
        self.size = None
        self.network = build_fcn8s(len(palette.names), width, norm=norm, seed=seed)
        self._shape = {"width": width, "norm": norm}
        self._classify = tf.function(
            self._classes, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)], autograph=False
        )

    def __call__(self, photo) -> np.ndarray:
        """uint8 [H, W, 3] of any size → int32 [H, W], the number of each pixel's class."""
        return self._classify(photo).numpy()

    def _classes(self, photo):
        padded = images.pad_to_multiple(photo[None], MULTIPLE)
        scored = self.network(tf.cast(padded, tf.float32))[0, : tf.shape(photo)[0], : tf.shape(photo)[1]]
        return tf.argmax(scored, axis=-1, output_type=tf.int32)

    def confusion(self, photos, label_maps) -> np.ndarray:
        """The sum of `confusion_matrix` over photos, uint8 [H, W, 3], and their classes, int32 [H, W]."""
        count = len(self.palette.names)
        pairs = zip(photos, label_maps, strict=True)
        return sum(confusion_matrix(target, self(photo), count) for photo, target in pairs)

    def save(self, folder: str, *, size: int | str, steps: int, **counts) -> None:
        """Writes weights and settings; the settings, which come last, make the folder a classifier's.

        `size` of the photos, `steps` and other `counts` are of the training.
        """
        settings = {**dataclasses.asdict(self.palette), **self._shape, "held_out": self.held_out}
        settings |= {"size": size, "steps": steps, **counts}
        with atomic_path(os.path.join(folder, WEIGHTS_FILE)) as path:
            np.savez(path, **{weight.path: weight.numpy() for weight in self.network.weights})
        write_text(os.path.join(folder, SETTINGS_FILE), json.dumps(settings, indent=2))

    @classmethod
    def load(cls, folder: str) -> "Classifier":
        """The classifier that `train_classifier` left in a folder; UserError if there is none, or it is damaged."""
        path = os.path.join(folder, SETTINGS_FILE)
        if not os.path.isfile(path):
            raise UserError(
                f"{folder} holds no {SETTINGS_FILE}, so it is no classifier; "
                "make one with python -m pix2pix_tf.tools.train_fcn."
            )
        try:
            stored = read_settings(folder)
            colors = stored["colors"] if "colors" in stored else stored["colours"]  # The name of older classifiers.
            palette = Palette(
                tuple(stored["names"]), *(tuple(map(tuple, part)) for part in (colors, stored["ignored"]))
            )
            classifier = cls(palette, width=stored["width"], norm=stored["norm"], held_out=stored["held_out"])
            classifier.size = stored["size"]
            # Not Keras' own format, which leaves weights as they are that it does not find.
            with np.load(os.path.join(folder, WEIGHTS_FILE)) as weights:
                for weight in classifier.network.weights:
                    weight.assign(weights[weight.path])
        except (UserError, ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile, EOFError) as error:
            reason = str(error).strip().splitlines()[0][:200]
            raise UserError(f"The classifier in {folder} is damaged ({reason}); train it again.") from None
        return classifier


def read_settings(folder: str) -> dict:
    """What the classifier in a folder says of itself: classes, width, steps, size of its photos, held-out scores."""
    return read_json(os.path.join(folder, SETTINGS_FILE), _SETTINGS)


def train_classifier(
    config, palette: Palette, workdir: str, *, width: int, steps: int, weights: str = ""
) -> Classifier:
    """Trains a classifier on real photos, scores it on held-out ones and saves it.

    Departures from Long et al.: Adam with a rate that falls along a cosine to 0, not SGD; random crops and mirroring,
    which help a network that starts from nothing; batch norm unless there are `weights`.

    Args:
      config: which pairs; `direction` leads from photos to label maps. `size`, `mirror`, `batch_size`,
        `learning_rate` and `seed` are of the training.
      palette: of the label maps.
      workdir: a folder that does not exist or is empty; gets `fcn.json` and `weights.npz` at the end.
      width: filters of the first layer, see `build_fcn8s`.
      steps: of the training.
      weights: of VGG-16, see `load_trunk`; "" to start from nothing.

    Raises:
      UserError: the folder is taken, the data or the weights cannot be used, or the training diverges.
    """
    _take(workdir)
    classifier = Classifier(palette, width=width, norm=not weights, seed=config.seed)
    if weights:
        load_trunk(classifier.network, weights)
    source = open_source(config)
    source.announce()
    training, held_out = (labeled_photos(split, config, palette) for split in (source.train, source.val))
    _fit(classifier.network, *training, config, steps)
    classifier.held_out = scores(classifier.confusion(*held_out))
    classifier.save(
        workdir, size=config.image_size, steps=steps, pairs=len(source.train), held_out_pairs=len(source.val)
    )
    return classifier


def _take(workdir):
    """Makes the folder; raises UserError if there is something in it, or it cannot be made."""
    try:
        os.makedirs(workdir, exist_ok=True)
        content = os.listdir(workdir)
    except OSError as error:
        raise UserError(f"{workdir} cannot be made a folder ({error.strerror}); give another --workdir.") from error
    if content:
        raise UserError(f"{workdir} is not empty, and nothing is overwritten; give another --workdir.")


def labeled_photos(split, config, palette: Palette) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All pairs of a split, read into memory: photos, uint8 [*config.size, 3], and their classes, int32 [*config.size].

    `config.direction` leads from photos to label maps. Label maps of another size are resized to the nearest
    neighbor, so that no two colors are mixed to that of a third class.

    Raises:
      UserError: an image cannot be used, or most of the label maps' pixels are far from the palette's colors.
    """

    def read(number):
        photo, labels = source_and_target(config, split.read(number))
        labels = tf.image.resize(labels, config.size, method="nearest").numpy()
        photo = images.to_uint8(images.to_network(augment.resize(photo, config.size))).numpy()
        return photo, palette.classes(labels), palette.likeness(labels)

    photos, label_maps, likeness = zip(*in_parallel(read, range(len(split)), "reading"), strict=True)
    if np.mean(likeness) < LEAST_LIKENESS:
        raise UserError(
            f"Only {np.mean(likeness):.0%} of the label maps' pixels are near a color of the palette, "
            f"{min(likeness):.0%} in {split.names[np.argmin(likeness)]}; give the palette that they are drawn in, "
            "or the other --direction if the other half of a pair is the label map."
        )
    return list(photos), list(label_maps)


def _fit(network, photos, label_maps, config, steps):
    """Trains a network on random crops."""
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, steps))
    rng = np.random.default_rng(config.seed)

    @tf.function(autograph=False)
    def train_step(batch, target):
        with tf.GradientTape() as tape:
            loss = cross_entropy(target, network(batch, training=True))
        optimizer.apply(tape.gradient(loss, network.trainable_variables), network.trainable_variables)
        return loss

    losses, began = [], time.monotonic()
    for step in tqdm(range(1, steps + 1), desc="training", unit="step", dynamic_ncols=True, disable=None):
        chosen = rng.choice(len(photos), config.batch_size, replace=False)
        batch, target = zip(*(_random_crop(photos[i], label_maps[i], config, rng) for i in chosen), strict=True)
        losses.append(float(train_step(np.stack(batch).astype(np.float32), np.stack(target))))
        if step % LOG_EVERY == 0 or step == steps:
            mean, left = np.mean(losses), (time.monotonic() - began) / step * (steps - step)
            if not math.isfinite(mean):
                raise UserError(f"step {step}: the loss is {mean}, so training stopped; give a lower --learning_rate.")
            log(f"step {step}/{steps}: cross-entropy {mean:.3f}, {left:.0f} s left")
            losses = []


def _random_crop(photo, label_map, config, rng):
    """The same part of a photo and of its label map, mirrored half of the time if the configuration says so."""
    part = []
    for side in photo.shape[:2]:
        length = max(MULTIPLE, int(CROP * side) // MULTIPLE * MULTIPLE)
        start = rng.integers(side - length + 1)
        part.append(slice(start, start + length))
    part = tuple(part)
    backwards = config.mirror and rng.integers(2) == 1
    return tuple(image[part][:, ::-1] if backwards else image[part] for image in (photo, label_map))

"""Translator: a run directory → a pure function on images of any size."""

import os
import zipfile
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.runs import load_config
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.tasks import get_task
from pix2pix_tf.training import checkpoints
from pix2pix_tf.translation import generate, graphs, parse_size, translate_values

Seed = int | Sequence[int] | np.ndarray | None


class Translator:
    """A trained generator, called on images of the data's own dtype and units: uint8 RGB, or what the run learned from.

    A call changes no variable, and the same image gives the same output, bit for bit, alone or in a
    batch: images go through the generator one by one (with `inference_statistics` "batch", which
    mixes them, together).

    Attributes:
      config: the run's configuration.
      step: the training steps that the generator has seen.
      generator: the Keras model, for sides that are multiples of `config.multiple`.
      size: the size at which the network sees the images of a call (see `translation`).
      run_dir: the run that it was loaded from, None if it was made of a network.
      weights: "raw" as they were trained, or "ema", their running average.
      input, output: what the images are that it takes and makes, each a `sides.Side`.
    """

    def __init__(
        self,
        config: Config,
        generator,
        step: int = 0,
        size: str | int = "auto",
        compile: str = "none",
        run_dir: str | None = None,
        weights: str = "raw",
    ):
        self.config = config
        self.generator = generator
        self.step = step
        self.size = size = parse_size(str(size))
        self.run_dir = run_dir
        self.weights = weights
        self.input, self.output = input_side(config), output_side(config)
        self._raw = graphs(generate, config, generator, tf.float32, compile=compile)
        self._values = graphs(translate_values, config, generator, self.input.dtype, size, compile)

    @classmethod
    def load(
        cls,
        run_dir: str,
        checkpoint: str = "latest",
        size: str | int = "auto",
        weights: str = "auto",
        compile: str = "none",
    ) -> "Translator":
        """The checkpoint "latest", "best" or "step-N" of a run; UserError if the run or its checkpoint is missing.

        `weights` are "raw", "ema" for their running average, or "auto", the average if the run was trained with one.
        `compile` "xla" makes XLA compile the network for each size of images, which is worth it on GPUs.
        """
        if compile not in ("none", "xla"):
            raise UserError(f"compile must be none or xla. Received: {compile!r}.")
        config = load_config(run_dir)
        generator = build_generator(config, image_size=(None, None))
        path = checkpoints.path_of(run_dir, checkpoint)
        step = checkpoints.load_generator(generator, path, weights)
        return cls(config, generator, step, size, compile, run_dir, checkpoints.chosen_weights(path, weights))

    def __repr__(self):
        config = self.config
        depth = f"{config.residual_blocks} blocks" if config.residual_blocks else f"{config.levels} levels"
        return (
            f"<Translator{f' of {self.run_dir}' if self.run_dir else ''}: {config.task} with a {config.generator} of "
            f"{config.base_filters} filters, {depth} and {config.norm} norm, trained for {self.step} steps at "
            f"{config.image_size}, used at size {self.size}>"
        )

    def generate(self, source: np.ndarray | tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """float32 [N, H, W, C] in [-1, 1] → the generator's raw output [N, H, W, output_channels].

        `seed` turns the noise on: an integer or a pair, for the same noise in every image, or N pairs.

        Raises:
          UserError: the images or the seed are something else.
        """
        return self._run(self._raw, _floats(source, self.input.channels), seed)

    def predict(self, source: np.ndarray | tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """float32 [N, H, W, C] in [-1, 1] → the output, the same size and range; all else as in `generate`."""
        source = _floats(source, self.input.channels)
        return get_task(self.config).decode(self.generate(source, seed), source)

    def __call__(self, image: np.ndarray | Image.Image | Sequence, seed: Seed = None) -> np.ndarray:
        """Images of any size → the outputs of the same heights and widths.

        Args:
          image: [H, W], [H, W, C] or [N, H, W, C] of the dtype, channels and units of `input`, or a list of images of
            one size. RGB may have 1 channel, too, and be a PIL image of any mode (as `images.read_image` takes a
            file).
          seed: turns the noise on: an integer or a pair, for the same noise in every image, or a pair for each.

        Returns:
          [H, W, C] of the dtype, channels and units of `output`, or [N, H, W, C] for a batch or a list.

        Raises:
          UserError: the images or the seed are something else.
        """
        batch, is_one = _batch_of(image, self.input)
        outputs = self._run(self._values, tf.constant(batch), seed).numpy()
        return outputs[0] if is_one else outputs

    def _run(self, graphs, source, seed):
        """The images one by one, or together if they share their statistics, through one of two graphs."""
        plain, noisy = graphs
        count = source.shape[0]
        together = self.config.inference_statistics == "batch"
        parts = [slice(None)] if together else [slice(i, i + 1) for i in range(count)]
        if seed is None:
            return tf.concat([plain(source[part]) for part in parts], axis=0)
        seeds = _seeds(seed, count)
        return tf.concat([noisy(source[part], seeds[part]) for part in parts], axis=0)


def load_generator(path: str) -> keras.Model:
    """The trained generator, a `keras.Model`, of a run directory (its latest checkpoint) or of a .keras file.

    Raises:
      UserError: there is none.
    """
    if os.path.isdir(path):
        return Translator.load(path).generator
    try:
        return keras.models.load_model(path)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).strip().partition("\n")[0].partition(". ")[0][:150]
        raise UserError(
            f"{path} is no .keras file of this project's networks ({reason}); give one, or a run directory."
        ) from None


def _floats(source, channels) -> tf.Tensor:
    """What a user gives as a batch in the range of the networks → float32 [N, H, W, channels]."""
    try:
        batch = tf.convert_to_tensor(source)
    except (TypeError, ValueError):  # Of a ragged list, or of no numbers.
        batch = tf.constant(())
    shape = batch.shape.as_list()
    if not batch.dtype.is_floating or len(shape) != 4 or shape[3] != channels or 0 in shape:
        received = f"{batch.dtype.name} {shape}" if hasattr(source, "shape") else type(source).__name__
        raise UserError(
            f"generate and predict take float32 [N, H, W, {channels}] in [-1, 1]; images as they are in files are for "
            f"the Translator itself, translator(image). Received: {received}."
        )
    return tf.cast(batch, tf.float32)


def _batch_of(given, side) -> tuple[np.ndarray, bool]:
    """What a user gives as images → ([N, H, W, C] of a side, whether it is a single image)."""
    usual = (side.channels, side.dtype) == (3, "uint8")
    if isinstance(given, Image.Image) and usual:
        return images.from_pil(given, "The image")[None], True
    if isinstance(given, (list, tuple)):
        is_pil = [usual and isinstance(one, Image.Image) for one in given]
        parts = [
            images.from_pil(one, "An image") if pil else _array(one) for one, pil in zip(given, is_pil, strict=True)
        ]
        if len({part.shape for part in parts}) > 1:
            sizes = ", ".join(str(list(part.shape)) for part in parts[:4])
            raise UserError(f"Images of a list must have one size; call the Translator for each. Received: {sizes}.")
        given = np.stack(parts) if parts else ()
    batch = np.asarray(given)
    is_one = batch.ndim < 4
    if batch.ndim == 2:
        batch = batch[..., None]
    channels = (1, 3) if usual else (side.channels,)
    if batch.dtype != side.dtype or batch.ndim not in (3, 4) or batch.shape[-1] not in channels or 0 in batch.shape:
        known = " or ".join(map(str, channels))
        raise UserError(
            f"Translator takes {side.dtype} images [H, W], [H, W, C] or [N, H, W, C] with {known} "
            f"channel{'' if channels == (1,) else 's'}. Received: {np.asarray(given).dtype} {list(np.shape(given))}."
        )
    if side.dtype == "float32" and not np.isfinite(batch).all():
        raise UserError("Translator takes finite values, but there are NaN or Inf; replace them by numbers.")
    batch = batch[None] if is_one else batch
    return np.broadcast_to(batch, (*batch.shape[:3], side.channels)), is_one


def _array(given):
    try:
        return np.asarray(given)
    except ValueError:  # Of lists of different lengths.
        return np.asarray(given, object)


def _seeds(seed, count) -> np.ndarray:
    """What a user gives as a seed → int32 [count, 2], a pair for each image."""
    try:
        seeds = np.asarray(seed)
    except ValueError:  # Of a ragged list.
        seeds = np.empty(0)
    if seeds.ndim == 0:
        seeds = np.stack([np.zeros_like(seeds), seeds])
    if seeds.shape not in ((2,), (count, 2)) or seeds.dtype.kind not in "iu":
        raise UserError(f"seed must be an integer, a pair of integers, or a pair for each image. Received: {seed!r}.")
    limits = np.iinfo(np.int32)
    if seeds.size and (seeds.min() < limits.min or seeds.max() > limits.max):
        raise UserError(f"A seed is an integer of 32 bits, from {limits.min} to {limits.max}. Received: {seed!r}.")
    return np.broadcast_to(seeds, (count, 2)).astype(np.int32)

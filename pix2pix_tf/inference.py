"""Translator: a run directory → a pure function on pictures of any size."""

import numpy as np
import tensorflow as tf

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.runs import load_config
from pix2pix_tf.tasks import get_task
from pix2pix_tf.training import checkpoints
from pix2pix_tf.translation import answer, generate, graphs


class Translator:
    """A trained generator, called on uint8 pictures.

    A call changes no variable, and the same picture gives the same answer, bit for bit, alone or in a
    batch: pictures go through the generator one by one (with `inference_statistics` "batch", which
    mixes them, together).

    Attributes:
      config: the run's configuration.
      step: the training steps that the generator has seen.
      generator: the Keras model, for sides that are multiples of 2**config.levels.
      size: the size at which the network sees the images of a call (see `translation`).
    """

    def __init__(self, config: Config, generator, step: int = 0, size: str | int = "auto"):
        self.config = config
        self.generator = generator
        self.step = step
        self.size = size
        self._raw = graphs(generate, config, generator, tf.float32)
        self._answer = graphs(answer, config, generator, tf.uint8, size)

    @classmethod
    def load(cls, run_dir: str, checkpoint: str = "latest", size: str | int = "auto") -> "Translator":
        """The "latest" or the "best" checkpoint of a run; UserError if the run or its checkpoint is missing."""
        config = load_config(run_dir)
        generator = build_generator(config, image_size=(None, None))
        step = checkpoints.load_generator(generator, checkpoints.path_of(run_dir, checkpoint))
        return cls(config, generator, step, size)

    def generate(self, source, seed=None) -> tf.Tensor:
        """float32 RGB [N, H, W, 3] in [-1, 1] → the generator's raw output [N, H, W, output_channels].

        `seed` turns the noise on: an integer or a pair, for the same noise in every picture, or N pairs.
        """
        return self._run(self._raw, tf.convert_to_tensor(source), seed)

    def predict(self, source, seed=None) -> tf.Tensor:
        """float32 RGB [N, H, W, 3] in [-1, 1] → the answer, the same shape and range; `seed` as in `generate`."""
        return get_task(self.config).decode(self.generate(source, seed), source)

    def __call__(self, pictures, seed=None) -> np.ndarray:
        """uint8 [H, W, C] or [N, H, W, C] with C of 1 or 3 → uint8 RGB of the same height and width."""
        pictures = np.asarray(pictures)
        if (
            pictures.dtype != np.uint8
            or pictures.ndim not in (3, 4)
            or pictures.shape[-1] not in (1, 3)
            or 0 in pictures.shape
        ):
            raise UserError(
                "Translator takes uint8 pictures [H, W, C] or [N, H, W, C] with 1 or 3 channels. "
                f"Received: {pictures.dtype} {list(pictures.shape)}."
            )
        batch = pictures if pictures.ndim == 4 else pictures[None]
        rgb = np.repeat(batch, 3, axis=-1) if batch.shape[-1] == 1 else batch
        answers = self._run(self._answer, tf.constant(rgb), seed).numpy()
        return answers if pictures.ndim == 4 else answers[0]

    def _run(self, graphs, pictures, seed):
        """The pictures one by one, or together if they share their statistics, through one of two graphs."""
        plain, noisy = graphs
        count = pictures.shape[0]
        together = self.config.inference_statistics == "batch"
        parts = [slice(None)] if together else [slice(i, i + 1) for i in range(count)]
        if seed is None:
            return tf.concat([plain(pictures[part]) for part in parts], axis=0)
        seeds = _seeds(seed, count)
        return tf.concat([noisy(pictures[part], seeds[part]) for part in parts], axis=0)


def _seeds(seed, count) -> np.ndarray:
    """What a user gives as a seed → int32 [count, 2], a pair for each picture."""
    seeds = np.asarray(seed)
    if seeds.ndim == 0:
        seeds = np.stack([np.zeros_like(seeds), seeds])
    if seeds.shape not in ((2,), (count, 2)) or seeds.dtype.kind not in "iu":
        raise UserError(f"seed must be an integer, a pair of integers, or a pair for each picture. Received: {seed!r}.")
    return np.broadcast_to(seeds, (count, 2)).astype(np.int32)

"""Translator: a run directory → a pure function on pictures of any size."""

import os

import numpy as np
import tensorflow as tf

from pix2pix_tf import images
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.tasks import get_task
from pix2pix_tf.training import checkpoints
from pix2pix_tf.translation import generate


class Translator:
    """A trained generator, called on uint8 pictures.

    A call changes no variable: the same picture gives the same answer, alone or in a batch (unless
    `inference_statistics` is "batch").

    Attributes:
      config: the run's configuration.
      step: the training steps that the generator has seen.
      generator: the Keras model, for sides that are multiples of 2**config.levels.
    """

    def __init__(self, config: Config, generator, step: int = 0):
        self.config = config
        self.generator = generator
        self.step = step
        self._generate = tf.function(
            lambda source, seed: generate(config, generator, source, seed), autograph=False, reduce_retracing=True
        )

    @classmethod
    def load(cls, run_dir: str) -> "Translator":
        """The newest checkpoint of a run; UserError if the run or its checkpoint is missing."""
        path = os.path.join(run_dir, "config.json")
        if not os.path.exists(path):
            raise UserError(f"{run_dir} holds no config.json, so it is no run directory; give one that train.py made.")
        with open(path) as file:
            config = Config.from_json(file.read())
        generator = build_generator(config, image_size=(None, None))
        step = checkpoints.load_generator(generator, checkpoints.latest(run_dir))
        return cls(config, generator, step)

    def generate(self, source, seed=None) -> tf.Tensor:
        """float32 RGB [N, H, W, 3] in [-1, 1] → the generator's raw output; `seed` int [2] turns the noise on."""
        return self._generate(tf.convert_to_tensor(source), None if seed is None else tf.constant(seed, tf.int32))

    def predict(self, source, seed=None) -> tf.Tensor:
        """float32 RGB [N, H, W, 3] in [-1, 1] → the answer, the same shape and range."""
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
        source = images.to_network(np.repeat(batch, 3, axis=-1) if batch.shape[-1] == 1 else batch)
        answer = images.to_uint8(self.predict(source, seed)).numpy()
        return answer if pictures.ndim == 4 else answer[0]

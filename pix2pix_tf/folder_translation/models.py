"""The model that translates a folder: a run or an export, as a function from image to image."""

import dataclasses
import functools
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from pix2pix_tf.config import Config
from pix2pix_tf.config_fields import DATA_FIELDS
from pix2pix_tf.errors import UserError
from pix2pix_tf.inference import Translator
from pix2pix_tf.model_paths import check_regular, newest_export, read_card
from pix2pix_tf.tiling import OVERLAP, TILE, TiledTranslator
from pix2pix_tf.translation import seen_size
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.tf_errors import assertion_text


@dataclasses.dataclass(frozen=True)
class Model:
    """A function on images, and what its outputs depend on.

    Attributes:
      translate: (image [H, W, C], what to call it in an error) → the output, of the same size.
      settings: JSON values; models with equal ones give equal outputs.
      kinds: the configuration that says what the images are that it takes and makes.
      config: that of the run, which has data; None for an export.
    """

    translate: Callable[[np.ndarray, str], np.ndarray]
    settings: dict
    kinds: Config
    config: Config | None = None


def open_run(
    workdir: str,
    seed: int | None = None,
    tile_above: float = 4.0,
    checkpoint: str = "latest",
    size: str | int = "auto",
    weights: str = "auto",
    compile: str = "none",
) -> Model:
    """A run as a model, by `Translator.load`; UserError if it cannot be loaded.

    A `seed` turns the dropout noise on, the same for each image. Images of more megapixels than `tile_above` that the
    network sees at their own size, as with `size` "own", or else where training resized nothing, are translated in
    tiles (see `tiling`), to save memory.
    """
    translator = Translator.load(workdir, checkpoint, size, weights, compile)
    config, noise = translator.config, None if seed is None else (0, seed)
    most = round(tile_above * 10**6)

    @functools.cache
    def tiled():
        return TiledTranslator(translator, noise, copy_pixels=most)

    def translate(image, name):
        try:
            own = tf.constant(image.shape[:2], tf.int64)
            in_tiles = tf.reduce_prod(own) > most and np.array_equal(seen_size(config, size, *own), own)
            return tiled()(image) if in_tiles else translator(image, noise)
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise UserError(
                f"{name} needs more memory than there is; give another --output and a --tile_above below {tile_above}."
            ) from None

    checksum = functools.reduce(lambda crc, weight: zlib.crc32(weight.numpy(), crc), translator.generator.weights, 0)
    settings = {
        "model": os.path.realpath(workdir),
        "step": translator.step,
        "weights": f"{checksum:08x}",
        "seed": seed,
        "size": size,
        **({"compile": compile} if compile != "none" else {}),
        "tiles": {"above_megapixels": tile_above, "side": TILE, "overlap": OVERLAP},
    }
    return Model(translate, settings, config, config)


def open_export(path: str, seed: int | None = None) -> Model:
    """An export, MODEL_BASE/<version>, or the newest one in MODEL_BASE; UserError if there is none.

    `seed` turns the dropout noise on, as in `open_run`.
    """
    version = newest_export(path)
    check_regular(version)
    try:
        exported = tf.saved_model.load(plain_path(version))
        signature = exported.signatures["translate" if seed is None else "sample"]
        # The index holds a checksum of each tensor.
        checksum = zlib.crc32(Path(version, "variables", "variables.index").read_bytes())
    except UserError:
        raise
    except Exception as error:  # What TensorFlow raises depends on where the damage is.
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{version} is not an export of export.py, or damaged ({reason}); export the run again."
        ) from None
    noise = {} if seed is None else {"seed": tf.constant([0, seed])}

    def translate(image, name):
        try:
            return signature(image=tf.constant(image[None]), **noise)["image"][0].numpy()
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise UserError(f"{name} needs more memory than there is; --model=RUN can take it in tiles.") from None
        except tf.errors.InvalidArgumentError as error:  # The graph has checks of its own, whose message is a sentence.
            reason = assertion_text(error.message)
            if not reason:
                raise
            raise UserError(
                f"{name} is refused by the export ({reason}), which cannot take it in tiles, as norm statistics are "
                "no input of its signatures; --model=RUN can."
            ) from None

    settings = {"model": os.path.realpath(version), "weights": f"{checksum:08x}", "seed": seed, "size": "own"}
    return Model(translate, settings, _kinds(version))


def _kinds(version):
    """What the model card of an export says of its images; those from before there was a choice are RGB."""
    config = read_card(version).get("config", {})
    fields = {name: config[name] for name in (*DATA_FIELDS, "direction", "display_channels") if name in config}
    return Config.from_json(json.dumps(fields), f"the model card of {version}")

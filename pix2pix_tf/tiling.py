"""Images that are too large for memory, translated in tiles that overlap.

A norm layer that saw one tile only would give each tile a contrast and color of its own. So all tiles share the norm
statistics of one copy of the whole image, made small enough for memory. Where tiles overlap, the generator's raw
outputs are blended linearly, which hides what is left: the zeros around a tile, and what it cannot see beyond them.
"""

import numpy as np
import tensorflow as tf
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.networks.layers import Norm, measure_statistics, run
from pix2pix_tf.tasks import get_task

TILE, OVERLAP = 1024, 256  # pixels; multiples of what any generator needs


class TiledTranslator:
    """Translates as a `Translator` does, on images of any size.

    Beside image and output, memory holds the blended outputs of one row of tiles, and what the generator needs for a
    tile or for the copy, whichever is larger.
    """

    def __init__(self, translator, seed=None, *, tile=TILE, overlap=OVERLAP, copy_pixels=4_000_000):
        """One graph serves all tiles of all images, and one all copies.

        Args:
          translator: a `Translator`.
          seed: a pair of integers turns the noise on. Each tile draws the same mask at its own place, so two tiles
            differ in noise where they overlap, and are blended there like everything else.
          tile, overlap: pixels, multiples of `config.multiple`, so that each tile begins where the grids of all
            convolutions do; the overlap is at most half a tile.
          copy_pixels: how many pixels the copy that gives the statistics has at most.
        """
        config, generator = translator.config, translator.generator
        self._multiple = config.multiple
        self._sides, self._task = (translator.input, translator.output), get_task(config)
        self._tile, self._overlap, self._copy_pixels = tile, overlap, copy_pixels
        condition = tf.TensorSpec([1, None, None, self._task.input_channels])
        statistics = {
            layer.name: (tf.TensorSpec([1, 1, 1, layer.gamma.shape[0]]),) * 2
            for layer in generator.layers
            if isinstance(layer, Norm)
        }
        self._measure = tf.function(
            lambda condition: measure_statistics(generator, condition, seed=seed), [condition], autograph=False
        )
        self._run = tf.function(
            lambda condition, statistics: run(generator, condition, statistics=statistics, seed=seed),
            [condition, statistics],
            autograph=False,
        )

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """An image [H, W, C] of the data's own dtype and units → the output, of the same size."""
        height, width, _ = image.shape
        copy = _shrunk(image, self._copy_pixels)
        statistics = self._measure(self._condition(copy, self._hole(*copy.shape[:2])))
        hole = self._hole(height, width)
        output = np.empty((height, width, self._sides[1].channels), self._sides[1].dtype)
        rows, columns = self._tiles(height), self._tiles(width)
        strip = np.zeros([self._tile, width, self._task.output_channels], np.float32)
        for (top, row_weights), (following, _) in zip(rows, [*rows[1:], (height, None)], strict=True):
            for left, column_weights in columns:
                weights = row_weights[:, None, None] * column_weights[:, None]
                place = np.s_[top : top + len(row_weights), left : left + len(column_weights)]
                condition = self._condition(image[place], hole[place])
                raw = self._run(condition, statistics)[0].numpy()
                strip[: len(row_weights), place[1]] += weights * raw[: len(row_weights), : len(column_weights)]
            done = following - top  # Rows that no later tile touches.
            for left in range(0, width, self._tile):
                place = np.s_[top:following, left : left + self._tile]
                output[place] = self._decode(strip[:done, place[1]], image[place], hole[place])
            strip = np.concatenate([strip[done:], np.zeros_like(strip[:done])])
        return output

    def _tiles(self, length):
        """[(start, weights)] of the tiles along a side of the image, in pixels.

        A weight is that of the tile's outputs: it rises linearly from the tile's border for the length of the overlap.
        At each pixel the weights of all tiles sum to one. Where the image ends within a tile, so do its weights.
        """
        padded = -(-length // self._multiple) * self._multiple
        side = min(self._tile, padded)
        starts = [*range(0, padded - side, self._tile - self._overlap), padded - side]
        inwards = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
        rising = np.minimum(inwards, max(self._overlap, 0.5)).astype(np.float32)
        total = np.zeros(padded, np.float32)
        for start in starts:
            total[start : start + side] += rising
        return [(start, (rising / total[start : start + side])[: length - start]) for start in starts]

    # A task treats each pixel alike, except for its hole, which is at one place of the whole image.

    def _hole(self, height, width):
        """The hole of the whole image, bool [height, width, 1], or an empty array if the task has none."""
        return self._task.hole(height, width).numpy() if self._task.hole else np.empty((height, width, 0), bool)

    def _condition(self, source, hole):
        """[H, W, C] in the data's units → what the generator sees, [1, H', W', input_channels]."""
        condition = self._task.condition(self._sides[0].to_network(source[None]), *self._mask(hole))
        return images.pad_to_multiple(condition, self._multiple)

    def _decode(self, raw, source, hole):
        """The generator's output [H, W, output_channels] → the image in the data's units."""
        output = self._task.decode(raw[None], self._sides[0].to_network(source[None]), *self._mask(hole))
        return self._sides[1].from_network(output)[0]

    def _mask(self, hole):
        return (hole,) if self._task.hole else ()


def _shrunk(image, pixels):
    """[H, W, C] → the same in at most about `pixels` pixels, antialiased; smaller images as they are."""
    height, width, _ = image.shape
    scale = (pixels / (height * width)) ** 0.5
    if scale >= 1:
        return image
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if image.dtype == np.uint8 and image.shape[-1] == 3:
        return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    return tf.image.resize(image, size, antialias=True).numpy()

"""A task = what the generator sees and what it predicts. Nothing else knows which task runs.

Each task is two pure functions on float32 RGB in [-1, 1]:

- `encode(source, target)` → (condition, truth): what the generator gets, and what it should give;
- `decode(output, source)` → RGB: the generator's output as a picture.

`source` is the picture that the user hands in. For `translate` it is the other half of the pair.
For `colorize`, `colorize_rgb` and `inpaint` it is the target itself, of which the task takes a part
away, so these three need no pairs.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from pix2pix_tf import color


@dataclasses.dataclass(frozen=True)
class Task:
    """The two functions of a task, and how many channels the networks need for it.

    Attributes:
      input_channels, output_channels: of the generator.
      paired: whether source and target are different pictures.
      condition: source [..., H, W, 3] → what the generator sees [..., H, W, input_channels].
      truth: target [..., H, W, 3] → what it should predict [..., H, W, output_channels].
      decode: (output, source) → RGB [..., H, W, 3] in [-1, 1].
      visible: condition → RGB in [-1, 1], for people to look at.
      clipped: (output, source) → bool [..., H, W], the pixels whose color `decode` had to clip to what
        RGB can show; None where it clips nothing.
    """

    input_channels: int
    output_channels: int
    paired: bool
    condition: Callable
    truth: Callable
    decode: Callable
    visible: Callable
    clipped: Callable | None = None

    def encode(self, source, target):
        """A pair of RGB pictures in [-1, 1] → (condition, truth) for the networks."""
        return self.condition(source), self.truth(target)


def _identity(rgb):
    return rgb


def _output_is_the_picture(output, source):
    del source
    return output


def _lab(rgb):
    return color.rgb_to_lab((rgb + 1.0) / 2.0)


def _lightness(rgb):
    return color.scale_lightness(_lab(rgb)[..., :1])


def _chroma(rgb):
    return color.scale_chroma(_lab(rgb)[..., 1:])


def _predicted_lab(output, source):
    return tf.concat([_lab(source)[..., :1], color.unscale_chroma(output)], axis=-1)


def _join_lightness_and_chroma(output, source):
    return color.lab_to_rgb(_predicted_lab(output, source)) * 2.0 - 1.0


def _out_of_gamut(output, source):
    return color.out_of_gamut(_predicted_lab(output, source))


def _gray_as_rgb(condition):
    return tf.repeat(condition, 3, axis=-1)


def _lightness_as_rgb(condition):
    lightness = color.unscale_lightness(condition)
    lab = tf.concat([lightness, tf.zeros_like(lightness), tf.zeros_like(lightness)], axis=-1)
    return color.lab_to_rgb(lab) * 2.0 - 1.0


def _hole(image):
    """bool [H, W, 1], true in the center block of half the height and half the width."""
    height, width = tf.shape(image)[-3], tf.shape(image)[-2]
    rows, columns = tf.range(height)[:, None, None], tf.range(width)[None, :, None]
    top, left = height // 4, width // 4
    inside_rows = (rows >= top) & (rows < top + height // 2)
    return inside_rows & (columns >= left) & (columns < left + width // 2)


def _cut_hole(rgb):
    return tf.where(_hole(rgb), tf.zeros_like(rgb), rgb)


def _fill_hole(output, source):
    return tf.where(_hole(source), output, source)


_TASKS = {
    "translate": Task(3, 3, True, _identity, _identity, _output_is_the_picture, _identity),
    # CIELAB: L in, a and b out. L of the source is kept.
    "colorize": Task(1, 2, False, _lightness, _chroma, _join_lightness_and_chroma, _lightness_as_rgb, _out_of_gamut),
    "colorize_rgb": Task(1, 3, False, color.rgb_to_gray, _identity, _output_is_the_picture, _gray_as_rgb),
    # The pixels around the hole are known, so the answer keeps them; the losses see the raw output.
    "inpaint": Task(3, 3, False, _cut_hole, _identity, _fill_hole, _identity),
}


def get_task(config) -> Task:
    """The task that `config.task` names."""
    return _TASKS[config.task]

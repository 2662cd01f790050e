"""A task = what the generator sees and what it predicts. Nothing else knows which task runs.

`source` is the image that the user hands in. For `translate` it is the other half of the pair. For `colorize`,
`colorize_rgb` and `inpaint` it is the target itself, of which the task takes a part away, so these three need no pairs.
Images are float32 in [-1, 1], RGB for the tasks of colors. Each pixel is treated alike, except for those of a hole.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from pix2pix_tf import color, sides


def _identity(rgb):
    return rgb


def _both_as_they_are(source, target):
    return source, target


def _output_is_the_image(output, source):
    del source
    return output


def _target_is_predicted(condition):
    """The `encode` of a task whose generator predicts the target as it is."""
    return lambda source, target: (condition(source), target)


@dataclasses.dataclass(frozen=True)
class Task:
    """What a task makes of images, and how many channels the networks need for it.

    Attributes:
      input_channels, output_channels: of the generator; 0 in the table for those of the data.
      paired: whether source and target are different images.
      condition: source [..., H, W, 3] → what the generator sees [..., H, W, input_channels].
      encode: (source, target) → (condition, what the generator should predict [..., H, W, output_channels]).
      decode: (output, source) → the image [..., H, W, 3] in [-1, 1], or of the data's channels.
      visible: condition → the image in [-1, 1] that people look at.
      sees_color: whether the generator sees the source's colors.
      clipped: (output, source) → bool [..., H, W], the pixels whose color `decode` had to clip to what
        RGB can show; None where it clips nothing.
      hole: (height, width) → bool [height, width, 1], the pixels that the generator does not see and fills; None where
        it makes all of them. With a hole, `condition` and `decode` take its mask as a third argument, `hole`, for
        images that are a part of a larger one.
    """

    input_channels: int = 0
    output_channels: int = 0
    paired: bool = False
    condition: Callable = _identity
    encode: Callable = _both_as_they_are
    decode: Callable = _output_is_the_image
    visible: Callable = _identity
    sees_color: bool = True
    clipped: Callable | None = None
    hole: Callable | None = None


def _lightness(rgb):
    return color.rgb_to_lightness((rgb + 1.0) / 2.0)


def _lightness_alone(rgb):
    return color.scale_lightness(_lightness(rgb))


def _lightness_and_chroma(source, target):
    lab = color.rgb_to_lab((target + 1.0) / 2.0)
    lightness = color.scale_lightness(lab[..., :1]) if source is target else _lightness_alone(source)
    return lightness, color.scale_chroma(lab[..., 1:])


def _predicted_lab(output, source):
    return tf.concat([_lightness(source), color.unscale_chroma(output)], axis=-1)


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


def _center_block(height, width):
    """bool [height, width, 1], true in the center block of half the height and half the width."""
    rows, columns = tf.range(height)[:, None, None], tf.range(width)[None, :, None]
    top, left = height // 4, width // 4
    inside_rows = (rows >= top) & (rows < top + height // 2)
    return inside_rows & (columns >= left) & (columns < left + width // 2)


def _hole_of(image, hole):
    return _center_block(tf.shape(image)[-3], tf.shape(image)[-2]) if hole is None else hole


def _cut_hole(rgb, hole=None):
    return tf.where(_hole_of(rgb, hole), tf.zeros_like(rgb), rgb)


def _fill_hole(output, source, hole=None):
    return tf.where(_hole_of(source, hole), output, source)


_TASKS = {
    "translate": Task(paired=True),
    # CIELAB: L in, a and b out. L of the source is kept.
    "colorize": Task(
        input_channels=1,
        output_channels=2,
        condition=_lightness_alone,
        encode=_lightness_and_chroma,
        decode=_join_lightness_and_chroma,
        visible=_lightness_as_rgb,
        sees_color=False,
        clipped=_out_of_gamut,
    ),
    "colorize_rgb": Task(
        input_channels=1,
        output_channels=3,
        condition=color.rgb_to_gray,
        encode=_target_is_predicted(color.rgb_to_gray),
        visible=_gray_as_rgb,
        sees_color=False,
    ),
    # The pixels around the hole are known, so they are kept; the losses see the raw output.
    "inpaint": Task(condition=_cut_hole, encode=_target_is_predicted(_cut_hole), decode=_fill_hole, hole=_center_block),
}


def get_task(config) -> Task:
    """The task that `config.task` names, with the channels of the run's data."""
    task = _TASKS[config.task]
    return dataclasses.replace(
        task,
        input_channels=task.input_channels or sides.input_side(config).channels,
        output_channels=task.output_channels or sides.output_side(config).channels,
    )


def tasks_by_channels() -> dict[tuple[int, int], str]:
    """{(input channels, output channels): the name of the task of RGB images that has them}."""
    channels = {(task.input_channels or 3, task.output_channels or 3): name for name, task in _TASKS.items()}
    return channels | {(3, 3): "translate"}

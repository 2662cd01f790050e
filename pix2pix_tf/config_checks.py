"""What the fields of a `Config` must be together."""

import dataclasses

from pix2pix_tf.errors import UserError
from pix2pix_tf.sizes import written

MIN_LEVELS, MAX_LEVELS = 5, 8
_NEEDED = {  # {field: what it has no effect without}
    "gan_loss": "gan_weight",
    "label_smoothing": "gan_weight",
    "r1_weight": "gan_weight",
    "discriminator_learning_rate": "gan_weight",
    "discriminator_filters": "gan_weight",
    "receptive_field": "gan_weight",
    "conditional": "gan_weight",
    "reconstruction": "reconstruction_weight",
    "vgg_weights": "perceptual_weight",
    "best_metric": "eval_every",
    "layout": "data_dir",
}


def check_together(config):
    """Raises UserError where two fields of a `Config` contradict each other."""
    _check_sizes(config)
    _check_sides(config)
    if config.gan_weight == 0 and config.reconstruction_weight == 0:
        raise UserError(
            "gan_weight and reconstruction_weight are both 0, which leaves nothing to learn; set one of them."
        )
    if config.gan_weight == 0 and config.feature_matching_weight > 0:
        raise UserError("feature_matching_weight needs a discriminator, but gan_weight is 0; set gan_weight above 0.")
    if config.lr_schedule == "constant" and config.decay_epochs:
        raise UserError("lr_schedule constant has no decay, but decay_epochs is above 0; set decay_epochs 0.")
    if config.lr_schedule in ("cosine", "step") and not config.decay_epochs:
        raise UserError(f"lr_schedule {config.lr_schedule} needs decay_epochs, but it is 0; set it above 0.")
    if config.discriminator_learning_rate and not config.learning_rate:
        raise UserError("discriminator_learning_rate needs a learning_rate, but that is 0; set it above 0.")
    if config.label_smoothing and config.gan_loss == "hinge":
        raise UserError("label_smoothing is above 0, but gan_loss hinge has no labels; take vanilla or lsgan.")
    if config.r1_weight and config.precision == "float16":
        raise UserError("r1_weight is above 0, but its gradients vanish in float16; take precision bfloat16.")
    if config.perceptual_weight and (config.task == "colorize" or config.output_channels not in ("auto", 3)):
        raise UserError(
            "perceptual_weight is above 0, but VGG-16 sees RGB only, and the generator makes something else; set it to "
            "0, or colorize with task colorize_rgb."
        )
    if config.compile == "xla" and config.strategy != "none":
        raise UserError(
            f"compile xla works on one device, but strategy is {config.strategy}; take compile none or strategy none."
        )


def without_effect(config) -> list[str]:
    """A sentence on each field that is set, but has no effect as another one is not."""
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    return [
        f"{name}={getattr(config, name)!r} has no effect, as {needed} is {getattr(config, needed)!r}"
        for name, needed in _NEEDED.items()
        if not getattr(config, needed) and getattr(config, name) != defaults[name]
    ]


def _check_sizes(config):
    multiple = 2**MIN_LEVELS
    if any(side % multiple for side in config.size):
        nearest = written(tuple(max(multiple, round(side / multiple) * multiple) for side in config.size))
        raise UserError(
            f"image_size must have sides that are multiples of {multiple}, "
            f"such as {nearest}. Received: {config.image_size}."
        )
    if any(big < small for big, small in zip(config.jitter, config.size, strict=True)):
        raise UserError(
            f"jitter_size must be at least image_size {config.image_size}, or 0 for no jitter. "
            f"Received: {config.jitter_size}."
        )
    if config.preprocess in ("crop", "none") and config.jitter_size:
        raise UserError(
            f"jitter_size is {config.jitter_size}, but preprocess {config.preprocess} resizes nothing; leave one out."
        )
    if config.receptive_field == 286 and min(config.size) < 96:
        raise UserError(
            "receptive_field 286 needs an image_size of at least 96, as its map is empty below. "
            f"Received: image_size {config.image_size}; take a larger one or receptive_field 70."
        )


def _check_sides(config):
    sides = [
        [getattr(config, f"{side}_{field}") for field in ("channels", "dtype", "range")] for side in ("input", "output")
    ]
    if config.task.startswith("colorize"):
        for given, of_rgb in zip([*sides[0], *sides[1]], (3, "uint8", (0, 255)) * 2, strict=True):
            if given not in ("auto", of_rgb):
                raise UserError(
                    f"task {config.task} needs RGB of 8 bits, so channels, dtype and range of input and output must be "
                    f"left out. Received: {given!r}."
                )
    if config.task == "inpaint" and sides[0] != sides[1]:
        raise UserError(
            "task inpaint has one kind of image, so channels, dtype and range of input and output must be the same. "
            f"Received: {sides[0]} and {sides[1]}."
        )
    (inputs, *_), (outputs, dtype, _) = sides
    if config.output_format == "png" and (dtype in ("int16", "float32") or (outputs != "auto" and outputs > 4)):
        raise UserError(
            "output_format png holds uint8 and uint16 of 1 to 4 channels; take tiff or npy. "
            f"Received: output_dtype {dtype}, output_channels {outputs}."
        )
    shown = max(map(int, config.display_channels.split(","))) if config.display_channels else 0
    if "auto" not in (inputs, outputs) and shown >= max(inputs, outputs):
        raise UserError(
            f"display_channels are counted from 0, so the last one is {max(inputs, outputs) - 1}. "
            f"Received: {config.display_channels}."
        )

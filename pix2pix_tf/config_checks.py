"""What the fields of a `Config` must be together."""

from pix2pix_tf.errors import UserError
from pix2pix_tf.sizes import written

MIN_LEVELS, MAX_LEVELS = 5, 8


def check_together(config):
    """Raises UserError where two fields of a `Config` contradict each other."""
    _check_sizes(config)
    if config.gan_weight == 0 and config.reconstruction_weight == 0:
        raise UserError(
            "gan_weight and reconstruction_weight are both 0, which leaves nothing to learn; set one of them."
        )
    if config.gan_weight == 0 and config.feature_matching_weight > 0:
        raise UserError("feature_matching_weight needs a discriminator, but gan_weight is 0; set gan_weight above 0.")
    if config.compile == "xla" and config.strategy != "none":
        raise UserError(
            f"compile xla works on one device, but strategy is {config.strategy}; take compile none or strategy none."
        )


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
    if config.receptive_field == 286 and min(config.size) < 96:
        raise UserError(
            "receptive_field 286 needs an image_size of at least 96, as its map is empty below. "
            f"Received: image_size {config.image_size}; take a larger one or receptive_field 70."
        )

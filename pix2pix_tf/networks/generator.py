"""The generator: a U-Net, or the same encoder–decoder without skip connections (for resnet see `resnet`).

Paper, appendix 6.1.1. C_k is convolution–norm–activation with k filters, CD_k has dropout too:

    encoder  C64-C128-C256-C512-C512-C512-C512-C512      4x4, stride 2, LeakyReLU 0.2
    decoder  CD512-CD512-CD512-C512-C256-C128-C64        4x4 transposed, stride 2, ReLU
    output   a transposed convolution to the output channels, then tanh

Here as in the authors' published code an activation stands *before* its convolution, so a skip
carries the encoder's values as they are before any activation.
"""

import keras

from pix2pix_tf.config import Config
from pix2pix_tf.networks.convolutions import ResizeUpsample
from pix2pix_tf.networks.layers import Downsample, Dropout, Norm, Upsample
from pix2pix_tf.networks.resnet import build_resnet
from pix2pix_tf.tasks import get_task

ENCODER_WIDTHS = (1, 2, 4, 8, 8, 8, 8, 8)  # in units of base_filters
DROPOUT_BLOCKS = 3


def build_generator(config: Config, *, image_size: tuple[int | None, int | None] | None = None) -> keras.Model:
    """The generator of a configuration.

    Args:
      image_size: (height, width) of the input, `config.size` unless given. (None, None) builds a
        network for any sides that are multiples of `config.multiple`.

    Returns:
      A model from float32 [N, H, W, C] in [-1, 1] to float32 [N, H, W, C'] in [-1, 1], with the channels of the
      configuration's task.
    """
    task = get_task(config)
    height, width = image_size or config.size
    x = inputs = keras.Input((height, width, task.input_channels), name="condition")
    if config.generator == "resnet":
        return build_resnet(config, inputs, task.output_channels)

    dtype = config.policy
    upsample = ResizeUpsample if config.upsampling == "resize" else Upsample
    widths = [config.base_filters * width for width in ENCODER_WIDTHS[: config.levels]]
    common = {"seed": config.seed, "dtype": dtype}
    # With batch norm, no convolution but the last has a bias, as in the published code. Otherwise a convolution has one
    # unless a norm follows, which brings its own shift: as in the published PyTorch port with instance norm.
    bare = {"use_bias": config.norm != "batch", **common}
    normed = {"use_bias": config.norm == "none", **common}

    encoded = []
    for level, filters in enumerate(widths, start=1):
        if level > 1:
            x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"down{level}_activation", dtype=dtype)(x)
        # Appendix 6.1.1: no norm on the first layer. Departure from the paper's text, as in its erratum: none on the
        # innermost one either, whose single pixel batch statistics would turn to zero.
        inside = 1 < level < len(widths)
        x = Downsample(filters, name=f"down{level}_conv", **(normed if inside else bare))(x)
        if config.norm != "none" and inside:
            x = Norm(config.norm, seed=config.seed, name=f"down{level}_norm", dtype=dtype)(x)
        encoded.append(x)

    skips = encoded[-2::-1]
    for block, (filters, skip) in enumerate(zip(widths[-2::-1], skips, strict=True), start=1):
        x = keras.layers.ReLU(name=f"up{block}_activation", dtype=dtype)(x)
        x = upsample(filters, name=f"up{block}_conv", **normed)(x)
        if config.norm != "none":
            x = Norm(config.norm, seed=config.seed, name=f"up{block}_norm", dtype=dtype)(x)
        if block <= DROPOUT_BLOCKS:
            x = Dropout(config.dropout, name=f"up{block}_dropout", dtype=dtype)(x)
        if config.generator == "unet":
            x = keras.layers.Concatenate(name=f"up{block}_skip", dtype=dtype)([x, skip])

    x = keras.layers.ReLU(name="output_activation", dtype=dtype)(x)
    # In float32 at any precision, so that the output is not rounded to 8 bits of mantissa.
    x = upsample(task.output_channels, name="output_conv", **common | {"use_bias": True, "dtype": "float32"})(x)
    outputs = keras.layers.Activation("tanh", name="output", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=config.generator)

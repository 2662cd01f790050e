"""The discriminator: PatchGAN, which judges each patch of an image as real or fake.

Paper, section 3.2.2 and appendix 6.1.2. Its receptive field is 70x70 by default (C64-C128-C256-C512),
16x16, 286x286 (ImageGAN), or 1x1 (PixelGAN: C64-C128 of 1x1 convolutions).
"""

import keras

from pix2pix_tf.config import Config
from pix2pix_tf.networks.layers import Downsample, Norm, PaddedConv
from pix2pix_tf.tasks import get_task

STRIDED_LAYERS = {16: 1, 70: 3, 286: 5}
MAX_WIDTH = 8  # in units of the first layer's width


def build_discriminator(config: Config) -> keras.Model:
    """The discriminator of a configuration.

    Returns:
      A model from [condition, image], or from the image alone where `config.conditional` is false,
      to float32 logits [N, h, w, 1], one for each patch: 30x30 for patches of 70 at 256x256.
    """
    task = get_task(config)
    dtype = config.policy
    unit = config.discriminator_filters or config.base_filters

    image = keras.Input((*config.size, task.output_channels), name="image")
    if config.conditional:
        condition = keras.Input((*config.size, task.input_channels), name="condition")
        inputs, x = [condition, image], keras.layers.Concatenate(name="pair", dtype=dtype)([condition, image])
    else:
        inputs, x = image, image

    if config.receptive_field == 1:
        widths = [unit, 2 * unit]
        kinds = [PaddedConv] * 2
        shape = {"kernel_size": 1, "zeros": 0}
    else:
        strided = STRIDED_LAYERS[config.receptive_field]
        widths = [unit * min(2**i, MAX_WIDTH) for i in range(strided + 1)]
        kinds = [Downsample] * strided + [PaddedConv]
        shape = {}

    for layer, (filters, kind) in enumerate(zip(widths, kinds, strict=True), start=1):
        # Appendix 6.1.2: no norm on the first layer, which has a bias instead.
        normed = config.norm != "none" and layer > 1
        arguments = shape if kind is PaddedConv else {}
        x = kind(filters, use_bias=not normed, seed=config.seed, name=f"disc{layer}_conv", dtype=dtype, **arguments)(x)
        if normed:
            x = Norm(config.norm, seed=config.seed, name=f"disc{layer}_norm", dtype=dtype)(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"disc{layer}_activation", dtype=dtype)(x)
    # PixelGAN's last layer has a bias with instance norm only, as in the published PyTorch port.
    use_bias = config.receptive_field != 1 or config.norm == "instance"
    logits = PaddedConv(1, use_bias=use_bias, seed=config.seed, name="logits", dtype="float32", **shape)(x)
    return keras.Model(inputs, logits, name=f"patchgan_{config.receptive_field}")


def feature_layers(discriminator: keras.Model) -> keras.Model:
    """The same network with its hidden activations as outputs too: [logits, features 1, features 2, …]."""
    features = [layer.output for layer in discriminator.layers if layer.name.endswith("_activation")]
    return keras.Model(discriminator.input, [discriminator.output, *features], name="features")

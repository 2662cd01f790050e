"""The residual generator of Johnson et al. (2016) as CycleGAN's authors use it, in their PyTorch port with pix2pix too.

    c7s1-64, d128, d256      7x7 convolution; two 3x3 convolutions of stride 2
    R256, 6 or 9 times       3x3 convolution, norm, ReLU, dropout, 3x3 convolution, norm, and the block's input added
    u128, u64, c7s1-3        two 3x3 transposed convolutions of stride 2; 7x7 convolution, tanh

Each convolution but the last, and those that end a block, is followed by a norm and ReLU. Edges are mirrored where the
stride is 1. Not in the paper, whose generator is the U-Net.
"""

import keras

from pix2pix_tf.networks.convolutions import Downsample3, ReflectionConv, ResizeUpsample, Upsample3
from pix2pix_tf.networks.layers import Dropout, Norm


def build_resnet(config, inputs, output_channels: int) -> keras.Model:
    """The generator of a configuration with `generator` "resnet".

    Args:
      config: a `Config`.
      inputs: a `keras.Input` of float32 [N, H, W, channels]; H and W are multiples of 4, and at least 8.
      output_channels: of the output, float32 [N, H, W, output_channels] in [-1, 1].
    """
    unit, dtype = config.base_filters, config.policy
    upsample = ResizeUpsample if config.upsampling == "resize" else Upsample3
    common = {"seed": config.seed, "dtype": dtype}

    def normed(x, kind, filters, name, activated=True, **arguments):
        # As in the U-Net, a convolution has a bias unless a norm follows.
        x = kind(filters, use_bias=config.norm == "none", name=f"{name}_conv", **common, **arguments)(x)
        if config.norm != "none":
            x = Norm(config.norm, name=f"{name}_norm", **common)(x)
        return keras.layers.ReLU(name=f"{name}_activation", dtype=dtype)(x) if activated else x

    x = normed(inputs, ReflectionConv, unit, "first", kernel_size=7)
    x = normed(x, Downsample3, 2 * unit, "half1")
    x = normed(x, Downsample3, 4 * unit, "half2")
    for block in range(1, config.residual_blocks + 1):
        inner = normed(x, ReflectionConv, 4 * unit, f"block{block}a")
        inner = Dropout(config.dropout, name=f"block{block}_dropout", dtype=dtype)(inner)
        inner = normed(inner, ReflectionConv, 4 * unit, f"block{block}b", activated=False)
        x = keras.layers.Add(name=f"block{block}_sum", dtype=dtype)([x, inner])
    x = normed(x, upsample, 2 * unit, "double1")
    x = normed(x, upsample, unit, "double2")
    x = ReflectionConv(output_channels, kernel_size=7, seed=config.seed, name="last_conv", dtype="float32")(x)
    return keras.Model(inputs, keras.layers.Activation("tanh", name="output", dtype="float32")(x), name="resnet")

"""How the port names its modules and tensors, and the layers and variables here that they stand for.

The port nests its U-Net: the sequence of each block holds the next block in its middle, so a tensor of level 3 is
called `model.model.1.model.3.model.1.weight`. A module's number depends on whether its block is the outermost, the
innermost, or one between. Dropout comes last in a block and holds no tensors, so it leaves no trace.
"""

import typing

from pix2pix_tf.networks.discriminator import STRIDED_LAYERS


class Module(typing.NamedTuple):
    """A module of the port that can hold tensors.

    Attributes:
      name: there, such as `model.model.0`.
      layer: here, such as `down1_conv`.
      has_bias: whether a convolution always has one; the others have one with instance norm.
    """

    name: str
    layer: str
    has_bias: bool = False


class _Block(typing.NamedTuple):
    """The places of a U-Net block's modules in its sequence."""

    down: int
    down_norm: int | None
    inner: int | None
    up: int
    up_norm: int | None


_OUTERMOST = _Block(down=0, down_norm=None, inner=1, up=3, up_norm=None)
_MIDDLE = _Block(down=1, down_norm=2, inner=3, up=5, up_norm=6)
_INNERMOST = _Block(down=1, down_norm=None, inner=None, up=3, up_norm=4)

FIRST, LAST = "model.model.0", "model.model.3"  # Of the U-Net's convolutions, seen from outside.
RESNET_FIRST = "model.1"  # Of the residual generator's.


def generator(kind: str, levels: int, blocks: int, has_dropout: bool) -> list[Module]:
    """The modules of a U-Net of `levels`, or of a "resnet" of `blocks`."""
    return resnet(blocks, has_dropout) if kind == "resnet" else unet(levels)


def unet(levels: int) -> list[Module]:
    """The modules of a U-Net that halves its input `levels` times."""
    modules = []
    prefix = "model.model"
    for level in range(1, levels + 1):
        block = _OUTERMOST if level == 1 else _INNERMOST if level == levels else _MIDDLE
        up = "output" if level == 1 else f"up{levels - level + 1}"
        modules.append(Module(f"{prefix}.{block.down}", f"down{level}_conv"))
        modules.append(Module(f"{prefix}.{block.up}", f"{up}_conv", has_bias=level == 1))
        if block.down_norm:
            modules.append(Module(f"{prefix}.{block.down_norm}", f"down{level}_norm"))
        if block.up_norm:
            modules.append(Module(f"{prefix}.{block.up_norm}", f"{up}_norm"))
        prefix += f".{block.inner}.model"
    return modules


def resnet(blocks: int, has_dropout: bool) -> list[Module]:
    """The modules of a residual generator; dropout has a place in the sequence of a block, though no tensors."""
    modules = []
    places = [(1, "first"), (4, "half1"), (7, "half2"), (10 + blocks, "double1"), (13 + blocks, "double2")]
    for block in range(1, blocks + 1):
        prefix, second = f"{9 + block}.conv_block", 6 if has_dropout else 5
        places += [(f"{prefix}.1", f"block{block}a"), (f"{prefix}.{second}", f"block{block}b")]
    for place, layer in places:
        *prefix, number = str(place).split(".")
        norm = ".".join(["model", *prefix, str(int(number) + 1)])
        modules += [Module(f"model.{place}", f"{layer}_conv"), Module(norm, f"{layer}_norm")]
    return [*modules, Module(f"model.{17 + blocks}", "last_conv", has_bias=True)]


def patchgan(receptive_field: int) -> list[Module]:
    """The modules of a discriminator; receptive field 1 is the port's `pixel`, the others are its `n_layers`."""
    if receptive_field == 1:
        return [
            Module("net.0", "disc1_conv", has_bias=True),
            Module("net.2", "disc2_conv"),
            Module("net.3", "disc2_norm"),
            Module("net.5", "logits"),
        ]
    modules = [Module("model.0", "disc1_conv", has_bias=True)]
    strided = STRIDED_LAYERS[receptive_field]
    for layer in range(1, strided + 1):
        modules.append(Module(f"model.{3 * layer - 1}", f"disc{layer + 1}_conv"))
        modules.append(Module(f"model.{3 * layer}", f"disc{layer + 1}_norm"))
    return [*modules, Module(f"model.{3 * strided + 2}", "logits", has_bias=True)]


def parameters(modules: list[Module], norm: str) -> dict[str, str]:
    """{tensor: variable} of all that the port trains: `model.model.0.weight` → `down1_conv/kernel`.

    With instance norm the port also has the biases that it cancels; no variable here has their names.
    """
    names = {}
    for name, layer, has_bias in modules:
        if not layer.endswith("_norm"):
            names[f"{name}.weight"] = f"{layer}/kernel"
            if has_bias or norm == "instance":
                names[f"{name}.bias"] = f"{layer}/bias"
        elif norm == "batch":
            names[f"{name}.weight"] = f"{layer}/gamma"
            names[f"{name}.bias"] = f"{layer}/beta"
    return names


def statistics(modules: list[Module], norm: str) -> dict[str, str]:
    """{tensor: variable} of the moving averages: each name's last part tells which; the variable is the norm's gamma.

    Batch norm has them; instance norm had them in old versions of PyTorch. Nothing here reads them.
    """
    kinds = ("running_mean", "running_var", "num_batches_tracked") if norm != "none" else ()
    return {
        f"{name}.{kind}": f"{layer}/gamma" for name, layer, _ in modules if layer.endswith("_norm") for kind in kinds
    }

"""What a network of the port is, inferred from the names and shapes of its tensors, and what is refused."""

import re
import typing

from pix2pix_tf.config_checks import MAX_LEVELS, MIN_LEVELS
from pix2pix_tf.errors import UserError
from pix2pix_tf.interop import weight_names
from pix2pix_tf.networks.discriminator import STRIDED_LAYERS


class Generator(typing.NamedTuple):
    """A generator of the port: a U-Net of `levels`, or the residual one of `blocks`, whose files tell of dropout."""

    kind: str
    levels: int
    blocks: int
    has_dropout: bool
    base_filters: int
    input_channels: int
    output_channels: int
    norm: str


class PatchGAN(typing.NamedTuple):
    """A discriminator of the port."""

    receptive_field: int
    base_filters: int
    input_channels: int
    norm: str


def generator_of(tensors: dict, path: str) -> Generator:
    """The generator in the file `path`; UserError if it is none that can be represented here."""
    _refuse_what_has_no_place_here(tensors, path)
    if _is_discriminator(tensors):
        raise UserError(f"{path} is a discriminator; give it as --discriminator, and a generator as --generator.")
    if f"{weight_names.RESNET_FIRST}.weight" in tensors:
        return _resnet_of(tensors, path)
    if f"{weight_names.FIRST}.weight" not in tensors:
        raise UserError(
            f"{path} is no generator of the port, as it has neither a tensor {weight_names.FIRST}.weight (U-Net) nor "
            f"{weight_names.RESNET_FIRST}.weight (resnet)."
        )
    return _unet_of(tensors, path)


def _unet_of(tensors, path):
    levels = 1
    prefix = "model.model.1.model"
    while f"{prefix}.1.weight" in tensors:
        levels += 1
        prefix += ".3.model"
    if not MIN_LEVELS <= levels <= MAX_LEVELS:
        raise UserError(
            f"{path} is a U-Net that halves its input {levels} times; here it is {MIN_LEVELS} to {MAX_LEVELS} times, "
            "as with the port's unet_128 (7) and unet_256 (8)."
        )
    filters, inputs, *_ = _kernel_shape(tensors, weight_names.FIRST, path)
    _, outputs, *_ = _kernel_shape(tensors, weight_names.LAST, path)
    norm = _norm(tensors, weight_names.unet(levels), "down2")
    return Generator("unet", levels, 0, True, filters, inputs, outputs, norm)


def _resnet_of(tensors, path):
    blocks = len({name.split(".")[1] for name in tensors if ".conv_block." in name})
    if blocks not in (6, 9):
        raise UserError(f"{path} is a resnet of {blocks} blocks; here it has 6 or 9, as the port's options have it.")
    has_dropout = "model.10.conv_block.6.weight" in tensors and "model.10.conv_block.5.weight" not in tensors
    modules = weight_names.resnet(blocks, has_dropout)
    filters, inputs, *_ = _kernel_shape(tensors, weight_names.RESNET_FIRST, path)
    outputs, *_ = _kernel_shape(tensors, modules[-1].name, path)
    return Generator("resnet", 2, blocks, has_dropout, filters, inputs, outputs, _norm(tensors, modules, "first"))


def patchgan_of(tensors: dict, path: str) -> PatchGAN:
    """The discriminator in the file `path`; UserError if it is none that can be represented here."""
    _refuse_what_has_no_place_here(tensors, path)
    if {f"{weight_names.FIRST}.weight", f"{weight_names.RESNET_FIRST}.weight"} & tensors.keys():
        raise UserError(f"{path} is a generator; give it as --generator, and a discriminator as --discriminator.")
    if not _is_discriminator(tensors):
        raise UserError(
            f"{path} is no PatchGAN of the port, as it has neither a tensor model.0.weight nor net.0.weight."
        )
    receptive_field = 1 if "net.0.weight" in tensors else _receptive_field(tensors, path)
    modules = weight_names.patchgan(receptive_field)
    filters, inputs, *_ = _kernel_shape(tensors, modules[0].name, path)
    return PatchGAN(receptive_field, filters, inputs, _norm(tensors, modules, "disc2"))


def _refuse_what_has_no_place_here(tensors, path):
    if any(name.endswith((".weight_orig", ".weight_u")) or "parametrizations." in name for name in tensors):
        raise UserError(f"{path} uses spectral norm, which has no counterpart here; train without it to import it.")


def _is_discriminator(tensors):
    return "model.0.weight" in tensors or "net.0.weight" in tensors


def _receptive_field(tensors, path):
    """Told by the place of the last convolution."""
    fields = {weight_names.patchgan(field)[-1].name: field for field in STRIDED_LAYERS}
    places = [int(name.split(".")[1]) for name in tensors if re.fullmatch(r"model\.\d+\.\w+", name)]
    last = f"model.{max(places)}"
    if last not in fields:
        raise UserError(
            f"{path} is a discriminator whose last layer is {last}; receptive fields 16, 70 and 286 "
            f"(n_layers_D 1, 3 and 5) end with {', '.join(fields)}."
        )
    return fields[last]


def _kernel_shape(tensors, module, path):
    shape = tensors[f"{module}.weight"].shape if f"{module}.weight" in tensors else ()
    if len(shape) != 4:
        raise UserError(f"{path} is no network of the port, as {module}.weight is no kernel of a convolution.")
    return shape


def _norm(tensors, modules, block):
    """As the port decides on biases: a convolution before a norm has one with instance norm only."""
    names = {module.layer: module.name for module in modules}
    if f"{names[f'{block}_norm']}.weight" in tensors:
        return "batch"
    return "instance" if f"{names[f'{block}_conv']}.bias" in tensors else "none"

"""The port's files → an ordinary run directory at step 0."""

import os

from pix2pix_tf.config_fields import CHANNELS
from pix2pix_tf.data import found_sides
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.errors import UserError
from pix2pix_tf.interop import architecture, weight_names
from pix2pix_tf.interop.pytorch_files import read_tensors
from pix2pix_tf.interop.weights import fill
from pix2pix_tf.runs import config_for_run, save_config
from pix2pix_tf.tasks import get_task, tasks_by_channels
from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.training.ema import start_average
from pix2pix_tf.training.state import new_state


def import_run(generator_path: str, discriminator_path: str | None, workdir: str, given: dict) -> list[str]:
    """Makes a run directory of a generator of the port and, if there is one, its discriminator.

    The files are state dicts; `given` are the `Config` fields that the user set, without those that the files tell.
    Returns sentences that say what was imported, and what was not.

    Raises:
      UserError: a file cannot be represented here, the two do not fit, or `given` contradicts them.
    """
    if os.path.lexists(workdir) and (not os.path.isdir(workdir) or os.listdir(workdir)):
        raise UserError(f"{workdir} is there already, and an import overwrites nothing; give another --workdir.")
    tensors = {"generator": read_tensors(generator_path)}
    network = architecture.generator_of(tensors["generator"], generator_path)
    inferred = {"generator": network.kind, "upsampling": "transposed"}
    inferred |= {"base_filters": network.base_filters, "norm": network.norm}
    report = [
        f"{generator_path}: {_depth(network)} and width {network.base_filters}, "
        f"{network.input_channels} → {network.output_channels} channels, {network.norm} norm"
    ]
    if discriminator_path:
        tensors["discriminator"] = read_tensors(discriminator_path)
        patchgan = architecture.patchgan_of(tensors["discriminator"], discriminator_path)
        own_width = 0 if patchgan.base_filters == network.base_filters else patchgan.base_filters
        inferred |= {"receptive_field": patchgan.receptive_field, "conditional": _sees_input(patchgan, network)}
        inferred["discriminator_filters"] = own_width
        _check_that_they_fit(patchgan, network)
        report.append(
            f"{discriminator_path}: discriminator of receptive field {patchgan.receptive_field}, "
            f"{'conditional' if inferred['conditional'] else 'unconditional'}"
        )
    for name, value in inferred.items():
        if given.get(name, value) != value:
            raise UserError(f"The files have {name}={value!r}, not {given[name]!r}; leave --{name} out.")
    config = _config(network, workdir, inferred, given)
    if discriminator_path and not config.gan_weight:
        raise UserError(
            f"With gan_weight 0 there is no discriminator to import {discriminator_path} into; leave one out."
        )

    networks, optimizers = new_state(config)
    modules = {"generator": weight_names.generator(network.kind, network.levels, network.blocks, network.has_dropout)}
    paths = {"generator": generator_path, "discriminator": discriminator_path}
    if config.gan_weight:
        modules["discriminator"] = weight_names.patchgan(config.receptive_field)
    for name in tensors:
        dropped = fill(networks[name], modules[name], config.norm, tensors[name], paths[name])
        if dropped:
            report.append(f"{paths[name]}: dropped {len(dropped)} biases that the instance norm behind them cancels")
    if config.gan_weight and not discriminator_path:
        report.append("no --discriminator: training starts with a fresh one")

    start_average(networks)
    save_config(config, workdir)
    Checkpoints(workdir, config.keep_checkpoints, networks, optimizers).save()
    return [*report, f"{workdir} is a run at step 0"]


def _depth(network):
    return f"U-Net of {network.levels} levels" if network.kind == "unet" else f"resnet of {network.blocks} blocks"


def _sees_input(patchgan, network):
    """Whether the discriminator is conditional, as its input channels tell."""
    alone, together = network.output_channels, network.input_channels + network.output_channels
    if patchgan.input_channels not in (alone, together):
        raise UserError(
            f"The discriminator takes {patchgan.input_channels} channels; with this generator it must be {together} "
            f"(conditional) or {alone} (unconditional)."
        )
    return patchgan.input_channels == together


def _check_that_they_fit(patchgan, network):
    if patchgan.norm != network.norm:
        raise UserError(
            f"The discriminator has norm={patchgan.norm!r} and the generator {network.norm!r}, but a run has one for "
            "both; leave --discriminator out to start with a fresh one."
        )


def _config(network, workdir, inferred, given):
    """The run's configuration: what the files tell, then what the user gave, then presets and defaults."""
    channels = network.input_channels, network.output_channels
    usual = tasks_by_channels().get(channels, "translate")
    name = given.get("task", usual)
    of_data = {} if name.startswith("colorize") else dict(zip(CHANNELS, channels, strict=True))
    size = {6: 128, 9: 256}[network.blocks] if network.blocks else 2**network.levels
    dropout = {} if network.has_dropout else {"dropout": 0.0}
    chosen = {"task": name, "image_size": size, **dropout, **of_data, **given, **inferred}
    config = config_for_run(workdir, chosen)
    task = get_task(config)
    if (task.input_channels, task.output_channels) != channels:
        raise UserError(
            f"The generator makes {channels[1]} channels of {channels[0]}, and task {config.task} needs "
            f"{task.output_channels} of {task.input_channels}; leave --task out, or take {usual}."
        )
    if config.residual_blocks != network.blocks:
        raise UserError(
            f"The generator has {network.blocks} blocks, and with image_size {config.image_size} it would be "
            f"{config.residual_blocks}; take {size}."
        )
    if config.levels != network.levels:
        raise UserError(
            f"The generator halves its input {network.levels} times, and with image_size {config.image_size} it would "
            f"be {config.levels}; take {size}."
        )
    if channels == (3, 3) or not of_data or not config.data_dir:
        return config
    config = found_sides.settled(config)
    return found_sides.measured(config, open_source(config))[0]

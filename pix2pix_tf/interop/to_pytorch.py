"""A run → files that the port loads with `strict=True`."""

import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.interop import weight_names
from pix2pix_tf.interop.pytorch_files import write_tensors
from pix2pix_tf.interop.weights import tensors_of
from pix2pix_tf.networks.discriminator import build_discriminator
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.runs import load_config
from pix2pix_tf.training import checkpoints
from pix2pix_tf.utils.atomic import make_folder


def export_run(
    workdir: str, output: str, checkpoint: str = "latest", overwrite: bool = False, weights: str = "auto"
) -> list[str]:
    """Writes `output/latest_net_G.pth` and, if the checkpoint has a discriminator, `latest_net_D.pth`.

    `checkpoint` is "latest", or "best", which holds a generator alone; `weights` of the generator are those of
    `checkpoints.chosen_weights`. Returns the paths of the files.

    Raises:
      UserError: the run has no counterpart in the port, or a file is there already.
    """
    config = load_config(workdir)
    if config.generator == "encoder_decoder" or config.upsampling != "transposed":
        raise UserError(
            f"{workdir} has generator={config.generator} and upsampling={config.upsampling}; the port has unet and "
            "resnet only, and transposed convolutions."
        )
    networks = {"generator": build_generator(config)}
    kind = (config.generator, config.levels, config.residual_blocks, config.dropout > 0)
    modules = {"generator": weight_names.generator(*kind)}
    paths = {"generator": os.path.join(output, "latest_net_G.pth")}
    stored = checkpoints.path_of(workdir, checkpoint)
    if "discriminator" in checkpoints.networks_in(stored):
        networks["discriminator"] = build_discriminator(config)
        modules["discriminator"] = weight_names.patchgan(config.receptive_field)
        paths["discriminator"] = os.path.join(output, "latest_net_D.pth")
    for path in paths.values():
        if os.path.lexists(path) and not overwrite:
            raise UserError(f"{path} is there already; give another --output, or --overwrite to replace it.")

    checkpoints.load_networks(stored, **networks)
    checkpoints.load_generator(networks["generator"], stored, weights)
    tensors = {name: tensors_of(networks[name], modules[name], config.norm, workdir) for name in networks}
    make_folder(output, "--output")
    for name, path in paths.items():
        write_tensors(tensors[name], path)
    return list(paths.values())

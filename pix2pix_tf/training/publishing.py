"""A trained run as a small run directory to hand on."""

import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.discriminator import build_discriminator
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.runs import load_config, save_config
from pix2pix_tf.training import checkpoints, weights_file


def publish(model: str, output: str, checkpoint: str = "latest", dataset: str | None = None) -> str:
    """Writes a run's settings and its networks' weights, in 16 bits, to a new run directory.

    Args:
      model: the run directory.
      output: the folder to make.
      checkpoint: "latest", "best" (a generator alone), or "step-N".
      dataset: the name of the data set that stands in the settings for the folder the run was trained on.

    Returns:
      The path of the weights file.

    Raises:
      UserError: the run cannot be read, or `output` holds weights already.
    """
    if weights_file.path_of(output) or os.path.exists(os.path.join(output, "config.json")):
        raise UserError(f"{output} holds a run already; give another --output.")
    config = load_config(model)
    networks = {"generator": build_generator(config)}
    if config.gan_weight and checkpoint != checkpoints.BEST:
        networks["discriminator"] = build_discriminator(config)
    step = checkpoints.load_networks(checkpoints.path_of(model, checkpoint), **networks)
    save_config(config.replace(data_dir="", dataset=dataset) if dataset else config, output)
    return weights_file.save(output, step, **networks)

"""A trained run as a small run directory to hand on."""

from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import is_run, load_config, save_config
from pix2pix_tf.training import checkpoints, weights_file
from pix2pix_tf.training.state import new_networks
from pix2pix_tf.utils.atomic import make_folder

_PATHS = {"data_dir": "", "init_from": "", "vgg_weights": "imagenet"}  # Fields that may hold a path of this machine.


def publish(model: str, output: str, checkpoint: str = "latest", dataset: str | None = None) -> str:
    """Writes a run's settings and its networks' weights, in 16 bits, to a new run directory.

    `checkpoint` is "latest", "best" (without a discriminator), or "step-N"; the name `dataset` stands in the settings
    for the folder that the run was trained on, and no other path of this machine is left there. Returns the path of the
    weights file.

    Raises:
      UserError: the run cannot be read, or `output` holds weights already.
    """
    if weights_file.path_of(output) or is_run(output):
        raise UserError(f"{output} holds a run already; give another --output.")
    config = load_config(model)
    path = checkpoints.path_of(model, checkpoint)
    there = checkpoints.networks_in(path)
    networks = {name: network for name, network in new_networks(config).items() if name in there}
    step = checkpoints.load_networks(path, **networks)
    make_folder(output, "--output")
    save_config(config.replace(**_PATHS, dataset=dataset) if dataset else config, output)
    return weights_file.save(output, step, **networks)

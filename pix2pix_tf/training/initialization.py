"""`--init_from`: a new run that starts with the weights of another."""

from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import NETWORK_FIELDS, load_config
from pix2pix_tf.tasks import get_task
from pix2pix_tf.training import checkpoints
from pix2pix_tf.training.ema import start_average

_OF_THE_DISCRIMINATOR = {"receptive_field", "conditional", "discriminator_filters"}


def initialize(config: Config, networks: dict) -> str:
    """Fills fresh networks with the weights of the run `config.init_from`, and returns a sentence that says so.

    The generator must be there. The discriminator is taken where that run has one. So is the average of the
    generator's weights; else it starts with the weights themselves.

    Raises:
      UserError: the other run cannot be read, or its networks are of another kind.
    """
    other = load_config(config.init_from)
    path = checkpoints.path_of(config.init_from)
    names = [name for name in networks if name in checkpoints.networks_in(path)]
    _check_alike(config, other, names)
    step = checkpoints.load_networks(path, **{name: networks[name] for name in names})
    if "ema" not in names:
        start_average(networks)
    fresh = "" if "discriminator" in names or "discriminator" not in networks else ", and a fresh discriminator"
    return f"starts with the {' and '.join(names)} of {config.init_from}, step {step}{fresh}; the optimizers are fresh"


def _check_alike(config, other, names):
    unused = set() if "discriminator" in names else _OF_THE_DISCRIMINATOR
    for field in (*NETWORK_FIELDS, "levels", "residual_blocks"):
        if field in unused:
            continue
        ours, theirs = getattr(config, field), getattr(other, field)
        if ours != theirs:
            advice = f"--{field}={theirs}" if field in NETWORK_FIELDS else "an --image_size with as many"
            raise UserError(f"{config.init_from} has {field}={theirs}, but this run {ours}; give {advice}.")
    ours, theirs = (get_task(each) for each in (config, other))
    if (ours.input_channels, ours.output_channels) != (theirs.input_channels, theirs.output_channels):
        advice = "give data of that kind" if config.task == other.task else f"give --task={other.task}"
        raise UserError(
            f"{config.init_from}, of task {other.task}, makes {theirs.output_channels} channels of "
            f"{theirs.input_channels}, but this run, of task {config.task}, {ours.output_channels} of "
            f"{ours.input_channels}; {advice}."
        )

"""What a run trains: the networks of its configuration, and an optimizer for each."""

from pix2pix_tf.networks.discriminator import build_discriminator
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.loss_scale import LossScale


def variables_of(network) -> list:
    """A Keras network's trainable TensorFlow variables, in their fixed order."""
    return [variable.value for variable in network.trainable_variables]


def new_networks(config) -> dict:
    """Fresh networks by name: `generator`; `discriminator` unless `gan_weight` is 0; `ema`, if that is above 0."""
    networks = {"generator": build_generator(config)}
    if config.gan_weight:
        networks["discriminator"] = build_discriminator(config)
    if config.ema:
        networks["ema"] = build_generator(config)
    return networks


def new_state(config) -> tuple[dict, dict]:
    """Fresh networks and the optimizers of those that are trained, both by name."""
    networks = new_networks(config)
    trained = {name: network for name, network in networks.items() if name != "ema"}
    return networks, {name: Adam(variables_of(network), config.beta_1) for name, network in trained.items()}


def new_loss_scales(config) -> dict[str, LossScale]:
    """What scales the losses of the networks, by name; nothing unless the precision is float16."""
    names = ("generator", "discriminator") if config.gan_weight else ("generator",)
    return {name: LossScale() for name in names} if config.precision == "float16" else {}

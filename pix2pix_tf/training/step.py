"""One training step: D first, then G on the updated D (paper, section 3.3)."""

from collections.abc import Callable

import keras
import tensorflow as tf

from pix2pix_tf import losses
from pix2pix_tf.config import Config
from pix2pix_tf.networks.discriminator import feature_layers
from pix2pix_tf.networks.layers import run
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.devices import mean_over_devices
from pix2pix_tf.training.ema import update_averages
from pix2pix_tf.training.loss_scale import LossScale
from pix2pix_tf.training.schedules import discriminator_factor
from pix2pix_tf.training.state import variables_of


def loss_names(config: Config) -> tuple[str, ...]:
    """The losses that a training step of this configuration returns."""
    names = []
    if config.gan_weight:
        names += ["d_loss", "d_real", "d_fake"] + (["d_r1"] if config.r1_weight else [])
    names.append("g_loss")
    if config.feature_matching_weight:
        names.append("g_feature_matching")
    if config.gan_weight:
        names.append("g_gan")
    if config.reconstruction_weight:
        names.append(f"g_{config.reconstruction}")
    if config.perceptual_weight:
        names.append("g_perceptual")
    return tuple(names)


def make_train_step(
    config: Config,
    generator: keras.Model,
    discriminator: keras.Model | None,
    generator_optimizer: Adam,
    discriminator_optimizer: Adam | None,
    loss_scales: dict[str, LossScale] | None = None,
    ema: keras.Model | None = None,
    perceptual: keras.Model | None = None,
) -> Callable[..., dict[str, tf.Tensor]]:
    """A compiled step for these networks.

    Args:
      config: the run's `Config`.
      generator, discriminator, generator_optimizer, discriminator_optimizer: those of `new_state`.
      loss_scales: those of `new_loss_scales`, by name.
      ema: the network of the generator's averaged weights, if there is one.
      perceptual: `perceptual_network`, where `perceptual_weight` is above 0.

    Returns:
      A `tf.function` of (condition [N, H, W, C], target [N, H, W, C'], noise seeds int [N, 2], learning rate) that
      updates both networks and returns a dict of scalar losses: `d_loss`, `d_real`, `d_fake`, `d_r1`, `g_loss`,
      `g_gan`, `g_l1` (or `g_l2`), `g_feature_matching`, `g_perceptual`; without those whose weight is 0; with loss
      scales also `skipped`, 1 if the gradients of a network overflowed, which leaves it as it is. On many devices, each
      runs it on its part of the batch; gradients and losses are means over all of them.
    """
    generator_variables = variables_of(generator)
    discriminator_variables = variables_of(discriminator) if config.gan_weight else []
    with_features = feature_layers(discriminator) if config.feature_matching_weight else None
    rate_factor = discriminator_factor(config)

    def scaled(name, loss):
        return loss * loss_scales[name].scale if loss_scales else loss

    def update(name, optimizer, gradients, variables, learning_rate):
        """One step of an optimizer → {"skipped": 0 or 1} with loss scales, else {}."""
        gradients = mean_over_devices(gradients)
        if not loss_scales:
            optimizer.apply(gradients, variables, learning_rate)
            return {}
        gradients, is_finite = loss_scales[name].unscaled(gradients)
        optimizer.apply(gradients, variables, learning_rate, unless_skipped=is_finite)
        loss_scales[name].update(is_finite)
        return {"skipped": 1.0 - tf.cast(is_finite, tf.float32)}

    def pair(condition, image):
        return [condition, image] if config.conditional else image

    def discriminate(network, condition, image):
        return run(network, pair(condition, image), statistics="batch", gradients=True)

    def discriminator_step(condition, target, fake, learning_rate):
        with tf.GradientTape() as tape:
            with tf.GradientTape(watch_accessed_variables=False) as real_tape:
                real_tape.watch(target)
                real_logits = discriminate(discriminator, condition, target)
            fake_logits = discriminate(discriminator, condition, fake)
            loss, real_term, fake_term = losses.discriminator_loss(
                config.gan_loss, real_logits, fake_logits, config.label_smoothing
            )
            terms = {"d_real": real_term, "d_fake": fake_term}
            if config.r1_weight:
                # What D says of an image is the mean of its patches' logits.
                patches = real_logits.shape[1] * real_logits.shape[2]
                terms["d_r1"] = losses.r1_penalty(real_tape.gradient(real_logits, target) / patches)
                loss += config.r1_weight / 2.0 * terms["d_r1"]
            loss_to_derive = scaled("discriminator", loss)
        gradients = tape.gradient(loss_to_derive, discriminator_variables)
        rate = learning_rate if rate_factor == 1.0 else learning_rate * rate_factor
        skipped = update("discriminator", discriminator_optimizer, gradients, discriminator_variables, rate)
        return {"d_loss": loss} | terms | skipped

    def generator_loss(condition, target, fake):
        terms = {}
        total = 0.0
        if config.gan_weight:
            if with_features:
                fake_logits, *fake_features = discriminate(with_features, condition, fake)
                _, *real_features = discriminate(with_features, condition, target)
                terms["g_feature_matching"] = losses.feature_matching_loss(real_features, fake_features)
                total += config.feature_matching_weight * terms["g_feature_matching"]
            else:
                fake_logits = discriminate(discriminator, condition, fake)
            terms["g_gan"] = losses.generator_gan_loss(config.gan_loss, fake_logits)
            total += config.gan_weight * terms["g_gan"]
        if config.reconstruction_weight:
            name = f"g_{config.reconstruction}"
            terms[name] = losses.reconstruction_loss(config.reconstruction, target, fake)
            total += config.reconstruction_weight * terms[name]
        if config.perceptual_weight:
            terms["g_perceptual"] = losses.feature_matching_loss(perceptual(target), perceptual(fake))
            total += config.perceptual_weight * terms["g_perceptual"]
        return total, terms

    @tf.function(autograph=False)
    def train_step(condition, target, seeds, learning_rate):
        with tf.GradientTape() as generator_tape:
            fake = run(generator, condition, statistics="batch", seed=seeds, gradients=True)
        logs = {}
        if config.gan_weight:
            logs |= discriminator_step(condition, target, fake, learning_rate)
        # The gradient with respect to the fake first, then through G: D's own weights need none here.
        with tf.GradientTape(watch_accessed_variables=False) as fake_tape:
            fake_tape.watch(fake)
            loss, terms = generator_loss(condition, target, fake)
            loss_to_derive = scaled("generator", loss)
        to_fake = fake_tape.gradient(loss_to_derive, fake)
        gradients = generator_tape.gradient(fake, generator_variables, output_gradients=to_fake)
        skipped = update("generator", generator_optimizer, gradients, generator_variables, learning_rate)
        if ema:
            update_averages(variables_of(ema), generator_variables, config.ema, generator_optimizer.iterations)
        if "skipped" in logs:
            skipped["skipped"] = tf.maximum(skipped["skipped"], logs["skipped"])
        return mean_over_devices(logs | {"g_loss": loss} | terms | skipped)

    return train_step

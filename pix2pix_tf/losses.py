"""The paper's objective (section 3.1) and its relatives, as pure functions of float tensors.

Logits are the discriminator's raw outputs, [N, h, w, 1], one for each patch; every loss is a scalar,
the mean over all elements, in float32.
"""

import tensorflow as tf


def _cross_entropy(logits, label):
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def _least_squares(logits, label):
    return tf.reduce_mean(tf.square(logits - label))


def _hinge(logits, label):
    return tf.reduce_mean(tf.nn.relu(1.0 - logits if label else 1.0 + logits))


_GAN_LOSSES = {"vanilla": _cross_entropy, "lsgan": _least_squares, "hinge": _hinge}


def discriminator_loss(
    gan_loss: str, real_logits: tf.Tensor, fake_logits: tf.Tensor, label_smoothing: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What D minimizes: ½ (loss of calling real real + loss of calling fake fake).

    The halving slows D down relative to G (paper, section 3.3).

    Args:
      gan_loss: "vanilla", "lsgan" (Mao et al. 2017) or "hinge" (Lim and Ye 2017).
      label_smoothing: real pairs have the label 1 minus this, fake ones 0 (one-sided, Salimans et al. 2016). Not in
        the paper.

    Returns:
      (total, real term, fake term); the terms are not halved.
    """
    loss = _GAN_LOSSES[gan_loss]
    real = loss(tf.cast(real_logits, tf.float32), 1.0 - label_smoothing)
    fake = loss(tf.cast(fake_logits, tf.float32), 0.0)
    return 0.5 * (real + fake), real, fake


def generator_gan_loss(gan_loss: str, fake_logits: tf.Tensor) -> tf.Tensor:
    """What G minimizes of the game: the loss of calling fake real.

    For cross-entropy this is the non-saturating form, max log D(x, G(x, z)), not
    min log(1 - D(x, G(x, z))) (paper, section 3.3). With hinge it is the mean of -D.
    """
    logits = tf.cast(fake_logits, tf.float32)
    return -tf.reduce_mean(logits) if gan_loss == "hinge" else _GAN_LOSSES[gan_loss](logits, 1.0)


def r1_penalty(gradients: tf.Tensor) -> tf.Tensor:
    """Mean over images of the squared norm of D's gradient, [N, H, W, C], at real images.

    R1 of Mescheder et al. 2018, equation 9. Not in the paper.
    """
    return tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(gradients, tf.float32)), axis=(1, 2, 3)))


def reconstruction_loss(reconstruction: str, target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean absolute ("l1", paper, equation 3) or mean squared ("l2") distance."""
    difference = tf.cast(target, tf.float32) - tf.cast(output, tf.float32)
    return tf.reduce_mean(tf.abs(difference) if reconstruction == "l1" else tf.square(difference))


def feature_matching_loss(real_features: list[tf.Tensor], fake_features: list[tf.Tensor]) -> tf.Tensor:
    """Mean L1 distance between a network's layers on real and fake, averaged over the layers.

    Of D's hidden layers: the L1 form of pix2pixHD (Wang et al. 2018, equation 4), after Salimans et al. 2016. Of
    VGG-16's features: the perceptual loss. Neither is in the paper. No gradient flows into the real side.
    """
    distances = [
        reconstruction_loss("l1", tf.stop_gradient(real), fake)
        for real, fake in zip(real_features, fake_features, strict=True)
    ]
    return tf.add_n(distances) / len(distances)

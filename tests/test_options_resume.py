"""Whatever an option adds to a training step is in the checkpoint: a step that is resumed is the same, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.training.state import new_state
from pix2pix_tf.training.step import make_train_step

OPTIONS = [
    {"ema": 0.9, "r1_weight": 5.0, "label_smoothing": 0.1, "discriminator_learning_rate": 1e-3},
    {"upsampling": "resize", "gan_loss": "hinge"},
    {"generator": "resnet", "perceptual_weight": 2.0},
]


def step_of(config, networks, optimizers):
    return make_train_step(
        config,
        networks["generator"],
        networks["discriminator"],
        optimizers["generator"],
        optimizers["discriminator"],
        ema=networks.get("ema"),
        perceptual=lambda image: [tf.nn.avg_pool2d(image, 2, 2, "VALID")],  # In the place of VGG-16.
    )


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: ", ".join(options))
def test_a_resumed_step_is_the_same(tiny, tmp_path, options):
    config = tiny(**options)
    networks, optimizers = new_state(config)
    saved = Checkpoints(str(tmp_path), 1, networks, optimizers)
    step = step_of(config, networks, optimizers)
    variables = [variable.value for network in networks.values() for variable in network.weights]
    variables += [variable for optimizer in optimizers.values() for variable in optimizer.variables]

    def train(number):
        condition, target = (tf.random.stateless_uniform([2, 32, 32, 3], [number, i], -1.0, 1.0) for i in range(2))
        losses = step(condition, target, tf.constant([[number, 1], [number, 2]], tf.int64), tf.constant(1e-3))
        return [value.numpy() for value in (*variables, *losses.values())]

    before = train(1)
    saved.save()
    expected = train(2)
    assert all(np.any(old != new) for old, new in zip(before, expected, strict=True) if old.size > 50)
    for variable in variables:
        variable.assign(tf.zeros_like(variable))
    saved.restore()
    for old, new in zip(expected, train(2), strict=True):
        np.testing.assert_array_equal(new, old)

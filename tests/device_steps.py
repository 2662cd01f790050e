"""A process of its own for test_devices.py: `device_steps.py DEVICES OUT.npz NORM` trains under plain descent.

It splits the CPU into DEVICES logical ones, which must happen before TensorFlow starts, takes a few steps on the
same batches of 2, and stores losses, gradients of the first step and weights.
"""

import sys

import numpy as np
import tensorflow as tf

from pix2pix_tf import Config, build_discriminator, build_generator
from pix2pix_tf.training.devices import Devices
from pix2pix_tf.training.state import variables_of
from pix2pix_tf.training.step import make_train_step

STEPS = 5


class Descent:
    """Plain gradient descent, which keeps the first gradients."""

    iterations = 90  # More than enough for the average to have its full decay.

    def __init__(self, variables):
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.fresh = tf.Variable(True, trainable=False)

    def apply(self, gradients, variables, learning_rate):
        fresh = self.fresh.read_value()
        for variable, first, gradient in zip(variables, self.first, gradients, strict=True):
            kept = tf.where(fresh, gradient, first.read_value())
            tf.raw_ops.AssignVariableOp(resource=first.handle, value=kept)
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)
        with tf.control_dependencies([fresh]):
            tf.raw_ops.AssignVariableOp(resource=self.fresh.handle, value=tf.constant(False))


def main(devices, out, norm):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    strategy = "none" if devices == 1 else "mirrored"
    config = Config(
        image_size=32, base_filters=4, receptive_field=16, batch_size=2, norm=norm, strategy=strategy, ema=0.5
    )
    devices = Devices(config)
    with devices.scope():
        networks = {"generator": build_generator(config), "discriminator": build_discriminator(config)}
        optimizers = [Descent(variables_of(network)) for network in networks.values()]
        ema = build_generator(config)
    step = devices.on_all(make_train_step(config, *networks.values(), *optimizers, ema=ema))
    results = {}
    for number in range(STEPS):
        condition, target = (tf.random.stateless_uniform([2, 32, 32, 3], [i, number], -1, 1) for i in range(2))
        seeds = tf.constant([[number, 1], [number, 2]], tf.int64)
        for name, loss in step(condition, target, seeds, tf.constant(0.002)).items():
            results[f"loss {number} {name}"] = loss
    for (name, network), optimizer in zip(networks.items(), optimizers, strict=True):
        for variable, first in zip(network.trainable_variables, optimizer.first, strict=True):
            results[f"gradient {name} {variable.path}"] = first
            results[f"weight {name} {variable.path}"] = variable.value
    results |= {f"weight ema {variable.path}": variable.value for variable in ema.trainable_variables}
    np.savez(out, **{name: np.asarray(value) for name, value in results.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])

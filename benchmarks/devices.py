"""What benchmarks share: the device's name and its speed at matrix products, the arithmetic of a step, a clock."""

import math
import os
import re
import statistics
import time

import numpy as np
import tensorflow as tf

MUCH_SLOWER = 2  # times float32: so far behind is a precision only where each instruction of it takes many others


def describe() -> str:
    """The device that TensorFlow computes on, such as "GPU: NVIDIA H100" or "CPU: AMD EPYC 9B14, 2 cores"."""
    if gpus := tf.config.list_physical_devices("GPU"):
        return f"GPU: {tf.config.experimental.get_device_details(gpus[0]).get('device_name', 'unknown')}"
    try:
        with open("/proc/cpuinfo") as file:
            model = re.search(r"model name\s*: (.+)", file.read())
    except OSError:
        model = None
    return f"CPU: {model[1] if model else 'unknown'}, {len(os.sched_getaffinity(0))} cores"


def matrix_speed(precision) -> float:
    """TFLOP/s of a product of two large square matrices on this device: the median of several, each timed to its end.

    2048 a side on a CPU, 8192 on a GPU.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    side, products = (8192, 10) if on_gpu else (2048, 2)
    matrix = tf.cast(tf.random.stateless_normal([side, side], [0, 1], stddev=side**-0.5), precision)

    @tf.function(autograph=False)
    def multiply(x):
        for _ in range(products):
            x = tf.matmul(x, matrix)
        return tf.reduce_sum(tf.cast(x, tf.float32))

    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        float(multiply(matrix))
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 * products / statistics.median(seconds[1:]) / 1e12


def flops(network) -> float:
    """The floating point operations of a call of a Keras network of convolutions with one image, two a multiplication.

    A convolution applies its kernel once for each pixel of its output, a transposed one for each of its input: the
    smaller of the two, of strides that halve or double.
    """
    total = 0
    for layer in network.layers:
        for kernel in (weight for weight in layer.weights if len(weight.shape) == 4):
            pixels = min(math.prod(size[1:3]) for size in (layer.input.shape, layer.output.shape))
            total += 2 * math.prod(kernel.shape) * pixels
    return total


def step_flops(generator, discriminator) -> float:
    """As `flops`, of a training step with one pair, where each gradient, to inputs or kernels, costs a call.

    G: a call and both gradients. D: for real and for fake the same three, and for G's loss a call and the gradient to
    its input.
    """
    return 3 * flops(generator) + 8 * flops(discriminator)


def seconds_in_turns(calls, rounds) -> dict:
    """{name: function} → {name: seconds of its calls}, one of each in turns, the first round left out."""
    seconds = {name: [] for name in calls}
    for round_number in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            np.asarray(call())
            if round_number:
                seconds[name].append(time.perf_counter() - start)
    return seconds

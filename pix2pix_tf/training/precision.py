"""Which precision is fast on this device: without instructions for it, bfloat16 is many times slower than float32."""

import time

import tensorflow as tf

from pix2pix_tf.utils.console import log, warn

_CALLS = 3
_LEAST_GAIN = 1.05  # Below, float32 is taken.
_SLOW = 1.5  # times as slow as float32: worth a warning


def decide(config, devices):
    """The configuration with a precision that is not "auto"; says what was chosen and why, or warns of a slow one.

    With many processes, they agree on the least that one of them chooses.
    """
    if config.precision == "float32":
        return config
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    # float16 is emulated on CPUs, and the gradients of R1 vanish in it.
    names = ("float32", "bfloat16", "float16") if has_gpu and not config.r1_weight else ("float32", "bfloat16")
    if config.precision != "auto":
        times = measure(config, ("float32", config.precision))
        if (factor := times[config.precision] / times["float32"]) > _SLOW:
            warn(f"{config.precision} is {factor:.1f} times slower than float32 on this device; try --precision=auto.")
        return config
    times = measure(config, names)
    fastest = min(times, key=times.get)
    chosen = fastest if times["float32"] / times[fastest] >= _LEAST_GAIN else "float32"
    chosen = names[min(devices.of_all_processes(names.index(chosen)))]
    numbers = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in times.items())
    log(f"precision {chosen}: one convolution and its gradients take {numbers} on this device")
    return config.replace(precision=chosen)


def measure(config, names) -> dict[str, float]:
    """{precision: seconds} of a convolution like the run's second one, with its gradients; the best of a few calls."""
    height, width = (max(side // 2, 32) for side in config.size)
    filters = max(config.base_filters, 16)
    x = tf.random.stateless_normal([config.batch_size, height, width, filters], [0, 0])
    kernel = tf.random.stateless_normal([4, 4, filters, 2 * filters], [0, 1])
    return {name: _seconds(tf.cast(x, name), tf.cast(kernel, name)) for name in names}


def _seconds(x, kernel):
    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            output = tf.nn.conv2d(x, kernel, strides=2, padding="SAME")
        return [tf.reduce_sum(tf.cast(gradient, tf.float32)) for gradient in tape.gradient(output, [x, kernel])]

    times = []
    for _ in range(1 + _CALLS):  # The first one compiles.
        start = time.perf_counter()
        for value in step():
            value.numpy()
        times.append(time.perf_counter() - start)
    return min(times[1:])

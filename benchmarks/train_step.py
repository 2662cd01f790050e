"""How long is a training step, beside the stock Keras formulation of the same step, and beside PyTorch?

    python benchmarks/train_step.py
    python benchmarks/train_step.py --peers --precision=float32 --batch_size=16

Stock: plain `Conv2D`, `Conv2DTranspose`, `BatchNormalization`, `Dropout` and `keras.optimizers.Adam`, D then G on
the updated D, in one `tf.function` (stock.py); PyTorch: pytorch_step.py. All steps run in one process on the same
data, in interleaved blocks, of which each first call is left out; the table shows medians and quartiles, the achieved
TFLOP/s, and their share of what the device makes of large matrix products of the same precision. A precision that
the device emulates, as one step shows, is left out.
"""

import statistics
import time

from absl import flags

from pix2pix_tf import Config, cli
from pix2pix_tf.utils.console import log

_FIELDS = cli.define_config_flags(only=["image_size", "batch_size", "base_filters"])
_PRECISION = flags.DEFINE_list("precision", ["float32", "bfloat16"], "precisions that are measured")
_COMPILE = flags.DEFINE_enum("compile", "none", ("none", "xla"), "how TensorFlow's steps are compiled")
_PEERS = flags.DEFINE_bool("peers", False, "PyTorch's step, too")
_ROUNDS = flags.DEFINE_integer("rounds", 8, "blocks of each kind", lower_bound=2)
_BLOCK = flags.DEFINE_integer("block", 6, "steps a block", lower_bound=2)
_SMALL = flags.DEFINE_integer("small", None, "largest side that takes the formulas of small.py; 0 for none")


def main():
    import devices
    import training_steps

    from pix2pix_tf import build_discriminator, build_generator

    config = Config(**cli.given_config_fields(_FIELDS))
    log(f"{devices.describe()}; {config.image_size}, batch {config.batch_size}, compiled by {_COMPILE.value}")
    speeds = {precision: devices.matrix_speed(precision) for precision in _PRECISION.value}
    log("matrix products: " + ", ".join(f"{name} {speed:.3f} TFLOP/s" for name, speed in speeds.items()))
    work = config.batch_size * devices.step_flops(build_generator(config), build_discriminator(config)) / 1e12
    steps = training_steps.make(config, _PRECISION.value, _PEERS.value, _COMPILE.value == "xla", _SMALL.value)
    warm = training_steps.warm_up(steps, training_steps.example(config))
    seconds = measure(warm, _ROUNDS.value, _BLOCK.value)
    stock = statistics.median(next(iter(seconds.values())))
    log(f"{'step':<23}{'seconds':>9}{'quartiles':>18}{'images/s':>10}{'x stock':>9}{'TFLOP/s':>10}{'share':>7}")
    for name, times in seconds.items():
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        speed = work / median
        log(
            f"{name:<23}{median:9.3f}{f'{low:.3f} to {high:.3f}':>18}{config.batch_size / median:10.2f}"
            f"{stock / median:9.2f}{speed:10.3f}{speed / speeds[name.split(', ')[1]]:7.2f}"
        )


def measure(steps, rounds, block):
    """{name: step} → {name: its times in seconds}, from interleaved blocks; says after each round how it stands."""
    seconds = {name: [] for name in steps}
    for round_number in range(rounds):
        for name, step in steps.items():
            for call in range(block):
                start = time.perf_counter()
                float(step()["g_l1"])
                if call:
                    seconds[name].append(time.perf_counter() - start)
        medians = (f"{name} {statistics.median(times):.3f} s" for name, times in seconds.items())
        log(f"round {round_number + 1} of {rounds}: {'; '.join(medians)}")
    return seconds


if __name__ == "__main__":
    cli.run(main)

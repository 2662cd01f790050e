"""How long is a call for an image, beside stock Keras layers and the bare generator, and how many are there a second?

    python benchmarks/inference.py
    python benchmarks/inference.py --sizes=256,512,1024,2048      # Translator on larger images

All calls run in one process on the same images, interleaved, after a warm-up; the table shows the median and the
quartiles of their times, how many times as fast as two of them they translate an image, the achieved TFLOP/s of the
generator, and their share of what the device makes of large matrix products. Stock Keras is a U-Net of plain layers
(stock.py), with the image's own norm statistics and with noise (`training=True`), or with moving averages. The network
alone is compiled for one size, and gets its input ready-made; the generator is `Translator.generate`, from RGB floats
of any size to the network's output; the export's `translate` takes and gives uint8, checks it, and for colorize makes
RGB of it; --peers adds PyTorch's U-Net, channels_last.
"""

import statistics
import tempfile

import numpy as np
from absl import flags, logging

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.console import log

_TASKS = flags.DEFINE_list("tasks", ["translate", "colorize"], "tasks that are measured")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_SIZES = flags.DEFINE_list("sizes", [], "instead: sides of square images that a Translator translates one by one")
_PRECISION = flags.DEFINE_string("precision", "float32", "of the inner layers")
_COMPILE = flags.DEFINE_enum("compile", "none", ("none", "xla"), "how stock Keras and the network alone are compiled")
_PEERS = flags.DEFINE_bool("peers", False, "PyTorch's network, too, where the task has three input channels")
_ROUNDS = flags.DEFINE_integer("rounds", 40, "calls of each kind", lower_bound=2)
_QUICK = flags.DEFINE_bool("quick", False, "a tiny network and few calls, to see that everything runs")

COUNTS = (1, 4, 16)  # images a request


def main():
    import devices

    logging.set_verbosity(logging.ERROR)  # Saving and loading a model logs much.
    small = {"image_size": 32, "base_filters": 4} if _QUICK.value else {"image_size": _IMAGE_SIZE.value}
    config = Config(precision=_PRECISION.value, **small)
    rounds = 2 if _QUICK.value else _ROUNDS.value
    speed = devices.matrix_speed(config.precision)
    log(f"{devices.describe()}; {config.image_size}, compiled by {_COMPILE.value}")
    log(f"matrix products: {config.precision} {speed:.3f} TFLOP/s")
    if _SIZES.value:
        if not all(size.isdecimal() and int(size) for size in _SIZES.value):
            raise UserError("--sizes must list numbers of pixels, such as 256,512.")
        measure_sizes(config, [int(size) for size in _SIZES.value], rounds, speed)
        return
    log(
        f"{'task':<12}{'call':<23}{'ms':>8}{'quartiles':>17}{'x stock':>9}{'x network':>11}{'images/s':>10}"
        f"{'TFLOP/s':>10}{'share':>7}"
    )
    for task in _TASKS.value:
        measure_task(config.replace(task=task), rounds, speed)


def measure_task(config, rounds, speed):
    """Prints the rows of a task."""
    import devices

    import pix2pix_tf

    with tempfile.TemporaryDirectory() as folder:
        measured = calls(config, folder)
        seconds = devices.seconds_in_turns({name: call for name, (_, call) in measured.items()}, rounds)
    work = devices.flops(pix2pix_tf.build_generator(config)) / 1e12
    stock, network = (statistics.median(seconds[name]) for name in ("stock Keras", "network alone"))
    for name, (count, _) in measured.items():
        low, median, high = statistics.quantiles(seconds[name], n=4, method="inclusive")
        log(
            f"{config.task:<12}{name:<23}{1000 * median:8.1f}{f'{1000 * low:.1f} to {1000 * high:.1f}':>17}"
            f"{stock * count / median:9.2f}{network * count / median:11.2f}{count / median:10.2f}"
            f"{work * count / median:10.3f}{work * count / median / speed:7.2f}"
        )


def calls(config, folder):
    """{name: (number of images, function that translates them)}: networks, generator, and the export in `folder`."""
    import tensorflow as tf
    from stock import keras_policy, stock_generator

    import pix2pix_tf
    from pix2pix_tf import images
    from pix2pix_tf.exporting import signatures
    from pix2pix_tf.tasks import get_task
    from pix2pix_tf.translation import at_inference

    generator = pix2pix_tf.build_generator(config, image_size=(None, None))
    translator = pix2pix_tf.Translator(config, generator)
    signatures.save(config, generator, 16_000_000, folder)
    translate = tf.saved_model.load(folder).signatures["translate"]

    noise = tf.random.stateless_uniform((max(COUNTS), *config.size, 3), [0, 1], maxval=256, dtype=tf.int32)
    batch = tf.cast(noise, tf.uint8)
    source = images.to_network(batch[:1])
    condition = get_task(config).condition(source)
    with keras_policy(config.precision):
        stock = stock_generator(config, condition.shape[-1], get_task(config).output_channels)
    xla = _COMPILE.value == "xla"
    tested, averaged = (tf.function(lambda x, m=mode: stock(x, training=m), jit_compile=xla) for mode in (True, False))
    signature = [tf.TensorSpec(condition.shape)]
    network = tf.function(at_inference(config, generator), signature, autograph=False, jit_compile=xla)
    return {
        "stock Keras": (1, lambda: tested(condition)),
        "stock Keras, averages": (1, lambda: averaged(condition)),
        "network alone": (1, lambda: network(condition)),
        "generator": (1, lambda: translator.generate(source)),
        **{
            f"export, {count} a request": (count, lambda request=batch[:count]: translate(image=request)["image"])
            for count in COUNTS
        },
        **(_pytorch_call(config, condition) if _PEERS.value and condition.shape[-1] == 3 else {}),
    }


def _pytorch_call(config, condition):
    import pytorch_step

    network = pytorch_step.inference(config, config.precision)
    array = condition.numpy()
    return {"PyTorch": (1, lambda: network(array))}


def measure_sizes(config, sizes, rounds, speed):
    """Prints how long a Translator takes for an image of each size, one row after another."""
    import devices

    import pix2pix_tf

    generator = pix2pix_tf.build_generator(config, image_size=(None, None))
    translator = pix2pix_tf.Translator(config, generator, size="own")
    height, width = config.size
    work = devices.flops(pix2pix_tf.build_generator(config)) / (height * width) / 1e12
    log(f"{'size':<14}{'ms':>9}{'quartiles':>20}{'images/s':>10}{'megapixels/s':>14}{'TFLOP/s':>10}{'share':>7}")
    for side in sizes:
        image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        times = devices.seconds_in_turns({side: lambda image=image: translator(image)}, rounds)[side]
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        spread = f"{1000 * low:.1f} to {1000 * high:.1f}"
        flops = work * side**2 / median
        log(
            f"{f'{side}x{side}':<14}{1000 * median:9.1f}{spread:>20}{1 / median:10.2f}"
            f"{side**2 / 1e6 / median:14.2f}{flops:10.3f}{flops / speed:7.2f}"
        )


if __name__ == "__main__":
    cli.run(main)

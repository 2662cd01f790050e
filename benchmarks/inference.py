"""How long is an answer, beside stock Keras layers and the bare generator, and how many are there a second?

    python benchmarks/inference.py
    python benchmarks/inference.py --sizes=256,512,1024,2048      # Translator on larger images

All calls run in one process on the same images, interleaved, after a warm-up; the table shows the median and the
quartiles of their times, and how many times as fast an image is answered as by two of them. Stock Keras is a U-Net of
plain layers (stock.py), with the image's own norm statistics and with noise (`training=True`), or with moving
averages. The network alone is compiled for one size, and gets its input ready-made; the generator is
`Translator.generate`, from RGB floats of any size to what the network says; the export's `translate` takes and gives
uint8, checks it, and for colorize makes RGB of it.
"""

import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app, flags, logging
from stock import stock_generator

import pix2pix_tf
from pix2pix_tf.exporting import signatures
from pix2pix_tf.tasks import get_task
from pix2pix_tf.translation import at_inference

_TASKS = flags.DEFINE_list("tasks", ["translate", "colorize"], "tasks that are measured")
_IMAGE_SIZE = flags.DEFINE_string("image_size", "256", "size of the images")
_SIZES = flags.DEFINE_list("sizes", [], "instead: sides of square images that a Translator answers one by one")
_ROUNDS = flags.DEFINE_integer("rounds", 40, "calls of each kind", lower_bound=2)
_QUICK = flags.DEFINE_bool("quick", False, "a tiny network and few calls, to see that everything runs")

COUNTS = (1, 4, 16)  # images a request


def calls(config, folder):
    """{name: (number of images, function that answers them)}: network, generator, and the export in `folder`."""
    generator = pix2pix_tf.build_generator(config, image_size=(None, None))
    translator = pix2pix_tf.Translator(config, generator)
    signatures.save(config, generator, 16_000_000, folder)
    translate = tf.saved_model.load(folder).signatures["translate"]

    noise = tf.random.stateless_uniform((max(COUNTS), *config.size, 3), [0, 1], maxval=256, dtype=tf.int32)
    images = tf.cast(noise, tf.uint8)
    source = images.to_network(images[:1])
    condition = get_task(config).condition(source)
    stock = stock_generator(config, condition.shape[-1], get_task(config).output_channels)
    tested, averaged = (tf.function(lambda x, mode=mode: stock(x, training=mode)) for mode in (True, False))
    network = tf.function(at_inference(config, generator), [tf.TensorSpec(condition.shape)], autograph=False)
    return {
        "stock Keras": (1, lambda: tested(condition)),
        "stock Keras, averages": (1, lambda: averaged(condition)),
        "network alone": (1, lambda: network(condition)),
        "generator": (1, lambda: translator.generate(source)),
        **{
            f"export, {count} a request": (count, lambda request=images[:count]: translate(image=request)["image"])
            for count in COUNTS
        },
    }


def measure(calls, rounds):
    """{name: (number, function)} → {name: its times in seconds}, interleaved, the first round left out."""
    seconds = {name: [] for name in calls}
    for round_number in range(rounds + 1):
        for name, (_, call) in calls.items():
            start = time.perf_counter()
            call().numpy()
            if round_number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def _answer_sizes(config, sizes, rounds):
    """Prints how long a Translator takes for an image of each size."""
    generator = pix2pix_tf.build_generator(config, image_size=(None, None))
    translator = pix2pix_tf.Translator(config, generator, size="own")
    images = {side: np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8) for side in sizes}
    seconds = {side: [] for side in sizes}
    for round_number in range(rounds + 1):
        for side, image in images.items():
            start = time.perf_counter()
            translator(image)
            if round_number:
                seconds[side].append(time.perf_counter() - start)
    print(f"{'size':<14}{'ms':>9}{'quartiles':>20}{'images/s':>10}{'megapixels/s':>14}")
    for side, times in seconds.items():
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        spread = f"{1000 * low:.1f} to {1000 * high:.1f}"
        print(f"{f'{side}x{side}':<14}{1000 * median:9.1f}{spread:>20}{1 / median:10.2f}{side**2 / 1e6 / median:14.2f}")


def main(_):
    logging.set_verbosity(logging.ERROR)  # Saving and loading a model is chatty.
    small = {"image_size": 32, "base_filters": 4} if _QUICK.value else {"image_size": _IMAGE_SIZE.value}
    rounds = 2 if _QUICK.value else _ROUNDS.value
    if _SIZES.value:
        _answer_sizes(pix2pix_tf.Config(**small), [int(size) for size in _SIZES.value], rounds)
        return
    print(f"{'task':<12}{'call':<23}{'ms':>8}{'quartiles':>17}{'x stock':>9}{'x network':>11}{'images/s':>10}")
    for task in _TASKS.value:
        with tempfile.TemporaryDirectory() as folder:
            measured = calls(pix2pix_tf.Config(task=task, **small), folder)
            seconds = measure(measured, rounds)
        stock, network = (statistics.median(seconds[name]) for name in ("stock Keras", "network alone"))
        for name, (count, _) in measured.items():
            low, median, high = statistics.quantiles(seconds[name], n=4, method="inclusive")
            print(
                f"{task:<12}{name:<23}{1000 * median:8.1f}{f'{1000 * low:.1f} to {1000 * high:.1f}':>17}"
                f"{stock * count / median:9.2f}{network * count / median:11.2f}{count / median:10.2f}"
            )


if __name__ == "__main__":
    app.run(main)

"""A run as one TFLite (LiteRT) file, for phones and small devices: `translate` at a fixed size, one image a call."""

import os
import warnings

import numpy as np
import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.exporting.recording import draw_image
from pix2pix_tf.inference import Translator
from pix2pix_tf.networks.generator import build_generator
from pix2pix_tf.sizes import parse_size
from pix2pix_tf.translation import at_inference, translate_values
from pix2pix_tf.utils.atomic import make_folder, write_bytes


def export_tflite(
    workdir: str, export_dir: str, size: int | str = "", checkpoint: str = "latest", weights: str = "auto"
) -> str:
    """Writes a run's generator as a TFLite file: uint8 RGB [1, H, W, 3] → uint8 RGB [1, H, W, 3].

    It computes in float32, whatever the run's precision, and without noise. TensorFlow's own interpreter runs it before
    it is written, and no pixel may be more than 1 (of 255) from the generator's.

    The images have `size`, 256 or "256x512" (height x width), any sides up to twice those of the training size, which
    "" stands for; the other arguments are those of `export`.

    Returns:
      The path of the file, `translate-HEIGHTxWIDTH-step-STEP.tflite`.

    Raises:
      UserError: there is no such run, the file exists or cannot be written, the size is none, or the check failed.
    """
    translator = _in_float32(Translator.load(workdir, checkpoint, weights=weights))
    if not (translator.input.is_rgb and translator.output.is_rgb):
        raise UserError(
            f"{workdir} has other images than RGB of 8 bits, and TFLite files are made for these; export a SavedModel."
        )
    height, width = parse_size("size", size) if size else translator.config.size
    # Above twice the training size, `translation` scales the image that the network sees; TFLite has no such operation.
    largest = [2 * side for side in translator.config.size]
    if height > largest[0] or width > largest[1]:
        raise UserError(
            f"size must be at most {largest[0]}x{largest[1]}, twice the training size. Received: {height}x{width}."
        )
    path = os.path.join(export_dir, f"translate-{height}x{width}-step-{translator.step}.tflite")
    if os.path.exists(path):
        raise UserError(f"{path} exists already; remove it, or give another --export_dir.")
    content = _convert(translator, height, width)
    _check(content, translator, draw_image(height, width))
    make_folder(export_dir, "--export_dir")
    write_bytes(path, content)
    return path


def _in_float32(translator):
    """The same weights in float32 arithmetic: TFLite has no bfloat16 convolutions."""
    config = translator.config.replace(precision="float32", inference_statistics="image")
    generator = build_generator(config, image_size=(None, None))
    generator.set_weights(translator.generator.get_weights())
    return Translator(config, generator, translator.step)


def _convert(translator, height, width):
    network = at_inference(translator.config, translator.generator)
    signature = [tf.TensorSpec([1, height, width, 3], tf.uint8, "image")]
    function = tf.function(
        lambda image: translate_values(translator.config, network, image), signature, autograph=False
    )
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], function).convert()


def _check(content, translator, image):
    """Raises UserError unless the interpreter's output is that of the `Translator`, to 1 of 255."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # It moves to a package of its own.
        interpreter = tf.lite.Interpreter(
            model_content=content,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    largest = np.abs(output.astype(int) - translator(image).astype(int)).max()
    if largest > 1:
        raise UserError(
            f"the TFLite file differs from the run's generator by up to {largest} (of 255), so it was not written; "
            "please report this."
        )

"""Recorded requests and the run's own outputs: they warm a server up, and an export is checked against them.

They are `PredictionLog` messages in a TFRecord file, the form that TensorFlow Serving replays when it loads a model.
"""

import os

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from pix2pix_tf.exporting.signatures import written
from pix2pix_tf.sides import Side, input_side, output_side
from pix2pix_tf.utils.plain_paths import plain_path

WARMUP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
SEED = (0, 1)
ODD_SIZE = (37, 53)  # smaller than any network's input, and no multiple of anything


def record_requests(translator, folder: str) -> None:
    """Writes the warm-up file of the export in `folder`, each request with the `Translator`'s output.

    Every signature gets a request at the training size, `translate` also one of two small images of an odd size and,
    where RGB is taken, one of a gray image. A program draws them, so none of a data set leaves with the model.
    """
    height, width = translator.config.size
    side = input_side(translator.config)
    image, odd = draw_values(side, height, width), draw_values(side, *ODD_SIZE)
    small = np.stack([odd, odd[::-1]])
    output = translator(image)
    arrays = {"image": image[None]}, {"image": output[None]}
    if side.can_be_png and output_side(translator.config).can_be_png:
        default = {"image_bytes": _png(image)}, {"image_bytes": _png(output)}
    else:
        default = arrays
    recorded = [
        ("translate", *arrays),
        ("serving_default", *default),
        ("sample", {"image": image[None], "seed": np.int32(SEED)}, {"image": translator(image, seed=SEED)[None]}),
        ("translate", {"image": small}, {"image": translator(small)}),
    ]
    if (side.channels, side.dtype) == (3, "uint8"):
        gray = small[:1, ..., :1]
        recorded.append(("translate", {"image": gray}, {"image": translator(gray)}))
    path = os.path.join(folder, WARMUP_FILE)
    with written(os.path.dirname(folder)):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tf.io.TFRecordWriter(plain_path(path)) as writer:
            for signature, inputs, outputs in recorded:
                writer.write(_log(signature, inputs, outputs).SerializeToString())


def draw_image(height: int, width: int) -> np.ndarray:
    """Smooth colors and some texture, uint8 [height, width, 3]; the same on every machine."""
    rng = np.random.RandomState(0)  # Its stream is frozen, that of newer generators is not.
    rows, columns = np.mgrid[0:height, 0:width]
    smooth = np.stack([255 * rows / height, 255 * columns / width, 255 * (rows + columns) / (height + width)], axis=-1)
    return np.clip(smooth + rng.normal(0, 16, (height, width, 3)), 0, 255).astype(np.uint8)


def draw_values(side: Side, height: int, width: int) -> np.ndarray:
    """The same as images of a side, [height, width, C] of its dtype in all of its range."""
    image = draw_image(height, width)
    if side.is_rgb:
        return image
    channels = [np.roll(image[..., channel % 3], channel) for channel in range(side.channels)]
    return (side.low + np.stack(channels, axis=-1) / 255 * (side.high - side.low)).astype(side.dtype)


def _png(image):
    return np.array([tf.io.encode_png(image).numpy()])


def _log(signature, inputs, outputs):
    spec = model_pb2.ModelSpec(signature_name=signature)
    request = predict_pb2.PredictRequest(model_spec=spec, inputs=_tensors(inputs))
    response = predict_pb2.PredictResponse(model_spec=spec, outputs=_tensors(outputs))
    return prediction_log_pb2.PredictionLog(
        predict_log=prediction_log_pb2.PredictLog(request=request, response=response)
    )


def _tensors(values):
    return {name: tf.make_tensor_proto(value) for name, value in values.items()}

"""A program of its own: replays an export's warm-up records and compares the answers with the recorded ones.

    python -I replay.py EXPORT

It imports nothing of pix2pix_tf and sees to it that nothing else does: an export has to run where the project is not
installed. Prints one JSON object a record, with the share of equal values and the largest distance (of 255).
"""

import json
import os
import sys

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2


def replay(export):
    """Yields {"signature", "equal", "largest"} for each record of an export's warm-up file."""
    model = tf.saved_model.load(export)
    for record in tf.data.TFRecordDataset(os.path.join(export, "assets.extra", "tf_serving_warmup_requests")):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log
        signature = log.request.model_spec.signature_name
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in log.request.inputs.items()}
        answers = model.signatures[signature](**inputs)
        for name, expected in log.response.outputs.items():
            answer, expected = pixels(answers[name]), pixels(tf.constant(tf.make_ndarray(expected)))
            if answer.shape != expected.shape:
                raise ValueError(f"{signature} answers {answer.shape}, expected {expected.shape}")
            distance = tf.abs(tf.cast(answer, tf.int32) - tf.cast(expected, tf.int32))
            equal = tf.reduce_mean(tf.cast(distance == 0, tf.float64))
            yield {"signature": signature, "equal": float(equal), "largest": int(tf.reduce_max(distance))}


def pixels(answer):
    """uint8 pixels of an answer, which may be PNG files."""
    return tf.stack([tf.io.decode_png(one) for one in answer]) if answer.dtype == tf.string else answer


if __name__ == "__main__":
    sys.modules["pix2pix_tf"] = None  # Importing it fails from here on.
    for line in replay(sys.argv[1]):
        print(json.dumps(line), flush=True)

"""A program of its own: replays an export's warm-up records and compares the outputs with the recorded ones.

    python -I replay.py EXPORT [FOLDER …]

The folders replace `sys.path`. The program imports nothing of pix2pix_tf and makes every import of it fail: an export
must run where the project is not installed. It prints one JSON object a record, with the share of equal values and the
largest distance (of 255).
"""

import json
import os
import sys


def replay(export):
    """Yields {"signature", "equal", "largest"} for each record of an export's warm-up file."""
    import tensorflow as tf  # Here, so that it is found in the folders that the program is given.
    from tensorflow_serving.apis import prediction_log_pb2

    def pixels(values):
        return tf.stack([tf.io.decode_png(file) for file in values]) if values.dtype == tf.string else values

    model = tf.saved_model.load(export)
    for record in tf.data.TFRecordDataset(os.path.join(export, "assets.extra", "tf_serving_warmup_requests")):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log
        signature = log.request.model_spec.signature_name
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in log.request.inputs.items()}
        outputs = model.signatures[signature](**inputs)
        for name, expected in log.response.outputs.items():
            output, expected = pixels(outputs[name]), pixels(tf.constant(tf.make_ndarray(expected)))
            if output.shape != expected.shape:
                raise ValueError(f"{signature} returns {output.shape}, expected {expected.shape}")
            distance = tf.abs(tf.cast(output, tf.int32) - tf.cast(expected, tf.int32))
            equal = tf.reduce_mean(tf.cast(distance == 0, tf.float64))
            yield {"signature": signature, "equal": float(equal), "largest": int(tf.reduce_max(distance))}


if __name__ == "__main__":
    sys.path[:] = sys.argv[2:] or sys.path
    sys.modules["pix2pix_tf"] = None  # Importing it fails from here on.
    for line in replay(sys.argv[1]):
        print(json.dumps(line), flush=True)

"""A program of its own: replays an export's warm-up records and compares the outputs with the recorded ones.

    python -I replay.py EXPORT [FOLDER …] [--step=STEP]

The folders replace `sys.path`. The step, 1 by default, is the distance of values that counts as one. The program
imports nothing of pix2pix_tf and makes every import of it fail: an export must run where the project is not installed.
It prints one JSON object a record, with the share of equal values, less than half a step apart, and the largest
distance in steps.
"""

import json
import os
import sys


def replay(export, step=1.0):
    """Yields {"signature", "equal", "largest"} for each record of an export's warm-up file."""
    import tensorflow as tf  # Here, so that it is found in the folders that the program is given.
    from tensorflow_serving.apis import prediction_log_pb2

    def pixels(values):
        if values.dtype != tf.string:
            return values
        kinds = {8: tf.uint8, 16: tf.uint16}  # by the bits in a PNG's header
        return tf.stack([tf.io.decode_png(file, dtype=kinds[file.numpy()[24]]) for file in values])

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
            distance = tf.abs(tf.cast(output, tf.float64) - tf.cast(expected, tf.float64)) / step
            equal, largest = tf.reduce_mean(tf.cast(distance < 0.5, tf.float64)), float(tf.reduce_max(distance))
            largest = int(largest) if largest.is_integer() else largest
            yield {"signature": signature, "equal": float(equal), "largest": largest}


if __name__ == "__main__":
    steps = [float(argument.removeprefix("--step=")) for argument in sys.argv if argument.startswith("--step=")]
    sys.path[:] = [argument for argument in sys.argv[2:] if not argument.startswith("--step=")] or sys.path
    sys.modules["pix2pix_tf"] = None  # Importing it fails from here on.
    for line in replay(sys.argv[1], *steps):
        print(json.dumps(line), flush=True)

"""An export in memory, and the one function by which it is asked."""

import gc
import os

import numpy as np
import tensorflow as tf
from grpc import StatusCode
from tensorflow_serving.apis import get_model_metadata_pb2, prediction_log_pb2

from pix2pix_tf.serving import memory
from pix2pix_tf.serving.refusals import Refused, invalid
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.tf_errors import sentence_of

# Where TensorFlow Serving looks for them. (exporting.recording writes them, but needs far more than a server does.)
WARMUP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
DEFAULT_SIGNATURE = "serving_default"

# TensorFlow advises against its older loader, in a warning that a user of the server can do nothing about.
tf.get_logger().setLevel("ERROR")


class SavedModel:
    """A SavedModel as TensorFlow Serving runs it: a session on its graph.

    `tf.saved_model.load` would do, but what it loads stays in TensorFlow's eager runtime after it is dropped: 115 MB
    a time were seen for an export whose weights take 0.3 MB. A closed session returns everything.

    Attributes:
      signatures: the SavedModel's `SignatureDefMap`.
    """

    def __init__(self, folder: str):
        """Loads the SavedModel in `folder` and answers its warm-up records, if it has some."""
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph)
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(self._session, [tf.saved_model.SERVING], plain_path(folder))
            self.signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, signature in meta_graph.signature_def.items():
                self.signatures.signature_def[name].CopyFrom(signature)
            self._warm_up(os.path.join(plain_path(folder), WARMUP_FILE))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives its memory back; nothing may be asked any more."""
        self._session.close()
        self._session = None
        gc.collect()  # A graph is a web of references.
        memory.give_back()

    def signature(self, name: str):
        """The `SignatureDef` of a name; "" is the default one."""
        name, signatures = name or DEFAULT_SIGNATURE, self.signatures.signature_def
        if name in signatures and signatures[name].inputs:
            return signatures[name]
        known = ", ".join(sorted(known for known in signatures if signatures[known].inputs))
        raise Refused(StatusCode.FAILED_PRECONDITION, f"signature {name!r} does not exist; the model has {known}")

    def predict(self, signature_name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of a signature.

        Args:
          signature_name: "" for the default one.
          inputs: an array for each input of the signature (see `check_names`); strings are `bytes` in an array of
            objects.

        Returns:
          An array for each output.

        Raises:
          Refused: the inputs are not what the signature takes, or the graph does not accept them.
        """
        signature = self.signature(signature_name)
        for name, array in inputs.items():
            _check_type_and_shape(name, array, signature.inputs[name])
        feeds = {signature.inputs[name].name: array for name, array in inputs.items()}
        fetches = {name: info.name for name, info in signature.outputs.items()}
        try:
            return self._session.run(fetches, feeds)
        except tf.errors.InvalidArgumentError as error:
            raise invalid(sentence_of(error)) from error
        except tf.errors.ResourceExhaustedError as error:
            raise Refused(StatusCode.UNAVAILABLE, "there is not enough memory for this request") from error
        except tf.errors.OpError as error:
            raise Refused(StatusCode.INTERNAL, sentence_of(error)) from error

    def _warm_up(self, path):
        if not os.path.exists(path):
            return
        for record in tf.data.TFRecordDataset(path):
            request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            self.predict(request.model_spec.signature_name, inputs)


def check_names(inputs, signature) -> None:
    """Refuses names that a signature does not have, and the absence of one that it has.

    For both interfaces to call before they make arrays of what they were sent.
    """
    for name in signature.inputs:
        if name not in inputs:
            raise invalid(f"input {name!r} is missing; the signature takes {', '.join(sorted(signature.inputs))}")
    for name in inputs:
        if name not in signature.inputs:
            raise invalid(f"input {name!r} is unknown; the signature takes {', '.join(sorted(signature.inputs))}")


def _check_type_and_shape(name, array, info):
    dtype, shape = tf.as_dtype(info.dtype), tf.TensorShape(info.tensor_shape)
    if tf.as_dtype(array.dtype) != dtype or not shape.is_compatible_with(array.shape):
        sides = ", ".join("?" if side is None else str(side) for side in shape)
        raise invalid(
            f"{name} must be {dtype.name} of shape [{sides}]. "
            f"Received: {tf.as_dtype(array.dtype).name} of shape {list(array.shape)}."
        )

"""TensorFlow Serving's gRPC interface: PredictionService without its classifiers, and ModelService."""

import contextlib
import math

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from grpc import StatusCode
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataResponse
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer
from tensorflow_serving.apis.predict_pb2 import PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceServicer

from pix2pix_tf.serving.refusals import Refused, invalid
from pix2pix_tf.serving.request_size import is_large
from pix2pix_tf.serving.saved_model import DEFAULT_SIGNATURE, check_names
from pix2pix_tf.serving.versions import ModelVersions
from pix2pix_tf.serving.workers import LARGE_BYTES, MAX_BYTES, Workers, to_the_end

METADATA_FIELD = "signature_def"  # the only one that there is


class Readable(grpc.aio.ServerInterceptor):
    """Refuses what is no message of the kind that a method takes, of which gRPC itself would say UNKNOWN."""

    async def intercept_service(self, continuation, handler_call_details):
        """A method that reads its message so; None for one that is not offered."""
        if not (method := await continuation(handler_call_details)):
            return None

        def read(message):
            with contextlib.suppress(DecodeError):
                return method.request_deserializer(message)

        async def respond(request, context):
            if request is None:
                await context.abort(StatusCode.INVALID_ARGUMENT, "the request is no protobuf message of its kind")
            return await method.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(respond, read, method.response_serializer)


async def _not_offered(self, request, context):
    await context.abort(StatusCode.UNIMPLEMENTED, "this server offers Predict, GetModelMetadata and GetModelStatus")


class PredictionService(PredictionServiceServicer):
    """Predict and GetModelMetadata."""

    Classify = Regress = MultiInference = _not_offered

    def __init__(self, models: ModelVersions, workers: Workers):
        self._models, self._workers = models, workers

    async def Predict(self, request, context):
        """The outputs of a signature, all or those in `output_filter`."""
        try:
            return await to_the_end(self._predict(request))
        except Refused as refused:
            await context.abort(refused.code, refused.sentence)

    async def GetModelMetadata(self, request, context):
        """The signatures of a version."""
        try:
            if not request.metadata_field or set(request.metadata_field) != {METADATA_FIELD}:
                raise invalid(f"metadata_field must be {METADATA_FIELD}. Received: {list(request.metadata_field)}")
            with self._models.use(*_asked_for(request)) as version:
                response = GetModelMetadataResponse()
                _set_spec(response.model_spec, self._models.name, version.number)
                response.metadata[METADATA_FIELD].Pack(version.model.signatures)
            return response
        except Refused as refused:
            await context.abort(refused.code, refused.sentence)

    async def _predict(self, request):
        size = request.ByteSize()
        with self._workers.holding() as hold, self._models.use(*_asked_for(request)) as version:
            hold(size)
            signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            signature = version.model.signature(signature_name)
            inputs, large = await self._workers.run(_read, request, signature, large=size > LARGE_BYTES)
            return await self._workers.run(self._respond, request, version, signature_name, inputs, large=large)

    def _respond(self, request, version, signature_name, inputs):
        outputs = version.model.predict(signature_name, inputs)
        if unknown := set(request.output_filter) - outputs.keys():
            raise invalid(f"output {min(unknown)!r} is unknown; the signature gives {', '.join(sorted(outputs))}")
        response = PredictResponse()
        _set_spec(response.model_spec, self._models.name, version.number, signature_name)
        for name in request.output_filter or outputs:
            response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
        return response


class ModelService(ModelServiceServicer):
    """GetModelStatus."""

    HandleReloadConfigRequest = _not_offered

    def __init__(self, models: ModelVersions):
        self._models = models

    async def GetModelStatus(self, request, context):
        """The states of all versions, or of one."""
        try:
            return self._models.status(*_asked_for(request))
        except Refused as refused:
            await context.abort(refused.code, refused.sentence)


def _asked_for(request):
    """The name and the version, None for the newest, in the `model_spec` of a request."""
    spec = request.model_spec
    if spec.version_label:
        raise invalid(f"versions have no labels here. Received: {spec.version_label!r}")
    return spec.name, spec.version.value if spec.HasField("version") else None


def _set_spec(spec, name, number, signature_name=""):
    spec.name, spec.signature_name = name, signature_name
    spec.version.value = number


def _read(request, signature):
    """The inputs of a request as arrays, and whether they are large; Refused if they do not fit the signature."""
    check_names(request.inputs, signature)
    inputs = {name: _to_array(name, tensor) for name, tensor in request.inputs.items()}
    return inputs, is_large(inputs)


def _to_array(name, tensor):
    """A `TensorProto` → an array. One number may stand for all in it, so that its size is checked first."""
    try:
        dtype, sides = tf.as_dtype(tensor.dtype), [dim.size for dim in tensor.tensor_shape.dim]
        if dtype in (tf.resource, tf.variant):
            raise invalid(f"{name} is a {dtype.name}; numbers and strings are allowed")
        if min(sides, default=0) < 0:
            raise invalid(f"{name} has a negative side: {sides}")
        if dtype == tf.string and len(tensor.string_val) != math.prod(sides):
            raise invalid(f"{name} has {len(tensor.string_val)} strings, which is not what its shape says: {sides}")
        if (size := math.prod(sides) * dtype.size) > MAX_BYTES:
            raise invalid(f"{name} has {size} bytes; up to {MAX_BYTES} are allowed")
        return tf.make_ndarray(tensor)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise invalid(f"{name} is not a valid tensor ({error})") from error

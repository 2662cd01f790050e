"""TensorFlow Serving's REST interface, and the page."""

import asyncio
import re

from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix_tf.serving import json_tensors, web_page
from pix2pix_tf.serving.refusals import HTTP_STATUS, Refused
from pix2pix_tf.serving.versions import ModelVersions
from pix2pix_tf.serving.workers import MAX_BYTES, Workers


def make_app(models: ModelVersions, workers: Workers, palette: dict | None) -> Starlette:
    """The web application.

    GET  /                                         the page
    GET  /v1/models/NAME[/versions/1]              the states of all versions, or of one
    GET  /v1/models/NAME[/versions/1]/metadata     the signatures
    POST /v1/models/NAME[/versions/1]:predict      see json_tensors

    Errors are {"error": sentence}, with a status of HTTP_STATUS.
    """

    async def status(request):
        return JSONResponse(_message(models.status(*_asked_for(request))))

    async def metadata(request):
        with models.use(*_asked_for(request)) as version:
            return JSONResponse(
                {
                    "model_spec": {"name": models.name, "signature_name": "", "version": str(version.number)},
                    "metadata": {"signature_def": _message(version.model.signatures)},
                }
            )

    async def predict(request):
        try:
            body = await _body(request)
            answer = await workers.run(_predict, models, _asked_for(request), body)
        except asyncio.CancelledError as error:  # Uvicorn has waited long enough.
            raise Refused(StatusCode.UNAVAILABLE, "the server was stopped before it had an answer") from error
        return Response(answer, media_type="application/json")

    model, version = "/v1/models/{name}", "/v1/models/{name}/versions/{version}"
    return Starlette(
        routes=[
            *(Route(path + "/metadata", metadata) for path in (model, version)),
            *(Route(path + ":predict", predict, methods=["POST"]) for path in (model, version)),
            *(Route(path, status) for path in (model, version)),
            *web_page.routes(models.name, palette),
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _no_such_route,
            ClientDisconnect: _nobody_listens,
            Exception: _failed,
        },
    )


def _predict(models, asked_for, body):
    request = json_tensors.parse(body)
    with models.use(*asked_for) as version:
        signature_name = request.get("signature_name", "")
        inputs = json_tensors.to_arrays(request, version.model.signature(signature_name))
        outputs = version.model.predict(signature_name, inputs)
    return json_tensors.to_json(outputs, request)


async def _body(request):
    """The body. One that is too large is read to its end, or its sender would not see the answer, but not kept."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        parts.append(part)
        if size > MAX_BYTES:
            parts.clear()
    if size > MAX_BYTES:
        raise Refused(StatusCode.RESOURCE_EXHAUSTED, f"the body has {size} bytes; up to {MAX_BYTES} are allowed")
    return b"".join(parts)


def _asked_for(request):
    """The name and the version, None for the newest, in the address of a request."""
    number = request.path_params.get("version")
    if number and not re.fullmatch(r"\d{1,18}", number, re.ASCII):
        raise Refused(StatusCode.INVALID_ARGUMENT, f"a version is an integer. Received: {number[:50]!r}")
    return request.path_params["name"], number and int(number)


def _message(message):
    """As TensorFlow Serving prints messages: all fields, by their own names."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


# Asynchronous, for Starlette would call others in threads that keep what they were called with.
async def _refused(_, refused):
    return _error(HTTP_STATUS[refused.code], refused.sentence)


async def _no_such_route(request, error):
    if request.url.path.startswith("/v1/"):  # TensorFlow Serving's answer
        return _error(400, f"Malformed request: {request.method} {request.url.path}")
    return _error(error.status_code, error.detail)


async def _nobody_listens(*_):
    return Response(status_code=400)


async def _failed(*_):
    return _error(500, "the server has an error; its output tells more")


def _error(status, sentence):
    return JSONResponse({"error": sentence}, status)

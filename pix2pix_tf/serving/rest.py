"""TensorFlow Serving's REST interface, and the page."""

import asyncio
import re

from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pix2pix_tf.serving import json_tensors, web_page
from pix2pix_tf.serving.refusals import HTTP_STATUS, Refused
from pix2pix_tf.serving.request_body import read_body
from pix2pix_tf.serving.request_size import is_large
from pix2pix_tf.serving.versions import ModelVersions
from pix2pix_tf.serving.workers import LARGE_BYTES, Workers, to_the_end


def make_app(models: ModelVersions, workers: Workers, hosts: list[str]) -> Starlette:
    """The web application.

    GET  /                                         the page
    GET  /v1/models/NAME[/versions/1]              the states of all versions, or of one
    GET  /v1/models/NAME[/versions/1]/metadata     the signatures
    POST /v1/models/NAME[/versions/1]:predict      see json_tensors

    Errors are {"error": sentence}, with a status of HTTP_STATUS. A request for a host that is not among `hosts` is
    refused, see `utils.hosts`.
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
            with workers.holding() as hold:
                body = await read_body(request, hold)
                response = await to_the_end(_predict(models, workers, _asked_for(request), body))
        except asyncio.CancelledError as error:  # Uvicorn has waited long enough.
            raise Refused(StatusCode.UNAVAILABLE, "the server was stopped before the request was done") from error
        return _sent(response)

    model, version = "/v1/models/{name}", "/v1/models/{name}/versions/{version}"
    return Starlette(
        routes=[
            *(Route(path + "/metadata", metadata) for path in (model, version)),
            *(Route(path + ":predict", predict, methods=["POST"]) for path in (model, version)),
            *(Route(path, status) for path in (model, version)),
            *web_page.routes(models.name, lambda: models.serving.card),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={
            Refused: _refused,
            HTTPException: _no_such_route,
            ClientDisconnect: _nobody_listens,
            Exception: _failed,
        },
    )


async def _predict(models, workers, asked_for, body):
    with models.use(*asked_for) as version:

        def read():
            request = json_tensors.parse(body)
            inputs = json_tensors.to_arrays(request, version.model.signature(request.get("signature_name", "")))
            return request, inputs, is_large(inputs)

        def respond():
            return json_tensors.to_json(version.model.predict(request.get("signature_name", ""), inputs), request)

        request, inputs, large = await workers.run(read, large=len(body) > LARGE_BYTES)
        return await workers.run(respond, large=large)


def _sent(pieces):
    """A response of one piece, or of many, each of which is dropped when it has been sent."""
    if len(pieces) == 1:
        return Response(pieces[0], media_type="application/json")
    length = sum(map(len, pieces))
    pieces.reverse()

    async def one_by_one():
        while pieces:
            yield pieces.pop()

    return StreamingResponse(one_by_one(), media_type="application/json", headers={"Content-Length": str(length)})


def _asked_for(request):
    """The name and the version, None for the newest, in the address of a request."""
    number = request.path_params.get("version")
    if number and not re.fullmatch(r"\d{1,19}", number, re.ASCII):
        raise Refused(StatusCode.INVALID_ARGUMENT, f"a version is an integer. Received: {number[:50]!r}")
    return request.path_params["name"], number and int(number)


def _message(message):
    """As TensorFlow Serving prints messages: all fields, by their own names."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


# Asynchronous, for Starlette would call others in threads that keep what they were called with.
async def _refused(_, refused):
    return _error(HTTP_STATUS[refused.code], refused.sentence)


async def _no_such_route(request, error):
    if request.url.path.startswith("/v1/"):  # as TensorFlow Serving says it
        return _error(400, f"Malformed request: {request.method} {request.url.path}")
    return _error(error.status_code, error.detail)


async def _nobody_listens(*_):
    return Response(status_code=400)


async def _failed(*_):
    return _error(500, "the server failed; its log says why")


def _error(status, sentence):
    return JSONResponse({"error": sentence}, status)

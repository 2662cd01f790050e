"""The server: REST and gRPC over one model, until it is told to stop."""

import asyncio
import contextlib
import logging
import signal

import grpc
import uvicorn
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from pix2pix_tf.serving.grpc_services import ModelService, PredictionService, Readable
from pix2pix_tf.serving.rest import make_app
from pix2pix_tf.serving.versions import ModelVersions
from pix2pix_tf.serving.workers import MAX_BYTES, Workers
from pix2pix_tf.utils.hosts import address, answered_hosts, listen

GRACE = 5  # seconds that requests in flight have to be finished
GRPC_OPTIONS = [
    ("grpc.so_reuseport", 0),  # A second server on a port is refused, and does not take half of its requests.
    ("grpc.max_receive_message_length", MAX_BYTES),
    ("grpc.max_send_message_length", -1),
]


def serve(base: str, name: str, host: str, rest_port: int, grpc_port: int, allowed_hosts: list[str] = ()) -> None:
    """Serves the newest version in a model's folder until Ctrl-C or SIGTERM; prints the addresses when it is ready.

    Args:
      base: the model's folder.
      name: what clients call the model.
      host: the address to listen on.
      rest_port, grpc_port: 0 takes a free one.
      allowed_hosts: further host names to answer to (see `utils.hosts`).

    Raises:
      UserError: there is no version that can be loaded, or nothing can listen there.
    """
    models = ModelVersions(name, base)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # As it is under nohup.
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))  # Uvicorn knows SIGTERM only.
    with contextlib.suppress(KeyboardInterrupt), listen(host, rest_port, "rest_port") as listening:
        listen(host, grpc_port, "grpc_port").close()  # gRPC itself would complain in lines of its own.
        asyncio.run(_serve(models, listening, host, grpc_port, answered_hosts(host, list(allowed_hosts))))
    print("stopped", flush=True)


async def _serve(models, listening, host, grpc_port, hosts):
    workers = Workers()
    grpc_server = grpc.aio.server(interceptors=[Readable()], options=GRPC_OPTIONS)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(models, workers), grpc_server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(models), grpc_server)
    grpc_port = grpc_server.add_insecure_port(address(host, grpc_port))
    await asyncio.to_thread(models.refresh)
    app = make_app(models, workers, hosts)
    rest_server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE))
    with models.watched():
        await grpc_server.start()
        rest_address = address(host, listening.getsockname()[1])
        print(f"page and REST: http://{rest_address}/ ({models.name}, version {models.serving.number})", flush=True)
        print(f"gRPC: {address(host, grpc_port)}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):  # Uvicorn repeats the signal that ended it.
            await rest_server.serve([listening])
        logging.getLogger("grpc").setLevel(logging.CRITICAL)  # What it cancels it would print as errors.
        await grpc_server.stop(GRACE)
    workers.close()
    models.close()


def _stop(*_):
    raise KeyboardInterrupt

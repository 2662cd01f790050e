"""Serves the newest version of an exported model, with TensorFlow Serving's REST and gRPC interfaces and a page.

    python export.py --model=runs/mine --export_dir=models/mine
    python -m pix2pix_tf.tools.serve --model_base=models/mine

For development: to try a model and what talks to it; serving/ tells how to run TensorFlow Serving itself. A version
that is exported while the server runs takes over without a failed request.
"""

import re

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_MODEL_BASE = flags.DEFINE_string(
    "model_base", None, "the model's folder, the --export_dir of export.py", required=True
)
_MODEL_NAME = flags.DEFINE_string("model_name", "pix2pix", "what clients call the model")
_HOST = flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 lets other machines in")
_REST_PORT = flags.DEFINE_integer("rest_port", 8501, "of REST and the page; 0 takes a free one", 0, 65535)
_GRPC_PORT = flags.DEFINE_integer("grpc_port", 8500, "of gRPC; 0 takes a free one", 0, 65535)


def main():
    if not re.fullmatch(r"[\w.-]+", _MODEL_NAME.value, re.ASCII):
        raise UserError(f"--model_name must be of letters, digits, _, . and -. Received: {_MODEL_NAME.value!r}.")
    try:
        from pix2pix_tf.serving.model_server import serve
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UserError(
            'The server needs Starlette and Uvicorn, which are not installed: pip install -e ".[serve]".'
        ) from error
    serve(_MODEL_BASE.value, _MODEL_NAME.value, _HOST.value, _REST_PORT.value, _GRPC_PORT.value)


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

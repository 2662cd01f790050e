"""Serves a trained generator, with TensorFlow Serving's REST and gRPC interfaces and a page.

    python -m pix2pix_tf.tools.serve --model=runs/mine          a run: its newest checkpoint, by a temporary export
    python -m pix2pix_tf.tools.serve --model=models/mine        the newest of the versions that export.py made there
    python -m pix2pix_tf.tools.serve --model=models/mine/1      one of them

It is for development, to try a model and its clients; serving/README.md is about TensorFlow Serving itself. When a new
version is exported, the running server switches to it without a failed request.
"""

import re

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_MODEL = cli.define_path("model", None, "run directory, --export_dir of export.py, or one version in that", True)
cli.rename_flag("model_base", "model")
_MODEL_NAME = flags.DEFINE_string("model_name", "pix2pix", "what clients call the model")
_SIZE = flags.DEFINE_string("size", "auto", "for a run, " + cli.SIZE_HELP)
_PALETTE = flags.DEFINE_string(
    "palette", "", "for a run, the data set whose class colors the page draws label maps with (default: the run's)"
)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 lets other machines in")
_ALLOW_HOST = flags.DEFINE_multi_string(
    "allow_host", [], "a host name to answer to, beside those of this machine; may be repeated; * for any"
)
_REST_PORT = flags.DEFINE_integer("rest_port", 8501, "port of REST and the page; 0 takes a free one", 0, 65535)
_GRPC_PORT = flags.DEFINE_integer("grpc_port", 8500, "port of gRPC; 0 takes a free one", 0, 65535)


def main():
    if not re.fullmatch(r"[\w.-]+", _MODEL_NAME.value, re.ASCII):
        raise UserError(f"--model_name must be of letters, digits, _, . and -. Received: {_MODEL_NAME.value!r}.")
    try:
        from pix2pix_tf.serving.model_server import serve
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UserError(
            "The server needs Starlette and Uvicorn, which are not installed: pip install 'pix2pix_tf[serve]'."
        ) from error
    with model_base() as base:
        serve(base, _MODEL_NAME.value, _HOST.value, _REST_PORT.value, _GRPC_PORT.value, _ALLOW_HOST.value)


def model_base():
    """A context manager of the folder of versions: that of --model, or one with an export of its run."""
    from pix2pix_tf.exporting.temporary import temporary_export
    from pix2pix_tf.model_paths import base_of_export, is_run
    from pix2pix_tf.translation import parse_size

    if is_run(_MODEL.value):
        return temporary_export(_MODEL.value, parse_size(_SIZE.value), _PALETTE.value)
    if _SIZE.present or _PALETTE.present:
        raise UserError("--size and --palette need a run: an export has its own, so give them to export.py.")
    return base_of_export(_MODEL.value)


command = cli.command(main)

if __name__ == "__main__":
    command()

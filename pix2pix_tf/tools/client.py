"""Asks a model server for images: TensorFlow Serving, or the development server.

    python -m pix2pix_tf.tools.client --server=http://localhost:8501 photo.jpg more/*.png     REST
    python -m pix2pix_tf.tools.client --server=localhost:8500 photo.jpg                       gRPC

Any image file that training reads may be sent: it is turned upright as its EXIF orientation says, and white is put
behind transparent pixels, before it is sent as PNG. The model must take RGB images of 8 bits; ask others by REST or
gRPC directly. A bad image is reported and does not stop the others; the exit status is then 1.
"""

import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_SERVER = flags.DEFINE_string("server", None, "http://HOST:8501 for REST, or HOST:8500 for gRPC", required=True)
_OUTPUT = cli.define_path(
    "output", "", "folder for the outputs, IMAGE-MODEL.png; for a single image it may be a .png file"
)
_MODEL_NAME = flags.DEFINE_string("model_name", "pix2pix", "what the server calls the model")
_MODEL_VERSION = flags.DEFINE_integer("model_version", None, "which version to ask (default: the newest)", 0, 2**63 - 1)
_SEED = flags.DEFINE_integer("seed", None, "turns dropout noise on, and is its seed", 0, 2**31 - 1)
_TIMEOUT = flags.DEFINE_float("timeout", 60, "seconds to wait for each output", 0.001, 10**6)


def main(files):
    from pix2pix_tf import images
    from pix2pix_tf.serving.client import ImageRefused, connect
    from pix2pix_tf.serving.output_files import output_paths, write_output
    from pix2pix_tf.utils.atomic import is_of_the_disk

    if not files:
        raise UserError("No images are given; list their files beside the flags, such as photo.jpg.")
    outputs = output_paths(files, _OUTPUT.value, _MODEL_NAME.value)
    problems = 0
    with connect(_SERVER.value, _MODEL_NAME.value, _MODEL_VERSION.value, _TIMEOUT.value) as client:
        for file, output in zip(files, outputs, strict=True):
            try:
                image = images.read_image(file)
            except UserError as error:
                problems += report(error)
                continue
            try:
                output_image = client.translate(image, _SEED.value)
            except ImageRefused as refusal:
                problems += report(f"{file} is refused by the server: {refusal}")
                continue
            try:
                write_output(output_image, output)
            except UserError as error:
                if is_of_the_disk(error):
                    raise
                problems += report(error)
                continue
            print(f"{file} → {output}", flush=True)
    if problems:
        sys.exit(1)


def report(problem):
    """Prints what is wrong with an image, and counts it."""
    print(f"error: {problem}", file=sys.stderr, flush=True)
    return 1


command = cli.command(main, takes_files=True)

if __name__ == "__main__":
    command()

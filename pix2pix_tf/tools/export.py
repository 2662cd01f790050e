"""Exports a run as a SavedModel for TensorFlow Serving: python export.py --model=RUN --export_dir=MODEL_BASE.

--format=tflite writes one file for TFLite (LiteRT) instead, for images of one size.
"""

from absl import flags

from pix2pix_tf import cli, runs
from pix2pix_tf.errors import UserError

_MODEL = cli.define_path("model", None, "run directory, as train.py makes it", required=True)
cli.rename_flag("workdir", "model")
_EXPORT_DIR = cli.define_path("export_dir", None, "the model's folder; the next version is made in it", required=True)
_FORMAT = flags.DEFINE_enum("format", "saved_model", ["saved_model", "tflite"], "what is written")
_CHECKPOINT = flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "best needs training with --eval_every")
_WEIGHTS = flags.DEFINE_enum("weights", "auto", runs.WEIGHTS, cli.WEIGHTS_HELP)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels", 16, "the largest image that a SavedModel accepts, in millions of pixels"
)
_PALETTE = flags.DEFINE_string(
    "palette", "", "data set whose class colors the page draws label maps with (default: the run's data set)"
)
_SIZE = flags.DEFINE_string(
    "size",
    None,
    "with --format=tflite, the size of the images, 256 or 256x512 (height x width; default: the training size); "
    "otherwise " + cli.SIZE_HELP,
)


def main():
    if _FORMAT.value == "tflite":
        if _MAX_MEGAPIXELS.present or _PALETTE.present:
            raise UserError("--max_megapixels and --palette belong to --format=saved_model; leave them out.")
        from pix2pix_tf.exporting.tflite import export_tflite

        print(export_tflite(_MODEL.value, _EXPORT_DIR.value, _SIZE.value or "", _CHECKPOINT.value, _WEIGHTS.value))
        return
    from pix2pix_tf.exporting import export
    from pix2pix_tf.translation import parse_size

    size = parse_size(_SIZE.value or "auto")
    megapixels, palette = _MAX_MEGAPIXELS.value, _PALETTE.value
    print(export(_MODEL.value, _EXPORT_DIR.value, megapixels, _CHECKPOINT.value, palette, size, _WEIGHTS.value))


command = cli.command(main)

if __name__ == "__main__":
    command()

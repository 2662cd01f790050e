"""Exports a run as a SavedModel for TensorFlow Serving: python export.py --model=RUN --export_dir=MODEL_BASE."""

from absl import flags

from pix2pix_tf import cli

_MODEL = cli.define_path("model", None, "run directory, as train.py makes it", required=True)
cli.rename_flag("workdir", "model")
_EXPORT_DIR = cli.define_path("export_dir", None, "the model's folder; the next version is made in it", required=True)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels", 16, "the largest image that the export accepts, in millions of pixels"
)
_CHECKPOINT = flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "best needs training with --eval_every")
_PALETTE = flags.DEFINE_string(
    "palette", "", "the data set whose class colors the input's label maps use (default: the run's), for drawing them"
)


def main():
    from pix2pix_tf.exporting import export

    print(export(_MODEL.value, _EXPORT_DIR.value, _MAX_MEGAPIXELS.value, _CHECKPOINT.value, _PALETTE.value))


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

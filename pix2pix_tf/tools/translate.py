"""Translates a folder of images: python -m pix2pix_tf.tools.translate --model=RUN --input=DIR --output=DIR.

--model takes a run directory or an export. Each image, of any format and size, gives a PNG file of the same name, and
index.html in the output folder shows them all. --split=val instead of --input translates the run's own validation
images. Outputs that exist are kept, so the same command resumes after an interruption. The exit status is 1 if some
images could not be translated.
"""

import sys

from absl import flags, logging

from pix2pix_tf import cli, runs
from pix2pix_tf.errors import UserError

_MODEL = cli.define_path(
    "model", None, "run directory, or export: MODEL_BASE/<version>, or MODEL_BASE for its newest version", required=True
)
cli.rename_flag("workdir", "model")
_INPUT = cli.define_path("input", None, "folder of images, searched with its subfolders, or one image")
_SPLIT = flags.DEFINE_string("split", None, "instead of --input: train, val or another split of the run's data")
_OUTPUT = cli.define_path("output", None, "folder for the outputs; neither in the input's folder nor around it", True)
_TARGET = cli.define_path("target", None, "folder of targets with the same names as the inputs, for the gallery")
_LAYOUT = flags.DEFINE_enum(
    "layout",
    "auto",
    ["auto", "side_by_side", "photos"],
    "layout of --input: side_by_side translates the input half of each image; auto does so for images with the shape "
    "of the side-by-side pairs that the run was trained on",
)
_SEED = flags.DEFINE_integer(
    "seed", None, "turns dropout noise on, the same for each image (default: no noise)", 0, 2**31 - 1
)
_CHECKPOINT = flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "best needs training with --eval_every")
_LIMIT = flags.DEFINE_integer("limit", 0, "translate the first N images only (default: all)", 0)
_WEIGHTS = flags.DEFINE_enum("weights", "auto", runs.WEIGHTS, cli.WEIGHTS_HELP)
_SIZE = flags.DEFINE_string("size", "auto", cli.SIZE_HELP)
_COMPILE = flags.DEFINE_enum(
    "compile", "none", ["none", "xla"], "xla compiles the network for each size of images; on a CPU it is slower"
)
_TILE_ABOVE = flags.DEFINE_float(
    "tile_above",
    4.0,
    "images of more megapixels, seen at their own size, are translated in tiles, to save memory",
    0.01,
)


def main():
    try:
        sentence = translate()
    except KeyboardInterrupt:
        sentence = f"interrupted; the same command resumes with what is missing in {_OUTPUT.value}"
    if sentence:
        sys.exit(sentence)


def translate() -> str:
    """Does it all and prints how it went → a last sentence if something was left out."""
    from pix2pix_tf.folder_translation import translate_folder, translate_split

    if bool(_INPUT.value) == bool(_SPLIT.value):
        raise UserError("Give either --input=DIR or --split=val.")
    if _SPLIT.value and (_TARGET.value or _LAYOUT.present):
        raise UserError("--target and --layout need --input: a split of the run's data has its own.")
    model = open_model()
    if _SPLIT.value:
        outcome = translate_split(model, _SPLIT.value, _OUTPUT.value, _LIMIT.value)
    else:
        outcome = translate_folder(model, _INPUT.value, _OUTPUT.value, _TARGET.value, _LAYOUT.value, _LIMIT.value)
    print(f"{_OUTPUT.value}: translated {outcome.made} images, {outcome.kept} were there already")
    print(f"gallery: {outcome.gallery}")
    if outcome.clipped:
        print(f"{outcome.clipped} values of the inputs were clipped to the range that the model was trained for")
    if not outcome.bad:
        return ""
    count = f"{len(outcome.bad)} bad images" if len(outcome.bad) > 1 else "a bad image"
    return f"error: {count}, named above; repair or remove them, and run the same command again."


def open_model():
    """The model of --model, a run or an export."""
    from pix2pix_tf.folder_translation import models
    from pix2pix_tf.model_paths import is_run
    from pix2pix_tf.translation import parse_size

    if is_run(_MODEL.value):
        size = parse_size(_SIZE.value)
        options = (_TILE_ABOVE.value, _CHECKPOINT.value, size, _WEIGHTS.value, _COMPILE.value)
        return models.open_run(_MODEL.value, _SEED.value, *options)
    if any(flag.present for flag in (_CHECKPOINT, _TILE_ABOVE, _SIZE, _WEIGHTS, _COMPILE)):
        raise UserError(
            "--checkpoint, --tile_above, --size, --weights and --compile need a run; an export has its own."
        )
    logging.set_verbosity(logging.ERROR)  # TensorFlow warns that an export has no gradients; nobody needs them.
    return models.open_export(_MODEL.value, _SEED.value)


command = cli.command(main)

if __name__ == "__main__":
    command()

"""Translates a folder of images: python -m pix2pix_tf.tools.translate --workdir=RUN --input=DIR --output=DIR.

--model=EXPORT takes an export in place of a run. Each image, of any kind and size, gives a PNG file of the same name,
and index.html in the output folder shows them all. What is there already is kept, so the same command goes on after an
interruption. The exit status is 1 if there were images that could not be translated.
"""

import sys

from absl import flags, logging

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError

_WORKDIR = flags.DEFINE_string("workdir", None, "run directory")
_MODEL = flags.DEFINE_string("model", None, "export, MODEL_BASE/<version>, or MODEL_BASE for its newest version")
_INPUT = flags.DEFINE_string(
    "input", None, "folder of images, searched with its subfolders, or one image", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "folder for the answers, apart from the input", required=True)
_TARGET = flags.DEFINE_string("target", None, "folder of the true answers, of the same names, for the gallery")
_SEED = flags.DEFINE_integer(
    "seed", None, "turns dropout noise on, the same for each image (default: no noise)", 0, 2**31 - 1
)
_CHECKPOINT = flags.DEFINE_enum("checkpoint", "latest", ["latest", "best"], "best needs training with --eval_every")
_TILE_ABOVE = flags.DEFINE_float(
    "tile_above", 4.0, "images of more megapixels are translated in tiles, to save memory", 0.01
)


def main():
    try:
        sentence = translate()
    except KeyboardInterrupt:
        sentence = f"interrupted; the same command goes on with what is missing in {_OUTPUT.value}"
    if sentence:
        sys.exit(sentence)


def translate() -> str:
    """Does it all and prints how it went → a last sentence if something was left out."""
    from pix2pix_tf.folder_translation import models, translate_folder

    if bool(_WORKDIR.value) == bool(_MODEL.value):
        raise UserError("Give either --workdir=RUN or --model=EXPORT.")
    if _MODEL.value:
        if _CHECKPOINT.present or _TILE_ABOVE.present:
            raise UserError("--checkpoint and --tile_above need --workdir: an export has one checkpoint and no tiles.")
        logging.set_verbosity(logging.ERROR)  # TensorFlow warns that an export has no gradients; nobody needs them.
        model = models.open_export(_MODEL.value, _SEED.value)
    else:
        model = models.open_run(_WORKDIR.value, _SEED.value, _TILE_ABOVE.value, _CHECKPOINT.value)
    outcome = translate_folder(model, _INPUT.value, _OUTPUT.value, _TARGET.value)
    print(f"{_OUTPUT.value}: translated {outcome.made} images, {outcome.kept} were there already")
    print(f"gallery: {outcome.gallery}")
    if not outcome.bad:
        return ""
    count = f"{len(outcome.bad)} bad images" if len(outcome.bad) > 1 else "a bad image"
    return f"error: {count}, named above; remove or mend what is bad, and the same command goes on."


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

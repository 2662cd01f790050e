"""Measures a run as in the paper (section 4): python -m pix2pix_tf.tools.evaluate --model=RUN.

Writes evaluation.json, evaluation.md and evaluation.png, replacing those of an earlier evaluation, and prints the
tables. What each number means is in docs/evaluation.md. --data_dir measures on other pairs than the run's, or on
the run's own if their folder has moved.
"""

import json
import os
import tempfile

from absl import flags

from pix2pix_tf import cli, runs
from pix2pix_tf.errors import UserError

_MODEL = cli.define_path("model", None, "run directory", required=True)
cli.rename_flag("workdir", "model")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "latest", "latest, step-N, or best (of --eval_every)")
_WEIGHTS = flags.DEFINE_enum("weights", "auto", runs.WEIGHTS, cli.WEIGHTS_HELP)
_SPLIT = flags.DEFINE_string("split", "val", "which pairs: train, val (or those held out) or another split")
_LIMIT = flags.DEFINE_integer("limit", 0, "measure N pairs only, evenly chosen from the split (default: all)", 0)
_DATA_DIR = cli.define_path("data_dir", None, "folder of the pairs to measure on (default: the run's data)")
_LAYOUT = flags.DEFINE_enum(
    "layout", None, ("auto", "side_by_side", "two_folders", "photos"), "layout of --data_dir (default: the run's)"
)
_NOISE = flags.DEFINE_enum("noise", "on", ("on", "off"), "dropout at test time, as in the paper, seeded for each image")
_STATISTICS = flags.DEFINE_enum(
    "statistics", None, ("batch", "image"), "norm statistics: of batch_size images, or of each (default: the run's)"
)
_SEED = flags.DEFINE_integer("seed", 0, "seed of noise and bootstrap", lower_bound=0, upper_bound=10**9)
_FCN = cli.define_path("fcn", None, "folder of a classifier, for the FCN-score of a run from label maps to photos")
_PALETTE = flags.DEFINE_string(
    "palette", None, "data set whose classes a run from photos to label maps shows (default: the run's data set)"
)
_FID = flags.DEFINE_bool("fid", False, "also measure FID and KID; needs the weights of Inception-v3")
_INCEPTION_WEIGHTS = cli.define_path("inception_weights", None, "their file (default: in ~/.keras/models)")
_OUTPUT = cli.define_path("output", None, "folder to write to (default: the run directory)")


def main():
    from pix2pix_tf.evaluation.evaluate import Settings, evaluate
    from pix2pix_tf.evaluation.metric_figure import save_figure
    from pix2pix_tf.evaluation.metric_tables import markdown
    from pix2pix_tf.utils.atomic import write_text

    output = _OUTPUT.value or _MODEL.value
    if _OUTPUT.value or os.path.isdir(output):
        _check_writable(output)
    results = evaluate(
        Settings(
            workdir=_MODEL.value,
            checkpoint=_CHECKPOINT.value,
            weights=_WEIGHTS.value,
            split=_SPLIT.value,
            limit=_LIMIT.value,
            noise=_NOISE.value == "on",
            statistics=_STATISTICS.value,
            seed=_SEED.value,
            fcn=_FCN.value,
            palette=_PALETTE.value,
            fid=_FID.value or bool(_INCEPTION_WEIGHTS.value),
            inception_weights=_INCEPTION_WEIGHTS.value,
            data_dir=_DATA_DIR.value and os.path.abspath(_DATA_DIR.value),
            layout=_LAYOUT.value,
        )
    )
    tables = markdown(results)
    written = [os.path.join(output, f"evaluation.{ending}") for ending in ("json", "md", "png")]
    write_text(written[0], json.dumps(results, indent=2) + "\n")
    write_text(written[1], tables + "\n")
    save_figure(results, written[2])
    print(f"{tables}\n\nwritten to {', '.join(written)}")


def _check_writable(folder):
    """Makes the folder if it is not there, before the work begins."""
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UserError(f"{folder} cannot be written to ({error.strerror}); give another --output.") from None


command = cli.command(main)

if __name__ == "__main__":
    command()

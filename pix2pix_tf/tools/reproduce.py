"""Reruns a table or a figure of the paper: python -m pix2pix_tf.tools.reproduce --table=1 --steps=2000 --workdir=RUNS.

Trains one row after another, each an ordinary run directory in --workdir, measures them, and writes a Markdown table
with the paper's numbers beside ours, a figure, and a JSON file with every setting, anew with each call. Runs that are
finished are kept: after an interruption, the same command resumes. The other flags are those of train.py, for all rows.
"""

import os

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import Config
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import preset_of
from pix2pix_tf.utils import console

_FIELDS = cli.define_config_flags(leave_out=("direction", "epochs", "strategy", "deterministic"))  # Decided here.
_TABLE = flags.DEFINE_enum("table", None, ("1", "2", "3", "6", "rgb_vs_lab"), "which table")
_FIGURE = flags.DEFINE_enum(
    "figure", None, ("7", "7_photos", "8"), "which figure; 7 is on colorization, 7_photos on labels → photo"
)
_DATA = cli.define_path("data", None, "old name of --dataset, or of --data_dir if it is a folder")
_WORKDIR = cli.define_path("workdir", None, "folder of the run directories and of the results", required=True)
_ROWS = flags.DEFINE_list("rows", [], "only these rows, such as l1,l1_cgan (default: all)")
_SEEDS = flags.DEFINE_integer("seeds", 1, "runs of each row, with different seeds", lower_bound=1)
_DIRECTION = flags.DEFINE_enum(
    "direction", None, ("a_to_b", "b_to_a"), "from label maps to photos (default: the data set's; b_to_a for a folder)"
)
_PALETTE = flags.DEFINE_string("palette", None, "data set in whose colors the label maps are (default: --dataset)")
_FCN = cli.define_path("fcn", None, "folder of the classifier (default: fcn in --workdir, trained if missing)")
_FCN_WIDTH = flags.DEFINE_integer("fcn_width", 8, "filters of its first layer, if it is trained here", 1)
_FCN_STEPS = flags.DEFINE_integer("fcn_steps", 1200, "training steps of it, if it is trained here", 1)


def main():
    name = _experiment_name()
    source = _source()
    from pix2pix_tf.reproduction.planning import Plan
    from pix2pix_tf.reproduction.reproduce import reproduce

    given = cli.given_config_fields(_FIELDS)
    direction = _DIRECTION.value or preset_of(source.get("dataset", "")).get("direction", "b_to_a")
    plan = Plan(
        workdir=_WORKDIR.value,
        given={**given, "direction": direction, **source},
        seeds=_SEEDS.value,
        palette=_PALETTE.value or source.get("dataset"),
        fcn=_FCN.value or os.path.join(_WORKDIR.value, "fcn"),
        fcn_width=_FCN_WIDTH.value,
        fcn_steps=_FCN_STEPS.value,
    )
    print("\n".join(reproduce(plan, name, _ROWS.value)))


def _experiment_name():
    if bool(_TABLE.value) == bool(_FIGURE.value):
        raise UserError("Give either --table=1, 2, 3, 6 or rgb_vs_lab, or --figure=7, 7_photos or 8.")
    if _FIGURE.value:
        return f"figure{_FIGURE.value}"
    return _TABLE.value if _TABLE.value == "rgb_vs_lab" else f"table{_TABLE.value}"


def _source():
    """The field of Config that names the pairs: `data_dir` or `dataset`."""
    dataset, folder = flags.FLAGS["dataset"].value, flags.FLAGS["data_dir"].value
    if _DATA.value:
        is_folder = os.path.isdir(_DATA.value)
        new = "data_dir" if is_folder else "dataset"
        console.warn(f"--data is called --{new} now; the old name goes with the next release.")
        dataset, folder = (None, _DATA.value) if is_folder else (_DATA.value, None)
    if not folder:
        return {"dataset": dataset or Config.dataset}
    if not os.path.isdir(folder):
        raise UserError(f"There is no folder {folder}; --data_dir must be a folder of pairs.")
    return {"data_dir": os.path.abspath(folder)}


command = cli.command(main)

if __name__ == "__main__":
    command()

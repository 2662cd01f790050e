"""Which runs an experiment needs, and whether they can be made: found out before hours of work begin."""

import dataclasses
import os

from pix2pix_tf.config import Config
from pix2pix_tf.data import found_sides
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.errors import UserError
from pix2pix_tf.evaluation import labels
from pix2pix_tf.palettes import known_palette, palette_of
from pix2pix_tf.reproduction.experiments import Experiment, fixed_fields
from pix2pix_tf.runs import is_run, load_config, new_config, with_recorded_data
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.training import schedules
from pix2pix_tf.training.checkpoints import steps_done
from pix2pix_tf.utils.atomic import make_folder

# A run may be resumed with others of these; the rows of a table are compared, so they share them.
_ALIKE = (*schedules.FIELDS, "precision", "compile", "vgg_weights", "skip_bad_images")
OPPOSITE = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}
_TASKS = {"to_photo": "translate", "to_labels": "translate", "colorize": "colorize"}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all rows of an experiment share.

    Attributes:
      workdir: the folder of the run directories.
      given: `Config` fields that the user set; `direction` leads from label maps to photos.
      seeds: how many runs each row has, with the seeds from that of `given` upwards.
      palette: data set in whose colors the label maps are; None if nobody said.
      fcn: folder of the classifier; it is trained there if there is none.
      fcn_width, fcn_steps: of the classifier, if it is trained here.
    """

    workdir: str
    given: dict
    seeds: int
    palette: str | None
    fcn: str
    fcn_width: int
    fcn_steps: int


def run_directory(plan: Plan, experiment: Experiment, name: str, seed: int) -> str:
    """Where a row's run stands: `WORKDIR/to_photo-l1_cgan-seed0`."""
    return os.path.join(plan.workdir, f"{experiment.task}-{name}-seed{seed}")


def seeds_of(plan: Plan) -> range:
    """The seeds of the runs of each row."""
    first = plan.given.get("seed", Config.seed)
    return range(first, first + plan.seeds)


def fields_of(plan: Plan, experiment: Experiment, name: str, seed: int) -> dict:
    """The fields of Config that a row's run is given."""
    given = {"deterministic": True, "sample_every": plan.given["steps"], **plan.given}
    if experiment.task == "to_labels":
        given["direction"] = OPPOSITE[given["direction"]]
    return given | {"task": _TASKS[experiment.task], "seed": seed} | experiment.rows[name].changes


def check(plan: Plan, experiment: Experiment, names: list[str]) -> None:
    """Raises UserError where a row, a setting, a run that is there, or the data would make the experiment fail."""
    if unknown := [name for name in names if name not in experiment.rows]:
        raise UserError(f"There is no row {unknown[0]!r}; the rows are {', '.join(experiment.rows)}.")
    if clashes := sorted(fixed_fields() & plan.given.keys()):
        raise UserError(f"{clashes[0]} is what the rows of the experiments decide; leave --{clashes[0]} out.")
    if plan.given.get("steps", Config.steps) == Config.steps:
        raise UserError("Give --steps, which is how long each row is trained.")
    if plan.given.get("precision") == "auto":
        raise UserError("precision auto may choose another one for each row; give float32, bfloat16 or float16.")
    for name in names:
        for seed in seeds_of(plan):
            config = new_config(fields_of(plan, experiment, name, seed))
            _check_run(run_directory(plan, experiment, name, seed), config)
    _check_data(plan, experiment, config)
    make_folder(plan.workdir, "--workdir")


def _check_run(workdir, config):
    """A run that is there is kept, so it must be one of these settings."""
    if not is_run(workdir):
        return
    stored = load_config(workdir)
    config = with_recorded_data(config, stored)
    alike = (*_ALIKE, "steps") if config.decay_epochs else _ALIKE  # A decay counts back from the last step.
    for field in dataclasses.fields(Config):
        old, new = getattr(stored, field.name), getattr(config, field.name)
        if old != new and (field.name in alike or not field.metadata["may_change"]):
            raise UserError(
                f"{workdir} was trained with {field.name}={old!r}, not {new!r}; "
                "give the same settings as then, or another --workdir."
            )
    if steps_done(workdir) > config.steps:
        raise UserError(
            f"{workdir} is at step {steps_done(workdir)} already; give --steps={steps_done(workdir)}, "
            "or another --workdir."
        )


def _check_data(plan, experiment, config):
    """Whether the pairs have label maps and photos where the experiment needs them."""
    if experiment.needs_palette and not plan.palette:
        raise UserError(
            "--data_dir needs --palette, the data set in whose colors the label maps are; try --palette=facades."
        )
    palette = palette_of(plan.palette) if experiment.needs_palette else known_palette(plan.palette or "")
    config = found_sides.settled(config)
    if not (input_side(config).is_rgb and output_side(config).is_rgb):
        raise UserError("The experiments are for RGB of 8 bits, but these data are other images; give other data.")
    split, _ = open_splits(config, "val")
    if len(split) < 2:
        raise UserError(f"The data have {len(split)} validation pair, and measuring needs at least 2; add pairs.")
    direction = plan.given["direction"]
    if experiment.needs_palette:
        side = labels.SOURCE if experiment.needs_classifier else labels.TARGET
        if not labels.shows_classes(config, split, side, palette):
            raise UserError(
                f"--direction={direction} does not lead from label maps in the colors of {plan.palette} to photos; "
                "give the other --direction or another --palette."
            )
    elif palette and labels.shows_classes(config, split, labels.TARGET, palette):
        raise UserError(f"--direction={direction} leads to label maps; give the other --direction, to photos.")

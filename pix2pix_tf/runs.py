"""The run directory: its configuration, which settings may change when it is resumed, and its metrics."""

import contextlib
import dataclasses
import difflib
import json
import os
import re

from pix2pix_tf.config import Config
from pix2pix_tf.config_fields import DATA_FIELDS
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import PRESETS, WITHOUT_DATA_SET, preset_of
from pix2pix_tf.utils.atomic import make_folder, write_text
from pix2pix_tf.utils.console import log, warn
from pix2pix_tf.utils.json_files import parse_json, read_bytes

CONFIG_FILE = "config.json"
METRICS_FILE = "metrics.jsonl"
SAMPLES = "samples"
UNREADABLE = "check its permissions, or restore it from a copy"
WEIGHTS = ("auto", "ema", "raw")  # What may be asked for of a trained generator's weights.
# Decide the weights' shapes.
NETWORK_FIELDS = ("generator", "upsampling", "base_filters", "discriminator_filters", "norm")
NETWORK_FIELDS += ("receptive_field", "conditional")


def default_workdir(given: dict) -> str:
    """`runs/<dataset>-<task>`; for a folder of the user's own, its name stands for the data set's."""
    folder = given.get("data_dir")
    data = os.path.basename(os.path.abspath(folder)) if folder else given.get("dataset", Config.dataset)
    task = given.get("task") or preset_of(_preset_name(given) or "").get("task", Config.task)
    return os.path.join("runs", f"{data}-{task}")


def config_for_run(workdir: str, given: dict) -> Config:
    """The configuration of the run in `workdir`, new or to be resumed; logs which preset a new one takes.

    Raises:
      UserError: `workdir` is no run directory, or the fields that the user has `given` contradict its `config.json`
        where they may not change.
    """
    if is_run(workdir):
        return _resumed(workdir, load_config(workdir), given)
    check_is_free(workdir)
    config = new_config(given)
    if name := _preset_name(given):
        log(f"preset {name}: {', '.join(f'{field}={value}' for field, value in PRESETS[name].items())}")
    return config


def new_config(given: dict) -> Config:
    """The configuration of a new run: that of its data set's preset, if it has one, with the fields of `given`.

    A run that starts from another's weights (`init_from`) has that one's networks, unless `given` says otherwise.
    """
    name = _preset_name(given)
    if given.get("init_from"):
        other = load_config(given["init_from"])
        given = {field: getattr(other, field) for field in NETWORK_FIELDS} | given
    if name in WITHOUT_DATA_SET and not given.get("data_dir"):
        raise UserError(f"dataset {name} has settings here, but no data; give --data_dir, a folder that holds them.")
    if name:
        return Config.preset(name, **{field: value for field, value in given.items() if field != "dataset"})
    return Config(**given)


def _preset_name(given: dict) -> str | None:
    """The preset that a new run with these fields starts from: its data set's; none for a folder without a name."""
    name = given.get("dataset", None if given.get("data_dir") else Config.dataset)
    return name if name in PRESETS else None


def describe_new(workdir: str, config: Config) -> str:
    """A line on a run that is about to start: where, on which data, and which runs beside it have similar names."""
    return f"new run in {workdir}, on {config.data_dir or config.dataset}{_similar_runs(workdir)}"


def _similar_runs(workdir):
    """`; there are runs named a, b` beside it that `workdir` may be a misspelling of, or nothing."""
    folder, name = os.path.split(os.path.abspath(workdir))
    runs = []
    with contextlib.suppress(OSError):  # It is not there yet, or may not be listed.
        runs = [other for other in os.listdir(folder) if is_run(os.path.join(folder, other))]
    similar = difflib.get_close_matches(name, runs)
    paths = ", ".join(os.path.join(os.path.dirname(workdir), other) for other in similar)
    return f"; to resume a run, give --workdir as it is called: {paths}" if similar else ""


def _resumed(workdir: str, stored: Config, given: dict) -> Config:
    """`stored` with the fields of `given` that may change."""
    given = dict(given)
    if "dataset" in given:  # A preset may have a shorter name than its data set.
        given["dataset"] = preset_of(given["dataset"])["dataset"]
    if "epochs" in given and "steps" not in given:
        given["steps"] = 0  # The user now counts in epochs.
    config = with_recorded_data(stored.replace(**given), stored)
    check_resumes(workdir, stored, config)
    return config


def check_resumes(workdir: str, stored: Config, config: Config) -> None:
    """Raises UserError where `config` contradicts that of the run, `stored`, in a field that may not change.

    `data_dir` may be written in another way, and may be another folder if the old one is no longer there: the data
    have moved.
    """
    for field in dataclasses.fields(Config):
        old, new = getattr(stored, field.name), getattr(config, field.name)
        if old == new or field.metadata["may_change"] or _is_as_found(field.name, new):
            continue
        if field.name == "data_dir" and _are_the_same_data(old, new):
            continue
        raise UserError(
            f"The run in {workdir} was started with {field.name}={old!r}, not {new!r}; "
            f"leave --{field.name} out to resume it, or give another --workdir."
        )


def with_recorded_data(config: Config, stored: Config) -> Config:
    """`config` with what `stored`, that of its run, says of the data, where it leaves it to the data itself."""
    fields = [name for name in DATA_FIELDS if _is_as_found(name, getattr(config, name))]
    return config.replace(**{name: getattr(stored, name) for name in fields})


def _is_as_found(name, value):
    """Whether a field leaves it to the data, which are not looked at again when a run is resumed."""
    return name in DATA_FIELDS and value in ("auto", "data")


def _are_the_same_data(old, new):
    """Whether two data_dir are one folder, or the second is where the first has moved."""
    return bool(old and new) and (os.path.realpath(old) == os.path.realpath(new) or not os.path.isdir(old))


def check_is_free(workdir: str) -> None:
    """Raises UserError where a new run cannot take the folder `workdir`: it holds something else, or is a file.

    What a run that was killed in its first moment leaves, hidden and temporary files, counts as nothing.
    """
    try:
        names = os.listdir(workdir)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"{workdir} cannot be a run directory ({error.strerror}); give another --workdir.") from None
    except ValueError:
        raise UserError(f"A run directory's path must hold no NUL character. Received: {workdir!r}.") from None
    if any(not name.startswith(".") and not name.endswith(".tmp") for name in names):
        raise UserError(
            f"{workdir} holds files but no {CONFIG_FILE}, so it is no run directory; give another --workdir."
        )


def is_run(workdir: str) -> bool:
    """Whether a folder holds the configuration of a run."""
    return os.path.isfile(os.path.join(workdir, CONFIG_FILE))


def load_config(workdir: str) -> Config:
    """The configuration of a run; UserError if there is none, or if it is damaged."""
    path = os.path.join(workdir, CONFIG_FILE)
    if not is_run(workdir):
        raise UserError(f"{workdir} holds no {CONFIG_FILE}, so it is no run directory; give one that train.py made.")
    return Config.from_json(read_bytes(path, UNREADABLE), path)


def save_config(config: Config, workdir: str) -> None:
    """Writes `workdir/config.json` in one piece: a crash leaves the old file or the new one."""
    make_folder(workdir, "--workdir")
    write_text(os.path.join(workdir, CONFIG_FILE), config.to_json())


def read_metrics(workdir: str) -> list[dict]:
    """The records of a run's `metrics.jsonl`, oldest first; lines that are no records are left out with a warning."""
    path = os.path.join(workdir, METRICS_FILE)
    if not os.path.exists(path):
        return []
    lines = read_bytes(path, UNREADABLE).splitlines()
    records = [record for record in map(_record, lines) if record]
    if dropped := len(lines) - len(records):
        warn(f"{path} has {dropped} {'line' if dropped == 1 else 'lines'} without a sound record, left out here.")
    return records


def _record(line):
    """A line of `metrics.jsonl`: numbers by name, of which `step` is one; None if it is something else.

    Those of each channel are lists (see `training.validation`).
    """
    try:
        record = parse_json(line, "the line", {"step": int})
    except UserError:
        return None
    values = [value if name.endswith("_by_channel") else [value] for name, value in record.items()]
    sound = all(type(value) is list and all(type(one) in (int, float) for one in value) for value in values)
    return record if sound and 0 <= record["step"] < 2**63 else None


def metrics_text(records: list[dict]) -> str:
    """The content of a `metrics.jsonl` with these records."""
    return "".join(json.dumps(record) + "\n" for record in records)


def sample_grids(workdir: str) -> dict[int, str]:
    """{step: path} of a run's sample grids, the oldest first; other files beside them are the user's."""
    folder = os.path.join(workdir, SAMPLES)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = (re.fullmatch(r"step_(\d+)\.png", name, re.ASCII) for name in names)
    return dict(sorted((int(match[1]), os.path.join(folder, match[0])) for match in found if match))


def training_seconds(workdir: str) -> float:
    """How long the steps of a run took, without validation and checkpoints."""
    seconds, before = 0.0, 0
    for record in read_metrics(workdir):
        if "seconds_per_step" in record:
            seconds += (record["step"] - before) * record["seconds_per_step"]
            before = record["step"]
    return seconds

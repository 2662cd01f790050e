"""The run directory's configuration: which settings a run starts with, and what may change when it goes on."""

import dataclasses
import os

from pix2pix_tf.config import PRESETS, Config, canonical
from pix2pix_tf.errors import UserError


def default_workdir(given: dict) -> str:
    """`runs/<dataset>-<task>`; for a folder of one's own, its name stands for the data set's."""
    folder = given.get("data_dir")
    data = os.path.basename(os.path.abspath(folder)) if folder else given.get("dataset", Config.dataset)
    task = given.get("task") or PRESETS.get(_preset_name(given), {}).get("task", Config.task)
    return os.path.join("runs", f"{data}-{task}")


def config_for_run(workdir: str, given: dict) -> Config:
    """The configuration of the run in `workdir`, new or to be continued; prints which preset a new one takes.

    Args:
      workdir: the run directory; it need not exist.
      given: the fields that the user set.

    Raises:
      UserError: `workdir` is no run directory, or `given` contradicts its `config.json` in a field that
        may not change.
    """
    path = os.path.join(workdir, "config.json")
    if os.path.exists(path):
        with open(path) as file:
            return _continued(workdir, Config.from_json(file.read()), given)
    if os.path.isdir(workdir) and set(os.listdir(workdir)) - {".lock"}:
        raise UserError(f"{workdir} holds files but no config.json, so it is no run directory; give another --workdir.")
    if name := _preset_name(given):
        print(f"preset {name}: {', '.join(f'{field}={value}' for field, value in PRESETS[name].items())}", flush=True)
    return new_config(given)


def new_config(given: dict) -> Config:
    """The configuration of a new run: that of its data set's preset, if it has one, with the fields of `given`."""
    if name := _preset_name(given):
        return Config.preset(name, **{field: value for field, value in given.items() if field != "dataset"})
    return Config(**given)


def _preset_name(given: dict) -> str | None:
    """The preset that a new run with these fields starts from: its data set's; none for a folder of one's own."""
    name = given.get("dataset", None if given.get("data_dir") else Config.dataset)
    return name if name in PRESETS else None


def _continued(workdir: str, stored: Config, given: dict) -> Config:
    """`stored` with the fields of `given` that may change."""
    given = dict(given)
    if "dataset" in given:  # A preset may go by a shorter name than its data set.
        given["dataset"] = PRESETS.get(given["dataset"], {}).get("dataset", given["dataset"])
    if "epochs" in given and "steps" not in given:
        given["steps"] = 0  # The user now counts in epochs.
    for field in dataclasses.fields(Config):
        old = getattr(stored, field.name)
        new = canonical(field.name, given.get(field.name, old))
        if old != new and not field.metadata["may_change"]:
            raise UserError(
                f"The run in {workdir} was started with {field.name}={old!r}, not {new!r}; "
                f"leave --{field.name} out to continue it, or give another --workdir."
            )
    return stored.replace(**given)


def load_config(workdir: str) -> Config:
    """The configuration of a run that is there; UserError if it is not."""
    path = os.path.join(workdir, "config.json")
    if not os.path.exists(path):
        raise UserError(f"{workdir} holds no config.json, so it is no run directory; give one that train.py made.")
    with open(path) as file:
        return Config.from_json(file.read())


def save_config(config: Config, workdir: str) -> None:
    """Writes `workdir/config.json` in one piece: a crash leaves the old file or the new one."""
    os.makedirs(workdir, exist_ok=True)
    path = os.path.join(workdir, "config.json")
    with open(path + ".tmp", "w") as file:
        file.write(config.to_json())
    os.replace(path + ".tmp", path)

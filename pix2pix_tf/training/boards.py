"""Where a run's numbers and sample grids go beside `metrics.jsonl`: what the setting `log_to` names.

A board is made with the records of the run so far. `show` takes one more, `image` a sample grid, `close` ends it.
"""

import csv
import dataclasses
import glob
import importlib
import io
import os
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorboard.plugins.hparams import api as hparams

from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import sample_grids
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.plain_paths import plain_path

_GROUPS = {"d_": "discriminator/", "g_": "generator/", "val_": "validation/", "learning_": "learning/"}


def open_boards(workdir, config, kept: list[dict], goes_back: bool) -> list:
    """The boards of a run, with its records so far; UserError where the package of one is not installed.

    `goes_back` tells whether they may hold later records, of steps that are trained again.
    """
    return [_BOARDS[name](workdir, config, kept, goes_back) for name in config.log_to.split(",") if name]


def _grouped(record):
    """{name on a board: number} of a record: `discriminator/loss`, so that what belongs together is shown together."""
    numbers = {}
    for name, value in record.items():
        if name not in ("step", "epoch"):
            prefix = next((prefix for prefix in _GROUPS if name.startswith(prefix)), "")
            title = _GROUPS.get(prefix, "speed/") + name.removeprefix(prefix)
            of_channels = isinstance(value, list)  # One number a channel.
            numbers |= {f"{title}/{i}": one for i, one in enumerate(value)} if of_channels else {title: value}
    return numbers


def _settings(config):
    """{name: number, text or bool} of a configuration."""
    settings = dataclasses.asdict(config).items()
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in settings}


class _TensorBoard:
    """Event files in `tensorboard/`, with the settings for the page HParams; made anew where a run goes back."""

    def __init__(self, workdir, config, kept, goes_back):
        folder = os.path.join(workdir, "tensorboard")
        if goes_back:
            for path in glob.glob(os.path.join(glob.escape(folder), "events.out.tfevents.*")):
                os.remove(path)
        self._writer = tf.summary.create_file_writer(plain_path(folder))
        with self._writer.as_default(0):
            hparams.hparams(_settings(config))
        if goes_back:
            self._show_again(kept, workdir)

    def _show_again(self, kept, workdir):
        for record in kept:
            self.show(record)
        for step, path in sample_grids(workdir).items():
            if kept and step <= kept[-1]["step"]:
                self.image(step, np.asarray(Image.open(path)))

    def show(self, record):
        with self._writer.as_default(record["step"]):
            for name, value in _grouped(record).items():
                tf.summary.scalar(name, value)
        self._writer.flush()

    def image(self, step, image):
        with self._writer.as_default(step):
            tf.summary.image("samples", image[None])

    def close(self):
        self._writer.close()


class _Csv:
    """`metrics.csv`, a row a record; written anew with each, as a later one may have more columns."""

    def __init__(self, workdir, config, kept, goes_back):
        del config, goes_back
        self._path, self._rows = os.path.join(workdir, "metrics.csv"), []
        for record in kept:
            self._add(record)

    def _add(self, record):
        self._rows.append({"step": record["step"], "epoch": record.get("epoch", "")} | _grouped(record))

    def show(self, record):
        self._add(record)
        text = io.StringIO()
        writer = csv.DictWriter(text, dict.fromkeys(name for row in self._rows for name in row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())

    def image(self, step, image):
        pass

    def close(self):
        pass


class _WandB:
    """Weights & Biases, by its own package; a resumed run goes on there. What it holds of later steps stays."""

    def __init__(self, workdir, config, kept, goes_back):
        del kept, goes_back
        self._wandb = _package("wandb")
        self._run = self._wandb.init(
            project="pix2pix_tf",
            name=os.path.basename(os.path.abspath(workdir)),
            id=_identity(workdir),
            resume="allow",
            dir=workdir,
            config=_settings(config),
        )

    def show(self, record):
        self._run.log(_grouped(record), step=record["step"])

    def image(self, step, image):
        self._run.log({"samples": self._wandb.Image(image)}, step=step)

    def close(self):
        self._run.finish()


class _MLflow:
    """MLflow, by its own package; a resumed run goes on there. What it holds of later steps stays."""

    def __init__(self, workdir, config, kept, goes_back):
        del kept, goes_back
        self._mlflow = mlflow = _package("mlflow")
        mlflow.set_experiment("pix2pix_tf")
        tags = {"workdir_id": _identity(workdir)}
        found = mlflow.search_runs(filter_string=f"tags.workdir_id = '{tags['workdir_id']}'", output_format="list")
        if found:
            mlflow.start_run(run_id=found[0].info.run_id)
        else:
            mlflow.start_run(run_name=os.path.basename(os.path.abspath(workdir)), tags=tags)
            mlflow.log_params(_settings(config))  # They cannot be changed there.

    def show(self, record):
        self._mlflow.log_metrics(_grouped(record), step=record["step"])

    def image(self, step, image):
        self._mlflow.log_image(image, key="samples", step=step)

    def close(self):
        self._mlflow.end_run()


_BOARDS = {"tensorboard": _TensorBoard, "csv": _Csv, "wandb": _WandB, "mlflow": _MLflow}


def _package(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UserError(
            f"log_to {name} needs the package {name}, which is not installed; "
            f"pip install {name}, or give another --log_to."
        ) from None


def _identity(workdir):
    """What a run is called where it is logged: the same as long as its directory stays where it is."""
    path = os.path.realpath(workdir)
    return f"{zlib.crc32(path.encode(errors='surrogateescape')):08x}"

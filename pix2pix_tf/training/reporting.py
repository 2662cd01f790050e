"""What a run tells people: progress, metrics.jsonl, TensorBoard, sample grids, loss curves."""

import json
import math
import os
import statistics
import sys

import matplotlib

matplotlib.use("Agg")  # Runs have no screen.
import matplotlib.pyplot as plt
import tensorflow as tf
from PIL import Image
from tqdm import tqdm

from pix2pix_tf.runs import METRICS_FILE, read_metrics
from pix2pix_tf.utils.console import log


class Report:
    """Everything that a run tells of its steps."""

    def __init__(self, config, workdir, start, total, per_epoch, validate):
        """`validate()` measures the validation pairs → ({name: mean}, sample grid)."""
        self._config, self._workdir, self._total, self._per_epoch = config, workdir, total, per_epoch
        self._validate = validate
        self._metrics = Metrics(workdir, start)
        self._progress = Progress(total, start)
        self._losses, self._seconds = [], []  # since the last record

    def step(self, step, losses, seconds) -> dict:
        """Counts one step; writes a record at each log step, with validation and samples when they are due.

        Returns:
          {metric: mean over the validation pairs}, empty when nothing was measured.
        """
        self._losses.append(losses)
        self._seconds.append(seconds)
        self._progress.step(losses)
        last, every = step == self._total, self._config
        sampling = last or step % every.sample_every == 0
        measuring = sampling or (every.eval_every and step % every.eval_every == 0)
        if not measuring and step % every.log_every:
            return {}
        record = {"step": step, "epoch": math.ceil(step / self._per_epoch)} | self._summary()
        numbers, grid = self._validate() if measuring else ({}, None)
        if sampling:
            save_samples(self._workdir, step, grid)
            self._metrics.picture(step, grid)
        self._metrics.write(record | numbers)
        self._progress.record(record | numbers)
        return numbers

    def _summary(self):
        """Mean losses, and the median time of a step, which leaves compiling out; starts a new interval."""
        means = {name: statistics.fmean(losses[name] for losses in self._losses) for name in self._losses[0]}
        seconds = statistics.median(self._seconds)
        self._losses, self._seconds = [], []
        speed = self._config.batch_size / seconds
        return means | {"seconds_per_step": round(seconds, 4), "images_per_second": round(speed, 3)}

    def close(self):
        """Ends the bar and draws the curves."""
        self._progress.close()
        save_loss_curves(self._workdir)


class Progress:
    """A bar on a terminal; a line at each log step where there is none."""

    def __init__(self, total, start):
        self._total = total
        self._on_terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, initial=start, unit="step", dynamic_ncols=True, disable=not self._on_terminal)

    def step(self, losses):
        """Counts one step."""
        if self._on_terminal:
            self._bar.set_postfix_str(_losses_text(losses), refresh=False)
            self._bar.update()

    def record(self, record):
        """Tells of one record of metrics.jsonl."""
        if "val_l1" in record:
            numbers = f"L1 {record['val_l1']:.4f}, PSNR {record['val_psnr']:.2f} dB, SSIM {record['val_ssim']:.4f}"
            log(f"step {record['step']}: validation {numbers}")
        if not self._on_terminal:
            left = (self._total - record["step"]) * record["seconds_per_step"]
            losses = {name: value for name, value in record.items() if name.startswith(("d_", "g_"))}
            log(
                f"step {record['step']}/{self._total}, epoch {record['epoch']}, "
                f"{record['images_per_second']:.2f} images/s, {_duration(left)} left: {_losses_text(losses)}"
            )

    def close(self):
        """Leaves the bar as it is."""
        self._bar.close()


class Metrics:
    """`metrics.jsonl` and TensorBoard of a run: numbers and pictures by step."""

    def __init__(self, workdir, start):
        """Lines beyond step `start`, left by a run that died after its last checkpoint, are dropped."""
        self._path = os.path.join(workdir, METRICS_FILE)
        kept = [record for record in read_metrics(workdir) if record["step"] <= start]
        with open(self._path + ".tmp", "w") as file:
            file.writelines(json.dumps(record) + "\n" for record in kept)
        os.replace(self._path + ".tmp", self._path)
        self._board = tf.summary.create_file_writer(os.path.join(workdir, "tensorboard"))

    def write(self, record):
        """Appends one record; it must have a `step`."""
        with open(self._path, "a") as file:
            file.write(json.dumps(record) + "\n")
        with self._board.as_default(record["step"]):
            for name, value in record.items():
                if name not in ("step", "epoch"):
                    tf.summary.scalar(_board_name(name), value)
        self._board.flush()

    def picture(self, step, image):
        """Shows a uint8 picture [H, W, 3] in TensorBoard."""
        with self._board.as_default(step):
            tf.summary.image("samples", image[None])


def save_samples(workdir, step, grid) -> str:
    """Writes a grid to `samples/step_00001000.png` and returns its path."""
    path = os.path.join(workdir, "samples", f"step_{step:08d}.png")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.fromarray(grid).save(path)
    return path


def save_loss_curves(workdir) -> str:
    """Draws `losses.png` from `metrics.jsonl`: D's terms, G's adversarial term, reconstruction and validation."""
    records = read_metrics(workdir)
    panels = {
        "discriminator": ("d_loss", "d_real", "d_fake"),
        "generator, adversarial": ("g_gan", "g_feature_matching"),
        "reconstruction": ("g_l1", "g_l2", "val_l1"),
        "validation": ("val_ssim",),
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3.2), layout="constrained")
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
        for name in names:
            points = [(record["step"], record[name]) for record in records if name in record]
            if points:
                axis.plot(*zip(*points, strict=True), label=name, marker="." if len(points) < 20 else None)
        if axis.lines:
            axis.legend()
        else:
            axis.text(0.5, 0.5, "not trained", ha="center", va="center", transform=axis.transAxes)
    path = os.path.join(workdir, "losses.png")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def _board_name(name):
    """`d_loss` → `discriminator/loss`, so that TensorBoard groups what belongs together."""
    groups = {"d_": "discriminator/", "g_": "generator/", "val_": "validation/"}
    for prefix, group in groups.items():
        if name.startswith(prefix):
            return group + name.removeprefix(prefix)
    return "speed/" + name


def _losses_text(losses):
    return " ".join(f"{name} {value:.3f}" for name, value in losses.items())


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"

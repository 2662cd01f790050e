"""What a run reports of its steps: records, samples, and lines or a bar on the terminal."""

import math
import os
import shlex
import sys

from tqdm import tqdm

from pix2pix_tf import array_files
from pix2pix_tf.runs import SAMPLES
from pix2pix_tf.training.loss_curves import save_loss_curves
from pix2pix_tf.training.metrics_log import MetricsLog
from pix2pix_tf.utils.console import log


class Report:
    """Everything that a run reports of its steps."""

    def __init__(self, config, workdir, start, total, per_epoch, validate):
        """`validate()` measures the validation pairs → ({name: mean}, sample grid)."""
        self._config, self._workdir, self._total, self._per_epoch = config, workdir, total, per_epoch
        self._validate = validate
        self._metrics = MetricsLog(workdir, start, config)
        self._progress = Progress(total, start)

    def step(self) -> None:
        """Moves the progress bar."""
        self._progress.step()

    def record(self, step: int, losses: dict, seconds: float) -> dict:
        """Writes a record, with validation and samples when they are due.

        `losses` are {name: mean since the last record}, and the learning rate; `seconds` is the time of a step.
        Returns {metric: mean over the validation pairs}, empty when nothing was measured.
        """
        speed = {
            "seconds_per_step": round(seconds, 6),
            "images_per_second": round(self._config.batch_size / seconds, 3),
        }
        record = {"step": step, "epoch": math.ceil(step / self._per_epoch)} | losses | speed
        sampling = step == self._total or step % self._config.sample_every == 0
        measuring = sampling or (self._config.eval_every and step % self._config.eval_every == 0)
        numbers, grid = self._validate() if measuring else ({}, None)
        if sampling:
            save_samples(self._workdir, step, grid)
        self._metrics.write(record | numbers)
        if sampling:
            self._metrics.image(step, grid)
        self._progress.record(record | numbers)
        return numbers

    def close(self) -> None:
        """Ends the bar and the boards, and draws the curves."""
        self._progress.close()
        self._metrics.close()
        save_loss_curves(self._workdir)


def is_recorded(config, step: int, total: int) -> bool:
    """Whether a run writes a record after this step."""
    intervals = (config.log_every, config.sample_every, config.eval_every)
    return step == total or any(every and step % every == 0 for every in intervals)


class Progress:
    """A bar on a terminal; a line at each log step where there is none."""

    def __init__(self, total, start):
        self._total = total
        self._on_terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, initial=start, unit="step", dynamic_ncols=True, disable=not self._on_terminal)

    def step(self):
        """Counts one step."""
        if self._on_terminal:
            self._bar.update()

    def record(self, record):
        """Shows one record of metrics.jsonl."""
        if "val_l1" in record:
            numbers = f"L1 {record['val_l1']:.4f}, PSNR {record['val_psnr']:.2f} dB, SSIM {record['val_ssim']:.4f}"
            units = f", L1 in the data's units {record['val_l1_units']:g}" if "val_l1_units" in record else ""
            log(f"step {record['step']}: validation {numbers}{units}")
        losses = " ".join(f"{name} {value:.3f}" for name, value in record.items() if name.startswith(("d_", "g_")))
        if self._on_terminal:
            self._bar.set_postfix_str(losses)
            return
        left = (self._total - record["step"]) * record["seconds_per_step"]
        log(
            f"step {record['step']}/{self._total}, epoch {record['epoch']}, "
            f"{record['images_per_second']:.2f} images/s, {_duration(left)} left: {losses}"
        )

    def close(self):
        """Leaves the bar as it is."""
        self._bar.close()


def save_samples(workdir, step, grid) -> str:
    """Writes a grid to `samples/step_00001000.png` and returns its path."""
    path = os.path.join(workdir, SAMPLES, f"step_{step:08d}.png")
    array_files.write(grid, path)
    return path


def say_where_everything_is(workdir, step) -> None:
    """Lines on a run that is finished: the files of its directory, and what they are."""
    log(f"trained to step {step}; everything is in {workdir}:")
    for name, meaning in (
        ("config.json", "the settings"),
        ("samples/", "input | output | target of the same validation images"),
        ("losses.png", "loss curves"),
        ("metrics.jsonl", "all numbers, one JSON object a line"),
        ("metrics.csv", "the same as a table"),
        ("tensorboard/", f"tensorboard --logdir={shlex.quote(workdir)}"),
        ("checkpoints/", "networks and optimizers"),
    ):
        if os.path.exists(os.path.join(workdir, name)):
            log(f"  {name:<14} {meaning}")


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"

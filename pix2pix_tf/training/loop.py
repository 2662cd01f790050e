"""The training loop. `train` reads from top to bottom in the order in which things happen."""

import contextlib
import fcntl
import math
import os
import signal
import statistics
import threading
import time

import tensorflow as tf

from pix2pix_tf.config import Config
from pix2pix_tf.data.pipeline import fixed_pairs, steps_per_epoch, training_batches
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.errors import UserError
from pix2pix_tf.grids import GRID_ROWS, sample_grid
from pix2pix_tf.metrics import image_metrics
from pix2pix_tf.runs import save_config
from pix2pix_tf.tasks import get_task
from pix2pix_tf.training import reporting
from pix2pix_tf.training.checkpoints import FOLDER, Best, Checkpoints
from pix2pix_tf.training.devices import Devices, lost_worker_as_sentence
from pix2pix_tf.training.initialization import initialize
from pix2pix_tf.training.state import new_state
from pix2pix_tf.training.step import make_train_step
from pix2pix_tf.translation import at_inference, translate
from pix2pix_tf.utils.console import log


def train(config: Config, workdir: str) -> None:
    """Trains a run, or goes on with it, until its last step.

    Ctrl-C and SIGTERM save a checkpoint and return. The run can then be continued as if it had never
    stopped.

    Args:
      config: the run's configuration, which is written to `workdir/config.json`.
      workdir: the run directory (see README, "A run directory").

    Raises:
      UserError: the data or the devices cannot be used, the run is in use, a loss became NaN or Inf, or another
        worker was lost.
    """
    with lost_worker_as_sentence():
        _train(config, workdir, Devices(config))


def _train(config, workdir, devices):
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    if devices.description:
        log(devices.description)
    with devices.chief_first():
        source = open_source(config)
    log(source.description)
    if source.left_out:
        log("\n  ".join([f"--skip_bad_images left out {len(source.left_out)} pictures:", *source.left_out]))
    validation = fixed_pairs(source.val, config, config.validation_images)
    per_epoch = steps_per_epoch(source.train, config)
    total = config.steps or config.epochs * per_epoch

    with _only_one_process(workdir, devices.is_chief), _StopRequest() as stop:
        with devices.scope():
            networks, optimizers = new_state(config)
        checkpoints = Checkpoints(workdir, config.keep_checkpoints, networks, optimizers, writes=devices.is_chief)
        start = step = saved = checkpoints.restore()
        if config.init_from and not checkpoints.exist:
            log(initialize(config, networks))
        if len(steps := set(devices.of_all_processes(start))) > 1:
            raise UserError(
                f"The workers found {workdir} at different steps ({', '.join(map(str, sorted(steps)))}); it must be in "
                "a folder that all of them share."
            )
        if step >= total:
            log(f"{workdir} is at step {step} of {total} already; give a larger --steps or --epochs to train on.")
            return
        if devices.is_chief:
            save_config(config, workdir)
        log(f"training {workdir} from step {step} to {total}, {per_epoch} steps an epoch")
        train_step = devices.on_all(
            make_train_step(
                config,
                networks["generator"],
                networks.get("discriminator"),
                optimizers["generator"],
                optimizers.get("discriminator"),
            )
        )
        best = report = None
        if devices.is_chief:
            validate = _make_validation(config, networks["generator"], validation)
            best = Best(workdir, config.best_metric, networks["generator"], start) if config.eval_every else None
            report = reporting.Report(config, workdir, start, total, per_epoch, validate)

        with contextlib.closing(training_batches(source.train, config, start, devices.share)) as batches:
            while step < total and not any(devices.of_all_processes(bool(stop.requested))):
                began = time.perf_counter()
                try:
                    condition, truth, seeds = next(batches)
                except UserError:  # A picture that cannot be used must not cost the steps before it.
                    if step > saved:
                        _save(checkpoints, step, saved, workdir)
                    raise
                rate = tf.constant(learning_rate(config, step, total, per_epoch), tf.float32)
                losses = {name: float(value) for name, value in train_step(condition, truth, seeds, rate).items()}
                step += 1
                _stop_unless_finite(losses, step, saved, workdir)
                measured = report.step(step, losses, time.perf_counter() - began) if report else {}
                if best and measured:
                    best.offer(step, measured)
                checkpoints.step.assign(step)
                if step % config.save_every == 0 and step < total:
                    saved = _save(checkpoints, step, saved, workdir)

        if step < total:
            log(f"received {stop.requested or 'word that another worker stops'}; saving after this step")
        if step > saved:
            saved = _save(checkpoints, step, saved, workdir)
        if report:
            report.close()
        if step < total:
            log(f"stopped at step {step} of {total}; go on with: python train.py --workdir={workdir}")
        else:
            _say_where_everything_is(workdir, step)


def learning_rate(config, step, total, per_epoch) -> float:
    """The rate of the step after `step`: constant, as in the paper, or falling to 0 over the last epochs.

    The linear decay is that of the published ports (`decay_epochs`), not of the paper.
    """
    decay_steps = config.decay_epochs * per_epoch
    return config.learning_rate * min(1.0, (total - step) / decay_steps if decay_steps else 1.0)


def _make_validation(config, generator, pairs):
    """A function without arguments that measures the validation pairs → (means, sample grid)."""
    task = get_task(config)

    @tf.function(autograph=False)
    def measure(source, target):
        output = translate(config, at_inference(config, generator), source[None])
        return output[0], image_metrics(output, target[None])

    def validate():
        rows, values = [], []
        for source, target in pairs:
            output, numbers = measure(source, target)
            values.append({f"val_{name}": float(number[0]) for name, number in numbers.items()})
            if len(rows) < GRID_ROWS:
                rows.append((task.visible(task.condition(source)), output, target))
        means = {name: statistics.fmean(value[name] for value in values) for name in values[0]}
        return means, sample_grid(rows)

    return validate


class _StopRequest:
    """Ctrl-C or SIGTERM asks the loop to stop after its step; the second time it stops at once.

    Attributes:
      requested: the name of the signal that asked, or None.
    """

    def __init__(self):
        self.requested = None
        self._old = {}

    def _ask(self, number, frame):
        del frame
        self.requested = signal.Signals(number).name
        self._restore()

    def _restore(self):
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # Python allows handlers only there.
            self._old = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_):
        self._restore()


@contextlib.contextmanager
def _only_one_process(workdir, writes):
    """Holds the lock of a run directory that this process writes, until the process ends, however it ends."""
    if not writes:
        yield
        return
    os.makedirs(workdir, exist_ok=True)
    with open(os.path.join(workdir, ".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{workdir} is being trained by another process; wait for it, or give another --workdir."
            ) from None
        yield


def _stop_unless_finite(losses, step, saved, workdir):
    for name, value in losses.items():
        if not math.isfinite(value):
            raise UserError(f"step {step}: {name} is {value}, so the run stopped; {_advice(saved, workdir)}")


def _save(checkpoints, step, saved, workdir):
    if checkpoints.save() is None:
        raise UserError(f"step {step}: a weight is NaN or Inf, so the run stopped; {_advice(saved, workdir)}")
    return step


def _advice(saved, workdir):
    has_one = saved or os.path.exists(os.path.join(workdir, FOLDER, "checkpoint"))  # An imported run is saved at 0.
    kept = f"the newest checkpoint in {workdir} is of step {saved}" if has_one else f"{workdir} has no checkpoint yet"
    return f"{kept}; try a lower --learning_rate in a new --workdir."


def _say_where_everything_is(workdir, step):
    log(f"trained to step {step}; everything is in {workdir}:")
    for name, meaning in (
        ("config.json", "the settings"),
        ("samples/", "input | output | target of the same validation pictures"),
        ("losses.png", "loss curves"),
        ("metrics.jsonl", "all numbers, one JSON object a line"),
        ("tensorboard/", f"tensorboard --logdir={workdir}"),
        ("checkpoints/", "networks and optimizers"),
    ):
        log(f"  {name:<14} {meaning}")

"""The training loop. `train` reads from top to bottom in the order in which things happen."""

import contextlib
import os
import shlex

import tensorflow as tf

from pix2pix_tf import hardware
from pix2pix_tf.config import Config
from pix2pix_tf.config_checks import without_effect
from pix2pix_tf.data import found_sides
from pix2pix_tf.data.pipeline import fixed_pairs, steps_per_epoch, training_batches
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.errors import UserError
from pix2pix_tf.networks.perceptual import perceptual_network
from pix2pix_tf.runs import (
    check_is_free,
    check_resumes,
    describe_new,
    is_run,
    load_config,
    save_config,
    with_recorded_data,
)
from pix2pix_tf.training import loss_curves, precision, schedules
from pix2pix_tf.training.checkpoints import Best, Checkpoints, check_has_optimizers
from pix2pix_tf.training.devices import Devices, lost_worker_as_sentence
from pix2pix_tf.training.initialization import initialize
from pix2pix_tf.training.reporting import Report, is_recorded, say_where_everything_is
from pix2pix_tf.training.state import new_loss_scales, new_state
from pix2pix_tf.training.step import loss_names, make_train_step
from pix2pix_tf.training.stopping import StopRequest
from pix2pix_tf.training.timing import StepTimer
from pix2pix_tf.training.totals import counting, no_steps, read
from pix2pix_tf.training.validation import make_validation
from pix2pix_tf.utils.atomic import make_folder, remove_leftovers
from pix2pix_tf.utils.console import log, warn
from pix2pix_tf.utils.locks import exclusive_lock

AGREE_EVERY = 10  # Steps between two moments at which workers ask each other whether to stop.


def train(config: Config, workdir: str | os.PathLike) -> None:
    """Trains a run, or resumes it, until its last step.

    Ctrl-C, SIGTERM and SIGHUP save a checkpoint and return. The run can then be resumed as if it had never
    stopped.

    Args:
      config: the run's configuration, which is written to `workdir/config.json`.
      workdir: the run directory (see docs/training.md, "A run directory").

    Raises:
      UserError: `workdir` holds something else, or a run of other settings (nothing is changed then); the data or the
        devices cannot be used; the run is in use; a loss became NaN or Inf; the disk is full; or another worker was
        lost.
    """
    workdir = os.fspath(workdir)
    stored = _stored(config, workdir)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    with lost_worker_as_sentence():
        devices = Devices(config)
        config, source = _open_source(config, stored, devices)
        hardware.announce()
        if not stored:
            log(describe_new(workdir, config))
        for sentence in without_effect(config):
            warn(sentence)
        config = precision.decide(config, devices)
        if stored and stored.precision != config.precision:
            log(f"{workdir} was trained in {stored.precision} so far and is resumed in {config.precision}")
        validation = fixed_pairs(source.val, config, config.validation_images)
        with _only_one_process(workdir, devices.is_chief), StopRequest() as stop:
            run = _Run(config, stored, workdir, devices, source, validation)
            if run.restore():
                run.train(stop)
                run.finish(stop)


def _stored(config, workdir):
    """The configuration of the run that is there, None for a new one; UserError if this one cannot be trained there."""
    if not is_run(workdir):
        check_is_free(workdir)
        return None
    check_has_optimizers(workdir)
    stored = load_config(workdir)
    check_resumes(workdir, stored, config)
    return stored


def _open_source(config, stored, devices):
    """The configuration with what is found of the data, and these; a run that is resumed keeps what it has found."""
    if devices.description:
        log(devices.description)
    config = with_recorded_data(config, stored) if stored else found_sides.settled(config)
    with devices.chief_first():
        source = open_source(config)
    config, clipped = (config, []) if stored else found_sides.measured(config, source)
    source.announce(found_sides.describe(config), clipped)
    return config, source


@contextlib.contextmanager
def _only_one_process(workdir, writes):
    """Holds the lock of a run directory that this process writes, until the process ends, however it ends."""
    if not writes:
        yield
        return
    make_folder(workdir, "--workdir")
    busy = f"{workdir} is being trained by another process; wait for it, or give another --workdir."
    with exclusive_lock(os.path.join(workdir, ".lock"), busy):
        remove_leftovers(workdir)
        yield


class _Run:
    """A run in training."""

    def __init__(self, config, stored, workdir, devices, source, validation):
        """`stored` is the configuration with which the run was trained so far; None if it is new."""
        self._config, self._stored, self._workdir, self._devices = config, stored, workdir, devices
        self._source, self._validation = source, validation
        with devices.scope():
            self._networks, self._optimizers = new_state(config)
            self._scales = new_loss_scales(config)
            self._perceptual = perceptual_network(config.vgg_weights) if config.perceptual_weight else None
        self._checkpoints = Checkpoints(
            workdir, config.keep_checkpoints, self._networks, self._optimizers, self._scales, writes=devices.is_chief
        )
        self._per_epoch = steps_per_epoch(source.train, config)
        self._total = config.steps or config.epochs * self._per_epoch
        self._step = self._saved = 0
        self._losses = loss_names(config)
        self._totals, self._counted_from = no_steps(self._losses), 0
        self._timer = StepTimer()
        self._rate = self._report = self._best = None

    def restore(self) -> bool:
        """Takes the newest checkpoint, if there is one; returns whether there are steps left to train."""
        self._step = self._saved = self._counted_from = self._checkpoints.restore()
        if self._config.init_from and not self._checkpoints.exist:
            log(initialize(self._config, self._networks))
        self._check_all_workers_found_it()
        if self._step < self._total:
            return True
        log(
            f"{self._workdir} is at step {self._step} of {self._total} already; "
            "give a larger --steps or --epochs to train on."
        )
        if self._devices.is_chief and loss_curves.are_out_of_date(self._workdir):
            loss_curves.save_loss_curves(self._workdir)
        return False

    def train(self, stop):
        """Steps until the last one, or until `stop` is requested."""
        self._start()
        train_step = self._devices.on_all(counting(self._make_train_step(), self._losses, self._config.compile))
        batches = training_batches(self._source.train, self._config, self._step, self._devices.share)
        with contextlib.closing(batches):
            while self._step < self._total and not self._is_stopped(stop):
                batch = self._next(batches)
                self._rate = schedules.learning_rate(self._config, self._step, self._total, self._per_epoch)
                self._totals = train_step(*batch, tf.constant(self._rate, tf.float32), self._totals)
                self._step += 1
                self._timer.step()
                if self._report:
                    self._report.step()
                if is_recorded(self._config, self._step, self._total):
                    self._record()
                if self._step % self._config.save_every == 0 and self._step < self._total:
                    self._save()

    def finish(self, stop):
        """Saves what is not saved yet, and says where everything is or how to resume."""
        if self._step < self._total:
            log(f"received {stop.requested or 'word that another worker stops'}; saving after this step")
        if self._step > self._saved:
            self._save()
        if self._report:
            self._report.close()
        if self._step < self._total:
            command = f"python train.py --workdir={shlex.quote(self._workdir)}"
            log(f"stopped at step {self._step} of {self._total}; resume with: {command}")
        else:
            say_where_everything_is(self._workdir, self._step)

    def _check_all_workers_found_it(self):
        if len(steps := set(self._devices.of_all_processes(self._step))) > 1:
            raise UserError(
                f"The workers found {self._workdir} at different steps ({', '.join(map(str, sorted(steps)))}); it must "
                "be in a folder that all of them share."
            )

    def _start(self):
        """Writes the settings and opens what is reported."""
        config, workdir, networks = self._config, self._workdir, self._networks
        for name, old, new in schedules.changes(self._stored or config, config):
            log(f"{name} {old} → {new} from step {self._step:,} on")
        if self._devices.is_chief:
            save_config(config, workdir)
        log(f"training {workdir} from step {self._step} to {self._total}, {self._per_epoch} steps an epoch")
        log(f"Ctrl-C, or kill {os.getpid()}, saves and stops")
        if self._devices.is_chief:
            validate = make_validation(config, networks.get("ema", networks["generator"]), self._validation)
            self._best = Best(workdir, config.best_metric, networks, self._step) if config.eval_every else None
            self._report = Report(config, workdir, self._step, self._total, self._per_epoch, validate)

    def _make_train_step(self):
        networks, optimizers = self._networks, self._optimizers
        return make_train_step(
            self._config,
            networks["generator"],
            networks.get("discriminator"),
            optimizers["generator"],
            optimizers.get("discriminator"),
            self._scales,
            networks.get("ema"),
            self._perceptual,
        )

    def _is_stopped(self, stop):
        if self._devices.processes == 1:
            return bool(stop.requested)
        return self._step % AGREE_EVERY == 0 and any(self._devices.of_all_processes(bool(stop.requested)))

    def _next(self, batches):
        try:
            return next(batches)
        except UserError:  # An image that cannot be used must not cost the steps before it.
            if self._step > self._saved:
                self._save()
            raise

    def _record(self):
        """Reads the losses and reports them; keeps the generator if it is the best so far."""
        losses = self._finite_losses()
        seconds = self._timer.seconds()
        self._totals, self._counted_from = no_steps(self._losses, self._totals), self._step
        if self._report:
            measured = self._report.record(self._step, losses | {"learning_rate": self._rate}, seconds)
            if self._best and measured:
                self._best.offer(self._step, measured)
        self._timer.restart()

    def _save(self):
        """Writes a checkpoint, which never holds a NaN or Inf."""
        with self._timer.paused():
            self._finite_losses()
            self._checkpoints.step.assign(self._step)
            if self._checkpoints.save() is None:
                raise UserError(f"step {self._step}: a weight is NaN or Inf, so the run stopped; {self._advice()}")
            self._saved = self._step

    def _finite_losses(self):
        """{name: mean since the last record}; UserError if one of them was NaN or Inf."""
        reading = read(self._totals, self._losses)
        if reading.bad:
            number, name, value = reading.bad
            step = self._counted_from + number
            raise UserError(f"step {step}: {name} is {value}, so the run stopped; {self._advice()}")
        return reading.means | ({"skipped_steps": reading.skipped} if self._scales else {})

    def _advice(self):
        newest = f"the newest checkpoint in {self._workdir} is of step {self._saved}"
        kept = newest if self._checkpoints.exist else f"{self._workdir} has no checkpoint yet"
        return f"{kept}; try a lower --learning_rate."

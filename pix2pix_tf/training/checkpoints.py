"""Checkpoints: both networks, both optimizers and the step. Everything random follows from the step."""

import json
import math
import os
import re

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import WEIGHTS
from pix2pix_tf.training import checkpoint_files, weights_file
from pix2pix_tf.training.loss_scale import LossScale
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.console import warn
from pix2pix_tf.utils.json_files import NUMBER, read_json
from pix2pix_tf.utils.plain_paths import plain_path

FOLDER = "checkpoints"
BEST = "best"  # a folder in it
_RECORD = {"step": int, "metric": str, "value": NUMBER}  # What best.json holds.
_NETWORKS = ("generator", "discriminator", "ema")
# What TensorFlow raises when it reads a checkpoint that is damaged or of other networks.
_READ_ERRORS = (AssertionError, IndexError, ValueError, RuntimeError, tf.errors.OpError)


class Checkpoints:
    """Saves and restores a run; the last few are kept.

    Attributes:
      step: int64 variable, the training steps done.
    """

    def __init__(self, workdir, keep, networks: dict, optimizers: dict, loss_scales=None, writes=True):
        """`networks` and `optimizers` are those of `new_state`, `loss_scales` those of `new_loss_scales`, by name.

        Of many processes that train together, one `writes`; the others only check what they would write.
        """
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._workdir, self._folder = workdir, os.path.join(workdir, FOLDER)
        self._keep = keep
        self._networks = networks
        self._writes = writes
        self._objects = {name: _variables(network) for name, network in networks.items()}
        self._objects |= {f"{name}_optimizer": optimizer for name, optimizer in optimizers.items()}
        self._scales = {f"{name}_loss_scale": scale for name, scale in (loss_scales or {}).items()}
        self._checkpoint = tf.train.Checkpoint(step=self.step, **self._objects, **self._scales)

    def save(self) -> str | None:
        """Writes a checkpoint of the present step, or leaves that to the process that writes, and returns its path.

        A network that holds NaN or Inf is not written, so the newest checkpoint is always finite: the
        result is None then.

        Raises:
          UserError: it cannot be written, as when the disk is full; those that are there are untouched.
        """
        for network in self._networks.values():
            if not all(bool(tf.reduce_all(tf.math.is_finite(v.value))) for v in network.weights):
                return None
        if self._writes:
            checkpoint_files.write(self._checkpoint, self._folder, int(self.step), self._keep)
        return checkpoint_files.path(self._folder, int(self.step))

    @property
    def exist(self) -> bool:
        """Whether the run has a checkpoint."""
        return bool(checkpoint_files.steps(self._folder))

    def restore(self) -> int:
        """Restores the newest checkpoint that is whole and returns its step: 0 if there is none at all.

        Newer ones that are damaged are renamed, with a warning. Everything in the checkpoint must have its place in
        the run, and the other way round; but the loss scales, as a run may be resumed in another precision.

        Raises:
          UserError: the checkpoint is of other networks, or none is whole.
        """
        damaged = []
        for step in checkpoint_files.steps(self._folder):
            path = checkpoint_files.path(self._folder, step)
            try:
                self._restore(plain_path(path))
            except _READ_ERRORS as error:
                if checkpoint_files.is_whole(path):
                    raise _does_not_fit(path, error) from None
                damaged.append(step)
                continue
            for worse in damaged if self._writes else ():
                name = checkpoint_files.set_aside(self._folder, worse)
                warn(f"{self._folder}/step-{worse} is damaged and now called {name}; step-{step} is resumed.")
            return int(self.step)
        if damaged:
            raise _none_is_whole(self._folder, damaged)
        check_has_optimizers(self._workdir)
        return 0

    def _restore(self, path):
        stored = {name.partition("/")[0] for name, _ in tf.train.list_variables(path)}
        scales = {name: self._scales.get(name, LossScale()) for name in stored if name.endswith("_loss_scale")}
        status = tf.train.Checkpoint(step=self.step, **self._objects, **scales).restore(path)
        try:
            status.assert_consumed()
        finally:
            status.expect_partial()  # The error says it all; TensorFlow would log each variable.


class Best:
    """The generator that did best by a metric of the validation pairs, kept beside the newest checkpoints.

    `checkpoints/best` holds a checkpoint of the generator, its average and the step, and `best.json`: step, metric and
    value.
    """

    def __init__(self, workdir, metric, networks: dict, start):
        """What is kept from a step beyond `start`, of a run that died after its last checkpoint, is dropped."""
        self._metric = metric
        self._folder = os.path.join(workdir, FOLDER, BEST)
        self._record = os.path.join(self._folder, "best.json")
        self._step = tf.Variable(start, dtype=tf.int64, trainable=False)
        generators = {name: _variables(network) for name, network in networks.items() if name != "discriminator"}
        self._checkpoint = tf.train.Checkpoint(step=self._step, **generators)
        kept = read_json(self._record, _RECORD, "remove it") if os.path.exists(self._record) else {}
        same = kept.get("metric") == metric and kept["step"] <= start
        self._value = kept["value"] if same else None

    def offer(self, step, numbers: dict) -> bool:
        """Keeps the generator of this step if it is better than all before; `numbers` holds the metric's value."""
        value = numbers[self._metric]
        sign = -1 if self._metric == "val_l1" else 1
        is_better = math.isfinite(value) and (self._value is None or sign * value > sign * self._value)
        if not is_better:
            return False
        self._value = value
        self._step.assign(step)
        checkpoint_files.write(self._checkpoint, self._folder, step, keep=1)
        write_text(self._record, json.dumps({"step": step, "metric": self._metric, "value": value}))
        return True


def check_has_optimizers(workdir) -> None:
    """Raises UserError for a run that was published: its weights alone cannot be resumed."""
    if weights_file.path_of(workdir) and not steps_done(workdir):
        raise UserError(
            f"{workdir} holds weights without optimizers, so it cannot be resumed; "
            f"give --init_from={workdir} and a new --workdir."
        )


def path_of(workdir, which="latest") -> str:
    """A checkpoint of a run: "latest", the newest whose networks are whole, "best", or "step-N".

    Raises:
      UserError: there is no such checkpoint, or it is damaged.
    """
    folder = os.path.join(workdir, FOLDER, BEST) if which == BEST else os.path.join(workdir, FOLDER)
    steps = checkpoint_files.steps(folder)
    if re.fullmatch(r"step-\d+", which):
        steps = _only(int(which.removeprefix("step-")), steps, workdir)
    elif which not in ("latest", BEST):
        raise UserError(f"checkpoint must be latest, best or step-N. Received: {which!r}.")
    for place, step in enumerate(steps):
        path = checkpoint_files.path(folder, step)
        if checkpoint_files.is_whole(path, tuple(f"{name}/" for name in _NETWORKS)):
            for worse in steps[:place]:
                warn(f"{checkpoint_files.path(folder, worse)} is damaged; {path} is taken instead.")
            return path
    if steps:
        raise _none_is_whole(folder, steps)
    if which == BEST:
        raise UserError(f"{workdir} has kept no best checkpoint; train with --eval_every, or take the latest.")
    if path := weights_file.path_of(workdir):
        return path
    raise UserError(f"{workdir} has no checkpoint in {FOLDER}/; train there first, or give another run directory.")


def steps_done(workdir) -> int:
    """The step of a run's newest checkpoint; 0 if there is none."""
    return max(checkpoint_files.steps(os.path.join(workdir, FOLDER)), default=0)


def chosen_weights(path, weights="auto") -> str:
    """Which weights of the generator are meant: "raw", as they were trained, or "ema", their running average.

    `weights` may also be "auto", the average if the checkpoint `path` has one. UserError if it has none.
    """
    if weights not in WEIGHTS:
        raise UserError(f"weights must be {', '.join(WEIGHTS)}. Received: {weights!r}.")
    has_average = weights != "raw" and "ema" in networks_in(path)
    if weights == "ema" and not has_average:
        raise UserError(f"{path} holds no average of its weights; train with --ema=0.999, or take weights=raw.")
    return "ema" if has_average else "raw"


def load_generator(generator, path, weights="auto") -> int:
    """Fills a generator with the `chosen_weights` of a checkpoint → its step; UserError if they do not fit."""
    is_average = chosen_weights(path, weights) == "ema"
    return load_networks(path, **{"ema" if is_average else "generator": generator})


def load_networks(path, **networks) -> int:
    """As `load_generator`, for any of a run's networks: `generator=…`, `discriminator=…`."""
    if os.path.basename(path) == weights_file.NAME:
        return weights_file.load(path, **networks)
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    wanted = tf.train.Checkpoint(step=step, **{name: _variables(network) for name, network in networks.items()})
    try:
        wanted.read(plain_path(path)).assert_existing_objects_matched().expect_partial()
    except _READ_ERRORS as error:
        raise _does_not_fit(path, error) from None
    return int(step)


def networks_in(path) -> set[str]:
    """The names of the networks that a checkpoint, or a weights file, holds."""
    if os.path.basename(path) == weights_file.NAME:
        return weights_file.networks_in(path)
    names = {name.partition("/")[0] for name, _ in tf.train.list_variables(plain_path(path))}
    return names & set(_NETWORKS)


def _variables(network):
    """{path: variable} of a Keras network, under the names that its layers have: `down1_conv/kernel`."""
    return {variable.path: variable.value for variable in network.weights}


def _only(step, steps, workdir):
    if step not in steps:
        there = ", ".join(f"step-{other}" for other in steps) or "none"
        raise UserError(f"{workdir} has no checkpoint step-{step}; there are: {there}.")
    return [step]


def _does_not_fit(path, error):
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return UserError(f"{path} does not fit this run ({reason}); give another one.")


def _none_is_whole(folder, steps):
    names = ", ".join(f"step-{step}" for step in steps)
    return UserError(f"{folder} holds no whole checkpoint ({names}: damaged); restore one from a copy, or train again.")

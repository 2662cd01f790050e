"""Checkpoints: both networks, both optimizers and the step. Everything random follows from the step."""

import json
import math
import os

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.training import weights_file

FOLDER = "checkpoints"
BEST = "best"  # a folder in it


def _variables(network):
    """{path: variable} of a Keras network, under the names that its layers have: `down1_conv/kernel`."""
    return {variable.path: variable.value for variable in network.weights}


class Checkpoints:
    """Saves and restores a run; the last few are kept.

    Attributes:
      step: int64 variable, the training steps done.
    """

    def __init__(self, workdir, keep, networks: dict, optimizers: dict, writes=True):
        """`networks` and `optimizers` are those of `new_state`, by name.

        Of many processes that train together, one `writes`; the others only check what they would write.
        """
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._workdir = workdir
        self._networks = networks
        self._writes = writes
        saved = {name: _variables(network) for name, network in networks.items()}
        saved |= {f"{name}_optimizer": optimizer for name, optimizer in optimizers.items()}
        self._checkpoint = tf.train.Checkpoint(step=self.step, **saved)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, os.path.join(workdir, FOLDER), keep, checkpoint_name="step"
        )

    def save(self) -> str | None:
        """Writes a checkpoint of the present step, or leaves that to the process that writes, and returns its path.

        A network that holds NaN or Inf is not written, so the newest checkpoint is always finite: the
        result is None then.
        """
        for network in self._networks.values():
            if not all(bool(tf.reduce_all(tf.math.is_finite(v.value))) for v in network.weights):
                return None
        if self._writes:
            return self._manager.save(checkpoint_number=int(self.step))
        return os.path.join(self._manager.directory, f"step-{int(self.step)}")

    @property
    def exist(self) -> bool:
        """Whether the run has a checkpoint."""
        return self._manager.latest_checkpoint is not None

    def restore(self) -> int:
        """Restores the newest checkpoint, if there is one, and returns the step: 0 if there is none.

        Everything in the checkpoint must have its place in the run, and the other way round.
        """
        path = self._manager.latest_checkpoint
        if path:
            _read(path, lambda: self._checkpoint.restore(path).assert_consumed())
        elif weights_file.path_of(self._workdir):
            raise UserError(
                f"{self._workdir} holds weights without optimizers, so it cannot be resumed; "
                f"give --init_from={self._workdir} and a new --workdir."
            )
        return int(self.step)


class Best:
    """The generator that did best by a metric of the validation pairs, kept beside the newest checkpoints.

    It is a checkpoint of the generator and the step in `checkpoints/best`, with `best.json`: step, metric, value.
    """

    def __init__(self, workdir, metric, generator, start):
        """What is kept from a step beyond `start`, of a run that died after its last checkpoint, is dropped."""
        self._metric = metric
        folder = os.path.join(workdir, FOLDER, BEST)
        self._record = os.path.join(folder, "best.json")
        self._step = tf.Variable(start, dtype=tf.int64, trainable=False)
        checkpoint = tf.train.Checkpoint(step=self._step, generator=_variables(generator))
        self._manager = tf.train.CheckpointManager(checkpoint, folder, 1, checkpoint_name="step")
        kept = self._read()
        same = kept and kept["metric"] == metric and kept["step"] <= start
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
        self._manager.save(checkpoint_number=step)
        with open(self._record + ".tmp", "w") as file:
            json.dump({"step": step, "metric": self._metric, "value": value}, file)
        os.replace(self._record + ".tmp", self._record)
        return True

    def _read(self):
        if not os.path.exists(self._record):
            return None
        with open(self._record) as file:
            return json.load(file)


def path_of(workdir, which="latest") -> str:
    """A checkpoint of a run, "latest" or "best"; UserError if there is none."""
    if which == "best":
        path = tf.train.latest_checkpoint(os.path.join(workdir, FOLDER, BEST))
        if not path:
            raise UserError(f"{workdir} has kept no best checkpoint; train with --eval_every, or take the latest.")
        return path
    path = tf.train.latest_checkpoint(os.path.join(workdir, FOLDER)) or weights_file.path_of(workdir)
    if not path:
        raise UserError(f"{workdir} has no checkpoint in {FOLDER}/; train there first, or give another run directory.")
    return path


def steps_done(workdir) -> int:
    """The step of a run's newest checkpoint; 0 if there is none."""
    path = tf.train.latest_checkpoint(os.path.join(workdir, FOLDER))
    return int(path.rpartition("-")[2]) if path else 0


def load_generator(generator, path) -> int:
    """Fills a generator from a run's checkpoint and returns the step of that checkpoint."""
    return load_networks(path, generator=generator)


def load_networks(path, **networks) -> int:
    """As `load_generator`, for any of a run's networks: `generator=…`, `discriminator=…`."""
    if os.path.basename(path) == weights_file.NAME:
        return weights_file.load(path, **networks)
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    wanted = tf.train.Checkpoint(step=step, **{name: _variables(network) for name, network in networks.items()})
    _read(path, lambda: wanted.read(path).assert_existing_objects_matched().expect_partial())
    return int(step)


def networks_in(path) -> set[str]:
    """The names of the networks that a checkpoint, or a weights file, holds."""
    if os.path.basename(path) == weights_file.NAME:
        return weights_file.networks_in(path)
    names = {name.partition("/")[0] for name, _ in tf.train.list_variables(path)}
    return names & {"generator", "discriminator"}


def _read(path, restore):
    try:
        restore()
    except (AssertionError, IndexError, ValueError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise UserError(
            f"{path} does not fit this run or is damaged ({reason}); remove it or give another run."
        ) from None

"""The devices that a run trains on: one, all of this machine (`mirrored`), or those of many (`multi_worker`).

`batch_size` counts the images of one step on all devices together, and losses and gradients are means over
all of them. Each device has a copy of the networks and sees its share of the batch, so batch norm takes the
statistics of that share; with instance norm nothing depends on the number of devices.
"""

import contextlib
import os
import signal
import threading

import tensorflow as tf

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.json_files import parse_json

_EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


def mean_over_devices(values):
    """Tensors of one device → their means over all devices; called in a training step.

    Each device holds equally many images, so the mean of means is the mean over the global batch.
    """
    context = tf.distribute.get_replica_context()
    return values if context.num_replicas_in_sync == 1 else context.all_reduce(tf.distribute.ReduceOp.MEAN, values)


class Devices:
    """What a run does across devices and processes.

    Attributes:
      processes: how many train together.
      is_chief: whether this process is the one that writes the run directory.
      share: (first, past the last), the part of every global batch that this process reads.
      description: a sentence for people; None for one device.
    """

    def __init__(self, config):
        """Must come before TensorFlow computes anything. `multi_worker` waits here for all workers to start.

        Raises:
          UserError: TF_CONFIG is missing or wrong, or the batch cannot be divided evenly.
        """
        worker, workers = 0, 1
        if config.strategy == "multi_worker":
            worker, workers = _place_in_cluster(os.environ.get("TF_CONFIG", ""))
            print(f"waiting for {workers} workers", flush=True)
            with _ctrl_c_ends_at_once():
                self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        elif config.strategy == "mirrored":
            kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
            self._strategy = tf.distribute.MirroredStrategy([d.name for d in tf.config.list_logical_devices(kind)])
        else:
            self._strategy = tf.distribute.get_strategy()
        devices = self._strategy.num_replicas_in_sync
        if config.batch_size % devices:
            raise UserError(
                f"batch_size {config.batch_size} cannot be divided evenly among {devices} devices; "
                f"take a multiple of {devices}."
            )
        self.processes, self._local_devices = workers, devices // workers
        self._gather = tf.function(lambda values: self._strategy.gather(values, axis=0), autograph=False)
        self.is_chief = worker == 0
        part = config.batch_size // workers
        self.share = (worker * part, (worker + 1) * part)
        self.description = None
        if config.strategy != "none":
            self.description = (
                f"{config.strategy}: {devices} devices in {workers} processes, "
                f"{config.batch_size // devices} of {config.batch_size} images a step on each"
            )

    def scope(self):
        """A context in which variables are made with a copy on each device."""
        return self._strategy.scope()

    def on_all(self, train_step):
        """`train_step` of one device → the same function of this process's share of a batch, on all devices.

        Its first three arguments, tensors of the batch, are shared out among this process's devices; each device is
        given all of the others. What it returns must be the same on all devices.
        """
        if self._strategy.num_replicas_in_sync == 1:
            return train_step

        @tf.function(autograph=False)
        def run(batch, others):
            results = self._strategy.run(train_step, (*batch, *others))
            return tf.nest.map_structure(lambda value: self._strategy.experimental_local_results(value)[0], results)

        def shared_out(condition, target, seeds, *others):
            batch = (condition, target, seeds)
            parts = list(zip(*(tf.split(tensor, self._local_devices) for tensor in batch), strict=True))
            return run(self._on_each(lambda device: parts[device]), others)

        return shared_out

    def of_all_processes(self, number: int) -> list[int]:
        """The numbers that all processes gave; returns when all of them have called it."""
        if self.processes == 1:
            return [number]
        return self._gather(self._on_each(lambda _: tf.constant([number], tf.int64))).numpy().tolist()

    @contextlib.contextmanager
    def chief_first(self):
        """The chief runs the block before the others, to prepare what they share."""
        if not self.is_chief:
            self.of_all_processes(0)
        yield
        if self.is_chief:
            self.of_all_processes(0)

    def _on_each(self, values):
        """`values(number of this process's device)` on each of them."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: values(context.replica_id_in_sync_group % self._local_devices)
        )


@contextlib.contextmanager
def lost_worker_as_sentence():
    """The errors that TensorFlow raises when another process has gone → a UserError."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        reason = next((line for line in error.message.splitlines() if "aborted by" in line), error.message)
        raise UserError(
            "Another worker was lost; start all of them again with the same commands, and the run resumes from its "
            f"last checkpoint. ({reason.strip()[:200]})"
        ) from None


def _place_in_cluster(tf_config: str) -> tuple[int, int]:
    """TensorFlow's description of a cluster, the variable TF_CONFIG → (this worker, number of workers)."""
    try:
        described = parse_json(tf_config, "TF_CONFIG")
        addresses, task = described["cluster"], described["task"]
        order = [(kind, index) for kind in ("chief", "worker") for index in range(len(addresses.get(kind, [])))]
        return order.index((task["type"], int(task["index"]))), len(order)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise UserError(
            "strategy multi_worker needs the environment variable TF_CONFIG, with every worker's address and this "
            f"worker's index, such as {_EXAMPLE}. Received: {tf_config!r}."
        ) from None


@contextlib.contextmanager
def _ctrl_c_ends_at_once():
    """While TensorFlow waits in C++ for other workers, Python's own handler of Ctrl-C would never run."""
    if threading.current_thread() is not threading.main_thread():  # Python allows handlers only there.
        yield
        return
    old = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)

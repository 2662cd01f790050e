"""Where does the time of a training step go? The operations that TensorFlow's profiler saw, by kind.

    python benchmarks/profile_step.py

Times are sums over all threads of the CPU, so they add up to more than the step takes.
"""

import collections
import tempfile
from pathlib import Path

from absl import flags

from pix2pix_tf import Config, cli
from pix2pix_tf.utils.console import log

_FIELDS = cli.define_config_flags(only=["image_size", "base_filters", "precision"])
_STEPS = flags.DEFINE_integer("steps", 6, "steps that are profiled", lower_bound=1)

KINDS = {  # Parts of the names of operations; the first that fits counts.
    "Adam": ("Adam",),
    "norm": ("BatchNorm",),
    "activations": ("Relu", "Tanh", "Sigmoid"),
    "convolutions": ("Conv2D",),
    "matrix products": ("MatMul",),
    "concatenation, slices, layout": ("Concat", "Slice", "Transpose", "Reshape", "Pad", "Unpack", "Pack", "Gather"),
    "casts": ("Cast",),
    "dropout": ("Random", "Select", "GreaterEqual"),
}


def main():
    import devices
    import tensorflow as tf
    import training_steps

    config = Config(**cli.given_config_fields(_FIELDS))
    log(f"{devices.describe()}; {config.image_size}, {config.precision}")
    step, batch = training_steps.our_train_step(config), training_steps.example(config)
    for _ in range(3):
        step(*batch)["g_l1"].numpy()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(_STEPS.value):
                step(*batch)["g_l1"].numpy()
        milliseconds = by_kind(operations(folder))
    total = sum(milliseconds.values())
    log(f"{'operations':<32}{'ms a step':>10}{'share':>8}")
    for kind, time in milliseconds.most_common():
        log(f"{kind:<32}{time / _STEPS.value:10.1f}{time / total:8.1%}")


def operations(folder):
    """{operation: milliseconds}, of the profile in `folder`."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (path,) = Path(folder).rglob("*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    milliseconds = collections.Counter()
    for plane in space.planes:
        names = {key: metadata.name for key, metadata in plane.event_metadata.items()}
        for event in (event for line in plane.lines for event in line.events):
            operation = names[event.metadata_id].rpartition(":")[2]  # "node:Operation"; others are no operations.
            if hasattr(tf.raw_ops, operation) or operation.startswith(("_Mkl", "_Fused")):
                milliseconds[operation] += event.duration_ps / 1e9
    return milliseconds


def by_kind(milliseconds):
    """{operation: milliseconds} → the same by KINDS."""
    kinds = collections.Counter()
    for operation, time in milliseconds.items():
        kind = next((kind for kind, parts in KINDS.items() if any(part in operation for part in parts)), "others")
        kinds[kind] += time
    return kinds


if __name__ == "__main__":
    cli.run(main)

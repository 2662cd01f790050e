"""Run directories without training: what `train` leaves of a run, with the weights that it starts from."""

import json

from pix2pix_tf.runs import save_config
from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.training.state import new_state


def write_run(folder: str, config, step: int = 1) -> str:
    """Writes `config`, its fresh networks and optimizers as a checkpoint, and a record; returns the folder."""
    save_config(config, folder)
    checkpoints = Checkpoints(folder, 1000, *new_state(config))
    checkpoints.step.assign(step)
    checkpoints.save()
    with open(f"{folder}/metrics.jsonl", "a") as file:
        file.write(json.dumps({"step": step, "seconds_per_step": 0.5}) + "\n")
    return folder

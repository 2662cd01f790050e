"""The learning rate of each step: a pure function of the step, so that a run resumes where its schedule was."""

import math

FIELDS = ("learning_rate", "discriminator_learning_rate", "lr_schedule", "decay_epochs", "warmup_steps")


def changes(old, new) -> list[tuple]:
    """(field, old value, new value) of what the second of two configurations changes of the learning rates."""
    names = (*FIELDS, "epochs", "steps") if new.decay_epochs else FIELDS  # A decay counts back from the end.
    values = ((name, getattr(old, name), getattr(new, name)) for name in names)
    return [(name, before, after) for name, before, after in values if before != after]


def learning_rate(config, step, total, per_epoch) -> float:
    """The generator's rate in the step after `step`, of `total` steps: constant by default, as in the paper.

    It rises linearly over the first `warmup_steps`. "linear" and "cosine" fall to 0 over the last `decay_epochs`; the
    linear decay is that of the published ports. "step" divides the rate by 10 each time that `decay_epochs` have gone.
    """
    decay_steps = config.decay_epochs * per_epoch
    warmth = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    decay = _decay(config.lr_schedule, step, total, decay_steps) if decay_steps else 1.0
    return config.learning_rate * decay * warmth


def _decay(schedule, step, total, decay_steps):
    left = min(1.0, (total - step) / decay_steps)
    if schedule == "cosine":
        return (1.0 - math.cos(math.pi * left)) / 2.0
    return 0.1 ** (step // decay_steps) if schedule == "step" else left


def discriminator_factor(config) -> float:
    """The discriminator's rate divided by the generator's: 1 unless it has its own (TTUR, Heusel et al. 2017)."""
    own = config.discriminator_learning_rate
    return own / config.learning_rate if own else 1.0

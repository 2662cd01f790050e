"""What each participant sees, as a function of the study's seed (paper, section 4.1)."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

SIDES = ("left", "right")
EXPOSURE_MS = 1000


@dataclasses.dataclass(frozen=True)
class Trial:
    """Two images, by their names, of which the fake is on one side."""

    real: str
    fake: str
    fake_side: str


def choose_algorithm(algorithms: Sequence[str], of_participants: Iterable[str]) -> str:
    """One algorithm a participant: the one that the fewest participants so far have had; of several, the first."""
    of_participants = list(of_participants)
    return min(algorithms, key=of_participants.count)


def draw_trials(
    seed: int, participant: int, real: Sequence[str], fake: Sequence[str], same_input: bool, count: int
) -> list[Trial]:
    """The trials of participant 0, 1, 2, …: images in random order, none of them twice, the fake on a random side.

    Args:
      seed: of the study; seed and participant decide everything.
      participant: their number.
      real, fake: names of the images, at least `count` and at least two of each; with `same_input`, every name in
        `fake` is in `real` too.
      same_input: whether both images of a trial have the same name (the paper's colorization); otherwise they
        never have (its maps and aerial photos).
      count: of trials, practice included.
    """
    random = np.random.default_rng([seed, participant])
    fakes = random.permutation(fake)[:count]
    reals = fakes
    while not same_input and np.any(reals == fakes):
        reals = random.permutation(real)[:count]
    sides = random.choice(SIDES, count)
    return [Trial(*map(str, names)) for names in zip(reals, fakes, sides, strict=True)]

"""How long a training step takes."""

import contextlib
import time


class StepTimer:
    """Seconds a step since the last `restart`; the first step of all, which is compiled, is left out if others follow.

    Steps may still be running on the device when they are counted, so the time is right once their losses were read.
    """

    def __init__(self):
        self._steps = None  # Counted from the second on.
        self._start = time.perf_counter()
        self._first = 0.0

    def step(self) -> None:
        """Counts a step."""
        if self._steps is None:
            self._first = time.perf_counter() - self._start
            self.restart()
        else:
            self._steps += 1

    def seconds(self) -> float:
        """The mean time of a step."""
        return (time.perf_counter() - self._start) / self._steps if self._steps else self._first

    def restart(self) -> None:
        """Forgets the steps so far."""
        self._steps, self._start = 0, time.perf_counter()

    @contextlib.contextmanager
    def paused(self):
        """The time of the block does not count."""
        began = time.perf_counter()
        yield
        self._start += time.perf_counter() - began

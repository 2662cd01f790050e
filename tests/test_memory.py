"""Training's memory stays where it is: the short version of `benchmarks/memory.py --soak=5000`."""

from pathlib import Path

import numpy as np
import pytest

from pix2pix_tf.training import reporting
from pix2pix_tf.training.loop import train

PAGE = 4096


@pytest.mark.slow
def test_it_is_flat_over_steps_validations_samples_and_checkpoints(tiny, tmp_path, monkeypatch):
    resident = []
    step = reporting.Report.step

    def watched(self, *arguments):
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE)
        return step(self, *arguments)

    monkeypatch.setattr(reporting.Report, "step", watched)
    train(tiny(steps=900, log_every=10, sample_every=50, eval_every=25, save_every=50), str(tmp_path))
    middle, end = np.median(resident[400:500]), np.median(resident[800:])
    assert len(resident) == 900
    assert end - middle < 8 * 2**20

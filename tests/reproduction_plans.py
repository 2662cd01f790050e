"""What the tests of reproduced tables share: a plan whose runs take a moment. They take it in by `pytest_plugins`."""

import pytest

from pix2pix_tf.reproduction import planning, running

TINY = {"direction": "b_to_a", "image_size": 64, "base_filters": 2, "steps": 2, "validation_images": 2}


@pytest.fixture
def plan(toy_facades, tmp_path, monkeypatch):
    """plan(seeds=2): a Plan of runs that take a moment."""
    monkeypatch.setattr(running, "FCN_BATCH_SIZE", 2)

    def plan(seeds=1, **changes):
        given = {"dataset": "toy_facades", **TINY, **changes}
        return planning.Plan(str(tmp_path), given, seeds, "toy_facades", str(tmp_path / "fcn"), 2, 2)

    return plan

"""What the tests of reproduced tables share: plans whose runs take a moment. They take it in by `pytest_plugins`."""

import pytest
from untrained_runs import write_run

from pix2pix_tf.reproduction import planning, reproduce, running
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.runs import new_config

TINY = {"direction": "b_to_a", "image_size": 32, "base_filters": 2, "steps": 2, "validation_images": 2}
RUNS = [("table1", "l1", 0), ("table1", "l1", 1), ("table1", "l1_cgan", 0), ("table6", "l1", 0)]
RUNS += [("figure7", "l1_cgan", 0), ("rgb_vs_lab", "rgb", 0)]


def plan_in(folder, seeds=1, **changes):
    """A Plan of tiny runs of toy_facades in a folder, with the classifier in its fcn/."""
    given = {"dataset": "toy_facades", **TINY, **changes}
    return planning.Plan(str(folder), given, seeds, "toy_facades", str(folder / "fcn"), 2, 2)


@pytest.fixture
def plan(toy_facades, tmp_path):
    """plan(seeds=2): a Plan in an empty folder."""
    return lambda *arguments, **changes: plan_in(tmp_path, *arguments, **changes)


@pytest.fixture(scope="module")
def finished(toy_facades, tmp_path_factory):
    """A folder of finished experiments, whose runs have the weights that training starts from; nobody writes to it.

    Of labels → photo the rows l1 (seeds 0 and 1) and l1_cgan, of photo → labels l1, of colorization l1_cgan and rgb.
    """
    folder = tmp_path_factory.mktemp("finished")
    for name, row, seed in RUNS:
        planned = plan_in(folder), EXPERIMENTS[name], row, seed
        config = new_config(planning.fields_of(*planned))
        write_run(planning.run_directory(*planned), config, step=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "FCN_BATCH_SIZE", 2)
        reproduce.reproduce(plan_in(folder), "table1", ["l1", "l1_cgan"])
    for name, rows in (("table6", ["l1"]), ("figure7", ["l1_cgan"]), ("figure8", []), ("rgb_vs_lab", [])):
        reproduce.reproduce(plan_in(folder), name, rows)
    reproduce.reproduce(plan_in(folder, seeds=2), "table2", ["l1"])
    return folder

"""The figure of an experiment: rows of validation images with every run's output beside, or color distributions."""

from matplotlib.figure import Figure  # Not pyplot, whose screen or notebook is the caller's.
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.data.pipeline import read_pair
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.evaluation.metric_figure import GROUND_TRUTH, draw_histograms
from pix2pix_tf.evaluation.outputs import outputs_of
from pix2pix_tf.grids import GRID_ROWS, sample_grid
from pix2pix_tf.inference import Translator
from pix2pix_tf.reproduction.running import at_twice_the_size, enlarged
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.atomic import atomic_path
from pix2pix_tf.utils.spread import evenly_spread


def save_outputs(workdirs: dict[str, str], path: str) -> None:
    """A grid: input, the output of each run ({title: run directory}), and the target."""
    runs = {title: Translator.load(workdir) for title, workdir in workdirs.items()}
    _save_grid(runs, path)


def save_sizes(workdir: str, path: str) -> None:
    """A grid as of `save_outputs`: a generator at the size that it was trained at, enlarged, and at twice that size."""
    run = Translator.load(workdir)
    _save_grid({"as trained, enlarged": run, "at twice the size": at_twice_the_size(run)}, path)


def _save_grid(runs, path):
    config = list(runs.values())[-1].config  # Of the last one's size, as the others are enlarged to.
    split, _ = open_splits(config, "val")
    numbers = evenly_spread(len(split), GRID_ROWS)
    columns = {
        title: enlarged(outputs_of(run, split, numbers, noise_seed=0).outputs, config.size)
        for title, run in runs.items()
    }
    rows = []
    for row, number in enumerate(numbers):
        source, target = read_pair(config, split, number)
        outputs = [images.to_network(outputs[row]) for outputs in columns.values()]
        rows.append((get_task(config).visible(get_task(config).condition(source)), *outputs, target))
    grid = sample_grid(rows, ("input", *columns, "target"))
    with atomic_path(path) as temporary:
        Image.fromarray(grid).save(temporary, "PNG")


def save_histograms(results: dict[str, dict], path: str) -> None:
    """Log probabilities of L, a and b, as in the paper's figure 7; `results` are {title: what `evaluate` returned}."""
    figure = Figure(figsize=(12, 3.7), layout="constrained")
    targets = next(iter(results.values()))["histograms"]["truth"]
    curves = {title: (result["histograms"]["outputs"], {}) for title, result in results.items()}
    draw_histograms(figure, {"ground truth": (targets, GROUND_TRUTH)} | curves)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")

"""What `over_steps` measured, as a table, as a figure, and as images of outputs at some steps."""

from matplotlib.figure import Figure  # Not pyplot, whose screen or notebook is the caller's.
from over_steps import COLUMNS, GRID, Subject, cell
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.data.pipeline import read_pair
from pix2pix_tf.grids import GRID_ROWS, sample_grid
from pix2pix_tf.metrics import CLASS_SCORES, IMAGE_METRICS
from pix2pix_tf.utils.atomic import atomic_path
from pix2pix_tf.utils.markdown import table
from pix2pix_tf.utils.spread import evenly_spread


def markdown(results: dict) -> str:
    """The table, under what it was measured on."""
    config = results["config"]
    epochs = int(max(results["steps"], key=int)) * config["batch_size"] / results["training_pairs"]
    classifier = ", ".join(f"{title} {results['classifier'][name]:.4f}" for name, title in CLASS_SCORES.items())
    rows = [[name, *(cell(column, row) for column in COLUMNS)] for name, row in results["steps"].items()]
    rows += [[name, *(cell(column, row) for column in COLUMNS)] for name, row in results["compared"].items()]
    return "\n\n".join(
        [
            f"{results['images']} validation pairs of {config['data_dir'] or config['dataset']} at "
            f"{config['image_size']}, width {config['base_filters']}, {config['precision']}, noise on. The last step "
            f"is epoch {epochs:.0f}.",
            table(("step", *COLUMNS.values()), rows),
            "The grid: how far the frequencies of period 2, 4 and 8 pixels stand out of those around them; 1: no grid. "
            f"The classifier on held-out real photos: {classifier}.",
        ]
    )


def save_figure(results: dict, path: str) -> None:
    """Each group of numbers against steps; dashed: the ground truth, dotted: outputs for other inputs."""
    steps = [int(step) for step in results["steps"]]
    other, mean, real = results["compared"].values()
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True)
    panels = [["l1"], ["psnr"], ["ssim"], ["per_pixel"], ["per_class", "iou"], list(GRID)]
    for axis, names in zip(axes.flat, panels, strict=True):
        for number, name in enumerate(names):
            color = f"C{number}"
            axis.plot(steps, [row[name] for row in results["steps"].values()], ".-", color=color, label=COLUMNS[name])
            compared = (("--", real), (":", other), *([("-.", mean)] if name in IMAGE_METRICS else []))
            for style, row in compared:
                if row[name] is not None and not (name == "ssim" and row is real):
                    axis.axhline(row[name], color=color, linestyle=style, linewidth=1)
        axis.set(title=", ".join(COLUMNS[name] for name in names), xlabel="steps")
        axis.grid(alpha=0.3)
        if len(names) > 1:
            axis.legend()
    axes.flat[-1].set(title="strength of the grid", yscale="log")
    figure.supxlabel("dashed: real photos; dotted: outputs for other inputs; dash-dotted: the mean image", fontsize=9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def save_samples(subject: Subject, steps: list[int], path: str) -> None:
    """The same validation labels with the outputs at some steps beside; no photo of the data is in it."""
    chosen = evenly_spread(len(subject.split), GRID_ROWS)
    columns = [[read_pair(subject.config, subject.split, number)[0] for number in chosen]]
    columns += [[images.to_network(output) for output in subject.outputs(step, chosen).outputs] for step in steps]
    grid = sample_grid(list(zip(*columns, strict=True)), ("labels", *(f"step {step:,}" for step in steps)))
    with atomic_path(path) as temporary:
        Image.fromarray(grid).save(temporary, "JPEG", quality=90)

"""The numbers of `evaluate.evaluate` as a figure: colors as in the paper's figure 7, and confusion matrices."""

import numpy as np
from matplotlib.figure import Figure  # Not pyplot, whose screen or notebook is the caller's.

from pix2pix_tf.evaluation.lab_histograms import LIMITS
from pix2pix_tf.utils.atomic import atomic_path

INCHES = 12  # wide
MOST_PANELS = 6  # of channels
BLUE = "#0072b2"  # Okabe and Ito's, which color-blind people see apart from black
GROUND_TRUTH = {"color": "black", "linestyle": "--"}


def save_figure(results, path) -> None:
    """Writes the figure of `results` to a PNG file, in one piece."""
    figure = draw(results)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def draw(results):
    """The matplotlib figure of the histograms and of the confusion matrices, whichever `results` holds."""
    parts = [part for name, part in _PARTS.items() if name in results]
    figure = Figure(figsize=(INCHES, sum(height for _, height in parts)), layout="constrained")
    rows = figure.subfigures(len(parts), 1, height_ratios=[height for _, height in parts], squeeze=False)[:, 0]
    for row, (draw_part, _) in zip(rows, parts, strict=True):
        draw_part(row, results)
    return figure


def draw_histograms(figure, curves: dict[str, tuple[dict, dict]]):
    """Three panels, L, a and b: log probability of each value → their axes.

    `curves` are {title: (what `lab_histograms` returned, matplotlib's style)}.
    """
    axes = figure.subplots(1, 3)
    for axis, (name, (low, high)) in zip(axes, LIMITS.items(), strict=True):
        values, seen = np.arange(low, high + 1), False
        for title, (histograms, style) in curves.items():
            counts = np.asarray(histograms[name], float)
            axis.semilogy(values, counts / counts.sum(), label=title, **style)
            seen = seen | (counts > 0)
        shown = values[seen]
        axis.set(xlabel=name, ylabel=f"P({name})", xlim=(shown[0] - 1, shown[-1] + 1))
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(curves), frameon=False)
    return axes


def _draw_colors(figure, results):
    """The histograms of targets and outputs, and what they have in common."""
    targets, outputs = (results["histograms"][name] for name in ("truth", "outputs"))
    axes = draw_histograms(figure, {"ground truth": (targets, GROUND_TRUTH), "outputs": (outputs, {"color": BLUE})})
    for axis, intersection in zip(axes, results["colors"]["intersection"].values(), strict=True):
        axis.set_title(f"intersection {intersection:.2f}")


def _draw_values(figure, results):
    """How often values occur in targets and outputs, in the data's units; a panel for each of the first channels."""
    values = results["values"]
    count = min(len(values["truth"]), MOST_PANELS)
    for channel, axis in enumerate(figure.subplots(1, count, squeeze=False)[0]):
        for name, label, color in (("truth", "ground truth", "black"), ("outputs", "outputs", BLUE)):
            counts = np.array(values[name][channel], float)
            axis.stairs(counts / counts.sum(), values["edges"], label=label, color=color)
        axis.set(title=f"channel {channel}", xlabel="value", yscale="log")
        axis.grid(alpha=0.3)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)


def _draw_confusions(figure, results):
    """Confusion matrices side by side, in per cent of each true class; the row of a class that is nowhere is white."""
    classes, rows = results["confusion"]["classes"], results["confusion"]["rows"]
    axes = figure.subplots(1, len(rows), squeeze=False, sharey=True)[0]
    for axis, (title, counts) in zip(axes, rows.items(), strict=True):
        counts = np.array(counts, float)
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(100 * counts, totals, where=totals > 0, out=np.full_like(counts, np.nan))
        image = axis.imshow(shares, cmap="cividis", vmin=0, vmax=100)
        axis.set(title=title, xlabel="predicted class")
        axis.set_xticks(range(len(classes)), classes, rotation=90)
        axis.set_yticks(range(len(classes)), classes)
        for row, column in np.argwhere(shares >= 0.5):
            share = shares[row, column]
            color = "black" if share > 60 else "white"
            axis.text(column, row, f"{share:.0f}", ha="center", va="center", size=7, color=color)
    axes[0].set_ylabel("true class")
    figure.colorbar(image, ax=axes, label="% of the true class's pixels", shrink=0.8)


_PARTS = {
    "histograms": (_draw_colors, 3.7),
    "values": (_draw_values, 3.7),
    "confusion": (_draw_confusions, 5.6),
}  # What draws it, inches high.

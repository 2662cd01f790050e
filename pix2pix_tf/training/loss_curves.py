"""`losses.png` of a run: its losses by step."""

import os

from matplotlib.figure import Figure  # Not pyplot, whose screen or notebook is the caller's.

from pix2pix_tf.runs import METRICS_FILE, read_metrics
from pix2pix_tf.utils.atomic import atomic_path

LOSSES_FILE = "losses.png"
PANELS = {
    "discriminator": ("d_loss", "d_real", "d_fake"),
    "generator, adversarial": ("g_gan", "g_feature_matching"),
    "reconstruction": ("g_l1", "g_l2", "val_l1"),
    "validation": ("val_ssim",),
}


def save_loss_curves(workdir: str) -> str:
    """Draws `losses.png` from `metrics.jsonl`: D's terms, G's adversarial term, reconstruction and validation."""
    records = read_metrics(workdir)
    figure = Figure(figsize=(4 * len(PANELS), 3.2), layout="constrained")
    axes = figure.subplots(1, len(PANELS))
    for axis, (title, names) in zip(axes, PANELS.items(), strict=True):
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
        for name in names:
            points = [(record["step"], record[name]) for record in records if name in record]
            if points:
                axis.plot(*zip(*points, strict=True), label=name, marker="." if len(points) < 20 else None)
        if axis.lines:
            axis.legend()
        else:
            axis.text(0.5, 0.5, "not trained", ha="center", va="center", transform=axis.transAxes)
    path = os.path.join(workdir, LOSSES_FILE)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def are_out_of_date(workdir: str) -> bool:
    """Whether the curves lack something, as after a run that was killed behind its last checkpoint."""
    metrics, losses = (os.path.join(workdir, name) for name in (METRICS_FILE, LOSSES_FILE))
    if not os.path.exists(metrics):
        return False
    return not os.path.exists(losses) or os.path.getmtime(losses) < os.path.getmtime(metrics)

"""Runs beside each other: the settings in which they differ, their numbers, and their sample grids."""

import base64
import dataclasses
import html
import os
from pathlib import Path

from pix2pix_tf.errors import UserError
from pix2pix_tf.metrics import CLASS_SCORES, IMAGE_METRICS, UNIT_METRICS
from pix2pix_tf.runs import load_config, read_metrics, sample_grids
from pix2pix_tf.utils.json_files import ANY, NUMBER, read_json

VALIDATION = {f"val_{name}": f"validation {title}" for name, title in (IMAGE_METRICS | UNIT_METRICS).items()}
_EVALUATION = {"fcn?": {"rows": {"outputs": {ANY: NUMBER | None}}}}  # What is read of evaluation.json.
FCN_SCORES = {name: f"FCN {title}" for name, title in CLASS_SCORES.items()}


@dataclasses.dataclass(frozen=True)
class Run:
    """What a comparison reads of a run directory.

    Attributes:
      path: the run directory.
      settings: the fields of its `Config`.
      numbers: {title: text}: its step, its last validation, the seconds of a step, and the FCN-score that
        tools.evaluate measured, if it did.
      samples: path of its newest sample grid, None if there is none.
    """

    path: str
    settings: dict
    numbers: dict[str, str]
    samples: str | None


def read_run(path: str) -> Run:
    """Reads a run directory; UserError if it is none."""
    newest = next(reversed(sample_grids(path).values()), None)
    return Run(path, dataclasses.asdict(load_config(path)), _numbers(path), newest)


def _numbers(path):
    records = read_metrics(path)
    numbers = {"steps": str(records[-1]["step"])} if records else {}
    timed = [record["seconds_per_step"] for record in records if "seconds_per_step" in record]
    if timed:
        numbers["seconds a step"] = f"{sorted(timed)[len(timed) // 2]:.3f}"
    validated = next((record for record in reversed(records) if "val_l1" in record), {})
    numbers |= {title: f"{validated[name]:.4f}" for name, title in VALIDATION.items() if name in validated}
    evaluation = os.path.join(path, "evaluation.json")
    if os.path.exists(evaluation):
        results = read_json(evaluation, _EVALUATION, "remove it, or run tools.evaluate again")
        scores = results["fcn"]["rows"]["outputs"] if "fcn" in results else {}
        numbers |= {title: f"{scores[name]:.4f}" for name, title in FCN_SCORES.items() if scores.get(name) is not None}
    return numbers


def compare(runs: list[Run]) -> list[list[str]]:
    """Rows of a table with a column for each run, its header first: the settings that differ, and all numbers."""
    if len(runs) < 2:
        raise UserError("There is nothing to compare; give at least two run directories.")
    differing = [name for name in runs[0].settings if len({str(run.settings[name]) for run in runs}) > 1]
    titles = dict.fromkeys(title for run in runs for title in run.numbers)
    return [
        ["", *(run.path for run in runs)],
        *([name, *(str(run.settings[name]) for run in runs)] for name in differing),
        *([title, *(run.numbers.get(title, "–") for run in runs)] for title in titles),
    ]


def page(runs: list[Run], rows: list[list[str]]) -> str:
    """One HTML page, without other files: the table, and below it the newest sample grid of each run."""
    figures = [f"<figure><figcaption>{html.escape(run.path)}</figcaption>{_image(run)}</figure>" for run in runs]
    cells = [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return (
        "<!doctype html><meta charset=utf-8><title>pix2pix_tf: runs compared</title>"
        "<style>body{font-family:sans-serif}td{padding:.2em .8em}main{display:flex;flex-wrap:wrap;gap:1em}</style>"
        f"<table>{''.join(cells)}</table><main>{''.join(figures)}</main>\n"
    )


def _image(run):
    if not run.samples:
        return "<p>no sample grid yet</p>"
    data = base64.b64encode(Path(run.samples).read_bytes()).decode()
    return f'<img alt="{html.escape(os.path.basename(run.samples), quote=True)}" src="data:image/png;base64,{data}">'

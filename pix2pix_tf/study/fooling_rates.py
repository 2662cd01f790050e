"""How often participants were fooled, by algorithm: tables 4 and 5 of the paper."""

import json
import os

import numpy as np
from matplotlib.figure import Figure  # Not pyplot, whose screen or notebook is the caller's.

from pix2pix_tf.evaluation.bootstrap import mean_and_interval
from pix2pix_tf.study.answers_file import read_answers
from pix2pix_tf.study.protocol import EXPOSURE_MS
from pix2pix_tf.utils.atomic import atomic_path, write_text
from pix2pix_tf.utils.markdown import table

LATE_MS = EXPOSURE_MS * 1.1  # Images that stayed longer than this were seen for longer than was meant.


def write_report(path: str) -> str:
    """Reads an answers file and writes `…-report.md`, `.json` and `.png` beside it; returns the Markdown."""
    settings, records = read_answers(path)
    results = summarize(settings, records)
    text = markdown(settings, results)
    stem = os.path.splitext(path)[0] + "-report"
    write_text(stem + ".md", text)
    write_text(stem + ".json", json.dumps(results, indent=2))
    plot(results, stem + ".png")
    return text


def summarize(settings: dict, records: list[dict]) -> dict[str, dict]:
    """The numbers of each algorithm, from the main trials of those participants who answered all of them.

    Returns:
      {algorithm: numbers}: `participants` who finished; `unfinished` ones, who are left out; `trials`; `fooled`, the
      share in [0, 1] of trials in which the fake was taken for the real image; `low` and `high`, the ends of its
      bootstrap interval of 95 %, for which participants are drawn anew, as trials of one person are not independent;
      `fooled_by_participant`; `median_exposure_ms`; `disturbed`, the share of trials whose images were loaded twice,
      stayed for more than LATE_MS or were hidden with their tab. What is not known is None.
    """
    answers = {record["participant"]: [] for record in records}
    for record in records:
        if not record.get("practice", True):
            answers[record["participant"]].append(record)
    algorithm_of = {record["participant"]: record["algorithm"] for record in records}
    results = {}
    for algorithm in settings["fake"]:
        sessions = [answers[token] for token, name in algorithm_of.items() if name == algorithm]
        finished = [session for session in sessions if len(session) == settings["trials"]]
        trials = [trial for session in finished for trial in session]
        shares = [float(np.mean([_fooled(trial) for trial in session])) for session in finished]
        interval = mean_and_interval(shares) if len(shares) > 1 else {}
        results[algorithm] = {
            "participants": len(finished),
            "unfinished": len(sessions) - len(finished),
            "trials": len(trials),
            "fooled": float(np.mean(shares)) if shares else None,
            "low": interval.get("low"),
            "high": interval.get("high"),
            "fooled_by_participant": shares,
            "median_exposure_ms": float(np.median([trial["exposure_ms"] for trial in trials])) if trials else None,
            "disturbed": float(np.mean([_disturbed(trial) for trial in trials])) if trials else None,
        }
    return results


def markdown(settings: dict, results: dict[str, dict]) -> str:
    """The results as a table, the algorithms in their order, with the words that it needs."""
    head = "algorithm", "participants", "trials", "labeled real", "95 % interval", "median exposure", "disturbed trials"
    rows = []
    for algorithm, numbers in results.items():
        cells = ["–", "–", "–", "–"]
        if numbers["fooled"] is not None:
            exposure, disturbed = f"{numbers['median_exposure_ms']:.0f} ms", _percent(numbers["disturbed"])
            cells = [*_shares(numbers), exposure, disturbed]
        rows.append([algorithm, numbers["participants"], numbers["trials"], *cells])
    unfinished = sum(numbers["unfinished"] for numbers in results.values())
    return (
        f"{table(head, rows)}\n\n"
        f"Labeled real: the share of {settings['trials']} trials a participant in which the fake was taken for the "
        "real image, ± half of the 95 % interval (bootstrap over participants); 50 % means that nobody can tell them "
        f"apart. Left out: {settings['practice']} practice trials a participant, and {unfinished} participants who "
        f"have not finished. Disturbed, but counted: images loaded twice, visible for more than {LATE_MS:.0f} ms, or "
        "in a tab that was hidden.\n"
    )


def plot(results: dict[str, dict], path: str) -> None:
    """Draws the shares with their intervals, a dot for each participant, and the 50 % of those who cannot tell."""
    figure = Figure(figsize=(7, 1.2 + 0.6 * len(results)), layout="constrained")
    axis = figure.subplots()
    for row, numbers in enumerate(results.values()):
        shares = 100 * np.array(numbers["fooled_by_participant"])
        spread = np.random.default_rng(row).uniform(-0.22, 0.22, len(shares))
        axis.scatter(shares, row + spread, s=12, color="0.75", linewidths=0)
        if numbers["fooled"] is not None:
            axis.plot(100 * numbers["fooled"], row, "o", color="black")
        if numbers["low"] is not None:
            axis.plot([100 * numbers["low"], 100 * numbers["high"]], [row, row], color="black")
    axis.axvline(50, color="0.5", linestyle="--", linewidth=1, zorder=0)
    axis.set(xlabel="fakes labeled real, % (dots: participants)", xlim=(-2, 102), ylim=(len(results) - 0.4, -0.6))
    axis.set_yticks(range(len(results)), list(results))
    axis.grid(axis="x", alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _fooled(trial):
    return trial["answer"] != trial["fake_side"]


def _disturbed(trial):
    return trial["hidden"] or trial["loads"] > 1 or trial["exposure_ms"] > LATE_MS


def _percent(share):
    return f"{100 * share:.1f} %"


def _shares(numbers):
    """The cells of a share, with ± half of its interval, and of the interval."""
    share, low, high = numbers["fooled"], numbers["low"], numbers["high"]
    if low is None:
        return _percent(share), "–"
    return f"{_percent(share)} ± {_percent((high - low) / 2)}", f"{_percent(low)} to {_percent(high)}"

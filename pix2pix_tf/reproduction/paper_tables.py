"""The numbers of an experiment as Markdown, with the paper's beside them and what their orderings have in common."""

import itertools
import math

from pix2pix_tf.utils.markdown import table


def markdown(results: dict) -> list[str]:
    """The lines of a heading, the table and the orderings; `results` is what the JSON file of an experiment holds."""
    has_paper = any(row["paper"] for row in results["rows"].values())
    lines = [
        f"## {results['title']}",
        "",
        f"{results['source']}. {_budget(results)}",
        "",
        *_table(results, has_paper).splitlines(),
        "",
        _legend(results, has_paper),
    ]
    if has_paper:
        lines += ["", *orderings(results)]
    return lines


def _table(results, has_paper):
    columns = results["columns"]
    ground_truth = [results["truth"]] if results["truth"] else []
    rows = []
    for row in [*results["rows"].values(), *ground_truth]:
        cells = [_cell([numbers[column] for numbers in row["numbers"]]) for column in columns]
        if has_paper:
            cells.append(" / ".join(f"{value:.2f}" for value in row["paper"]) or "–")
        rows.append([row["title"], *cells])
    return table(["", *columns.values(), *(["the paper's"] if has_paper else [])], rows)


def _budget(results):
    config = next(iter(results["rows"].values()))["config"]
    data, seeds = results["data"], results["seeds"]
    return (
        f"On {data}: {config['steps']} steps of batch {config['batch_size']} at {config['image_size']}, "
        f"width {config['base_filters']}, {config['precision']}, "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}; "
        f"{results['pictures']} validation images."
    )


def _cell(values):
    """The mean of the seeds, and from what to what they go."""
    mean = f"{sum(values) / len(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.3f} to {max(values):.3f})"


def _legend(results, has_paper):
    parts = ["Mean over the seeds, and their range in brackets."] if len(results["seeds"]) > 1 else []
    seconds = [seconds for row in results["rows"].values() for seconds in row["training_seconds"]]
    parts.append(f"The steps of a run took {min(seconds):.0f} to {max(seconds):.0f} s.")
    if classifier := results["classifier"]:
        scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in classifier["held_out"].items())
        budget = f"width {classifier['width']}, {classifier['steps']} steps at {classifier['size']}"
        parts.append(f"The classifier ({budget}) on held-out real photos: {scores}.")
    if has_paper:
        judge = ", with a classifier trained in Caffe" if results["classifier"] else ""
        parts.append(
            f"The paper's numbers are on Cityscapes at 256×256 after 200 epochs{judge}: "
            "compare orderings with them, not values."
        )
    return " ".join(parts)


def orderings(results: dict) -> list[str]:
    """A paragraph for each column: which pairs of rows stand as in the paper, the other way, or are not told apart.

    A pair is told apart where the ranges of its seeds do not touch.
    """
    rows = [row for row in results["rows"].values() if row["paper"]]
    if len(rows) < 2:
        return []
    seeds = len(results["seeds"])
    chance = 2 / math.comb(2 * seeds, seeds)  # Of all orders of 2n equally good runs, those two keep n and n apart.
    lines = [
        "Pairs of rows are told apart where the ranges of their seeds do not touch; "
        f"were all rows equally good, chance would do that to {chance:.0%} of them.",
        "",
    ]
    for number, (column, title) in enumerate(results["columns"].items()):
        if column not in results["given"]:
            found = _compare_pairs(rows, number, column)
            sentences = [f"{heading}: {'; '.join(pairs)}." for heading, pairs in found.items() if pairs]
            total = sum(map(len, found.values()))
            lines.append(f"- **{title}**: {len(found['As in the paper'])} of {total} pairs. {' '.join(sentences)}")
    return lines


def _compare_pairs(rows, number, column):
    """{heading: pairs of rows} of one column, which is the paper's `number`-th; pairs that are equal there are none."""
    found = {"As in the paper": [], "The other way round": [], "Not told apart": []}
    for first, second in itertools.combinations(rows, 2):
        higher, lower = sorted((first, second), key=lambda row: row["paper"][number], reverse=True)
        if higher["paper"][number] == lower["paper"][number]:
            continue
        ours, theirs = ([numbers[column] for numbers in row["numbers"]] for row in (higher, lower))
        if min(ours) > max(theirs):
            found["As in the paper"].append(f"{higher['title']} over {lower['title']}")
        elif max(ours) < min(theirs):
            found["The other way round"].append(f"{lower['title']} over {higher['title']}")
        else:
            found["Not told apart"].append(f"{higher['title']} and {lower['title']}")
    return found

"""The numbers of `report.evaluate` as Markdown."""

from pix2pix_tf.evaluation.inception import FEATURES

METRICS = {"l1": ("L1 on [-1, 1]", 4), "psnr": ("PSNR, dB", 2), "ssim": ("SSIM", 4)}
SCORES = {"per_pixel": "per-pixel accuracy", "per_class": "per-class accuracy", "iou": "class IOU"}


def markdown(results) -> list[str]:
    """The lines of a heading and of a table for each group of numbers."""
    settings, run = results["settings"], results["run"]
    statistics = f"{run['statistics']} statistics"
    if run["statistics"] == "batch":
        statistics += f" of {results['config']['batch_size']}"
    pictures = f"{run['pictures']} pictures of split {settings['split']}"
    noise = f"noise {'on' if settings['noise'] else 'off'}"
    parts = [
        [f"`{settings['workdir']}`, {settings['checkpoint']} checkpoint, step {run['step']}."],
        [f"{pictures}, {noise}, {statistics}, seed {settings['seed']}."],
        _quality(results["quality"]),
    ]
    if "fcn" in results:
        parts.append(_fcn(results["fcn"]))
    if "labels" in results:
        parts.append(_table("label maps", SCORES.values(), _score_rows(results["labels"])))
    if "colors" in results:
        parts.append(_colors(results["colors"]))
    parts.append(_diversity(results["diversity"], results["config"]["dropout"]))
    if "fid" in results:
        parts.append(_fid(results["fid"], run["pictures"]))
    return "\n\n".join("\n".join(part) for part in parts).splitlines()


def _table(corner, columns, rows):
    """The lines of a Markdown table; `rows` is {name: cells}."""
    return [
        f"| {' | '.join([corner, *columns])} |",
        f"|{'---|' * (len(columns) + 1)}",
        *(f"| {' | '.join([name, *cells])} |" for name, cells in rows.items()),
    ]


def _number(value, digits=4):
    return "–" if value is None else f"{value:.{digits}f}"


def _quality(quality):
    def cell(interval, digits):
        mean, low, high = (_number(interval[key], digits) for key in ("mean", "low", "high"))
        return f"{mean} ({low} to {high})"

    rows = {
        row: [cell(metrics[name], digits) for name, (_, digits) in METRICS.items()] for row, metrics in quality.items()
    }
    table = _table("answer to", [title for title, _ in METRICS.values()], rows)
    return [*table, "", "In brackets: the bootstrap's 95 % interval of the mean over pictures."]


def _score_rows(rows):
    return {row: [_number(numbers[name]) for name in SCORES] for row, numbers in rows.items()}


def _fcn(fcn):
    table = _table("FCN-score of", SCORES.values(), _score_rows(fcn["rows"]))
    held_out = ", ".join(f"{name} {_number(fcn['held_out'][key])}" for key, name in SCORES.items())
    return [*table, "", f"The classifier on the real photos that were held out when it was trained: {held_out}."]


def _colors(report):
    rows = {"outputs": [_number(value) for value in report["intersection"].values()]}
    if "intersection_grey" in report:
        gray = report["intersection_grey"]
        rows["an all-gray answer"] = [_number(gray.get(name)) for name in report["intersection"]]
    lines = _table("histogram intersection with the truth", report["intersection"], rows)
    if "median_lightness_error" in report:
        lines += ["", f"Median absolute error of L, in [0, 100]: {_number(report['median_lightness_error'], 3)}."]
    if "clipped_to_gamut" in report:
        share = f"{report['clipped_to_gamut']:.1%}".replace("%", " %")
        lines += ["", f"Pixels clipped to the RGB gamut, which moves their L: {share}."]
    return lines


def _diversity(report, dropout):
    rows = {
        f"answers to the same input, {report['seeds']} noises each": [_number(report["noise"])],
        "answers to different inputs": [_number(report["outputs"])],
        "targets of different inputs": [_number(report["targets"])],
        "answers / targets (near 0: mode collapse)": [_number(report["spread"])],
    }
    lines = _table(f"mean distance, {report['pictures']} pictures", ["L1 on [-1, 1]"], rows)
    if not dropout:
        lines += ["", "This run has a dropout of 0, and so no noise."]
    return lines


def _fid(report, pictures):
    lines = _table(
        "Inception-v3 of Keras", ["FID", "KID"], {"outputs": [_number(report["fid"], 2), _number(report["kid"])]}
    )
    if pictures <= FEATURES:
        lines += [
            "",
            f"{pictures} pictures are few for the covariance of {FEATURES} features: this FID is too large, and "
            "comparable only with that of as many pictures. KID has no such bias.",
        ]
    return [*lines, "", "Not comparable with values of other Inception networks, such as that of the original FID."]

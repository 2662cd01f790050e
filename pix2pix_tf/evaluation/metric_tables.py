"""The numbers of `evaluate.evaluate` as Markdown."""

from pix2pix_tf.evaluation.inception import FEATURES
from pix2pix_tf.metrics import CLASS_SCORES, IMAGE_METRICS, UNIT_METRICS
from pix2pix_tf.utils.markdown import table

DIGITS = {"l1": 4, "psnr": 2, "ssim": 4}


def markdown(results) -> str:
    """A heading and a table for each group of numbers."""
    parts = [_heading(results), _quality(results["quality"])]
    if results.get("channels"):
        parts.append(_channels(results["channels"]))
    if "fcn" in results:
        parts += _fcn(results["fcn"])
    if "labels" in results:
        parts.append(table(("label maps", *CLASS_SCORES.values()), _score_rows(results["labels"])))
    if "colors" in results:
        parts += _colors(results["colors"])
    parts += _diversity(results["diversity"], results["config"]["dropout"])
    if "fid" in results:
        parts += _fid(results["fid"], results["run"]["pictures"])
    return "\n\n".join(parts)


def _heading(results):
    settings, run = results["settings"], results["run"]
    data = f" on {settings['data_dir']}" if settings.get("data_dir") else ""
    statistics = f"{run['statistics']} statistics"
    if run["statistics"] == "batch":
        statistics += f" of {results['config']['batch_size']}"
    noise = f"noise {'on' if settings['noise'] else 'off'}"
    average = ", the running average of its weights" if run["weights"] == "ema" else ""
    return (
        f"`{settings['workdir']}`, {settings['checkpoint']} checkpoint, step {run['step']}{average}{data}.\n\n"
        f"{run['pictures']} images of split {settings['split']}, {noise}, {statistics}, seed {settings['seed']}."
    )


def _number(value, digits=4):
    return "–" if value is None else f"{value:.{digits}f}" if digits else f"{value:.4g}"


def _intervals(rows, names, header):
    """A table of {row: {metric: interval}}; numbers in the data's units have four digits, wherever the point is."""

    def cell(interval, digits):
        mean, low, high = (_number(interval[key], digits) for key in ("mean", "low", "high"))
        return f"{mean} ({low} to {high})"

    cells = [[row, *(cell(metrics[name], DIGITS.get(name)) for name in names)] for row, metrics in rows.items()]
    return table((header, *names.values()), cells)


def _quality(quality):
    names = IMAGE_METRICS | (UNIT_METRICS if "l1_units" in quality["its own input"] else {})
    text = _intervals(quality, names, "output for")
    return f"{text}\n\nIn brackets: the bootstrap's 95 % interval of the mean over images."


def _channels(rows):
    names = UNIT_METRICS | {name: IMAGE_METRICS[name] for name in ("psnr", "ssim")}
    return _intervals({str(channel): row for channel, row in enumerate(rows)}, names, "channel")


def _score_rows(rows):
    return [[row, *(_number(numbers[name]) for name in CLASS_SCORES)] for row, numbers in rows.items()]


def _fcn(fcn):
    yield table(("FCN-score of", *CLASS_SCORES.values()), _score_rows(fcn["rows"]))
    held_out = ", ".join(f"{name} {_number(fcn['held_out'][key])}" for key, name in CLASS_SCORES.items())
    yield f"The classifier on the real photos that were held out when it was trained: {held_out}."


def _colors(report):
    intersection = report["intersection"]
    rows = [["outputs", *map(_number, intersection.values())]]
    if "intersection_grey" in report:
        gray = report["intersection_grey"]
        rows.append(["an all-gray output", *(_number(gray.get(name)) for name in intersection)])
    yield table(("histogram intersection with the targets", *intersection), rows)
    if "median_lightness_error" in report:
        yield f"Median absolute error of L, in [0, 100]: {_number(report['median_lightness_error'], 3)}."
    if "clipped_to_gamut" in report:
        share = f"{report['clipped_to_gamut']:.1%}".replace("%", " %")
        yield f"Pixels clipped to the RGB gamut, which moves their L: {share}."


def _diversity(report, dropout):
    rows = {
        f"outputs for the same input, {report['seeds']} noises each": "noise",
        "outputs for different inputs": "outputs",
        "targets of different inputs": "targets",
        "outputs / targets (near 0: mode collapse)": "spread",
    }
    header = (f"mean distance, {report['pictures']} images", "L1 on [-1, 1]")
    yield table(header, [[title, _number(report[name])] for title, name in rows.items()])
    if not dropout:
        yield "This run has a dropout of 0, and so no noise."


def _fid(report, count):
    rows = [["outputs", _number(report["fid"], 2), _number(report["kid"])]]
    yield table(("Inception-v3 of Keras", "FID", "KID"), rows)
    if count <= FEATURES:
        yield (
            f"{count} images are few for the covariance of {FEATURES} features: this FID is too large, and "
            "comparable only with that of as many images. KID has no such bias."
        )
    yield "Not comparable with values of other Inception networks, such as that of the original FID."

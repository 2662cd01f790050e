"""The model card of an export: what it is, how it was trained, how good it was, and what it was made with."""

import dataclasses
import json
import os
import platform
from importlib import metadata

import pix2pix_tf
from pix2pix_tf.exporting.signatures import MAX_IMAGES
from pix2pix_tf.palettes import known_palette, palette_of
from pix2pix_tf.runs import read_metrics
from pix2pix_tf.sides import Side, input_side, output_side
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.atomic import write_text

VERSIONS = ("tensorflow", "keras", "numpy")


def model_card(
    workdir: str,
    config,
    step: int,
    max_pixels: int,
    parity: list[dict],
    palette: str = "",
    size: str | int = "auto",
    weights: str = "raw",
) -> dict:
    """The contents of `model_card.json`: what `export` was given, and

    - `weights`: of the generator, "raw" or "ema", their running average;
    - `validation`: the newest numbers up to that step, {} if there are none;
    - `palette`: {class: RGB} if the input is a label map of known classes, else null;
    - `parity`: the result of replaying the warm-up records (see `replay`).
    """
    wanted = {"val_l1", "val_psnr", "val_ssim"}
    validation = [record for record in read_metrics(workdir) if record["step"] <= step and wanted <= record.keys()]
    newest = validation[-1] if validation else {}
    return {
        "name": f"{os.path.basename(config.data_dir.rstrip('/')) or config.dataset}-{config.task}",
        "task": config.task,
        "step": step,
        "weights": weights,
        "size": size,
        "input": _side(input_side(config)),
        "output": _side(output_side(config)),
        "validation": {name: value for name, value in newest.items() if name == "step" or name.startswith("val_")},
        "limits": {"images_in_a_request": MAX_IMAGES, "pixels_in_an_image": max_pixels},
        "parity": parity,
        "palette": input_palette(config, palette),
        "versions": {"pix2pix_tf": pix2pix_tf.__version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in VERSIONS},
        "config": dataclasses.asdict(config),
    }


def _side(side):
    return {name: getattr(side, name) for name in ("channels", "dtype", "low", "high")}


def write_card(card: dict, folder: str) -> None:
    """Writes `model_card.json` and, for people, `MODEL_CARD.md` into the `assets.extra` of the export in `folder`."""
    for name, text in (("model_card.json", json.dumps(card, indent=2) + "\n"), ("MODEL_CARD.md", _markdown(card))):
        write_text(os.path.join(folder, "assets.extra", name), text)


def input_palette(config, dataset: str = "") -> dict | None:
    """{class name: RGB} of the input's label maps; None where the input is something else.

    `dataset` names the data set whose colors they use; without it, the run's own data set decides.

    Raises:
      UserError: `dataset` has no palette.
    """
    if not dataset and (not get_task(config).paired or config.direction != "b_to_a" or config.data_dir):
        return None
    palette = palette_of(dataset) if dataset else known_palette(config.dataset)
    return palette and dict(zip(palette.names, palette.colors, strict=True))


def _markdown(card):
    config, limits = card["config"], card["limits"]
    data = config["data_dir"] or config["dataset"]
    worst = min(record["equal"] for record in card["parity"])
    largest = max(record["largest"] for record in card["parity"])
    validation = card["validation"]
    weights = "as they were trained" if card["weights"] == "raw" else f"their running average (ema {config['ema']})"
    measured = (
        f"On validation images at step {validation['step']}: L1 {validation['val_l1']:.4f} on [-1, 1], "
        f"PSNR {validation['val_psnr']:.2f} dB, SSIM {validation['val_ssim']:.4f}."
        if validation
        else "No validation numbers were recorded."
    )
    sides = [Side(**card[name]) for name in ("input", "output")]
    images = [f"{side.dtype} [N, H, W, {side.channels}]" for side in sides]
    gray = " or [N, H, W, 1]" if images[0] == "uint8 [N, H, W, 3]" else ""
    files = "`image_bytes`: encoded images, string [N] | `image_bytes`: PNG, string [N]"
    if not all(side.can_be_png for side in sides):
        files = "as `translate` | as `translate`"
    return f"""# {card["name"]}

A pix2pix generator (Isola et al., CVPR 2017): task {card["task"]}, trained on {data} ({config["direction"]}) for
{card["step"]} steps at {config["image_size"]} pixels, batch size {config["batch_size"]}, {config["precision"]}.
Its weights are {weights}.

{measured}

## Signatures

| name | input | output |
|---|---|---|
| `serving_default` | {files} |
| `translate` | `image`: {images[0]}{gray} | `image`: {images[1]} |
| `sample` | as `translate`, and `seed`: int32 [2] | `image`: {images[1]}, with dropout noise |

Any size up to {limits["pixels_in_an_image"]} pixels an image, up to {limits["images_in_a_request"]} images a request.
{_on_files(sides)}

Checked against the run's own generator when it was exported: at least {worst:.4%} of values equal, none more than
{largest} apart (of 255).

## Made with

{", ".join(f"{name} {version}" for name, version in card["versions"].items())}. All settings are in `model_card.json`.
"""


def _on_files(sides):
    if all(side.is_rgb for side in sides):
        return (
            "JPEG, PNG, BMP and WebP are decoded; EXIF orientation, ICC profiles and alpha are ignored, so inputs "
            "should be upright,\nopaque and sRGB. Outputs are sRGB."
        )
    return (
        f"Inputs have values from {sides[0].low:g} to {sides[0].high:g}, the data's own; others are clipped. Outputs "
        f"have values\nfrom {sides[1].low:g} to {sides[1].high:g}."
    )

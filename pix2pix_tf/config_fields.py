"""What a field of `Config` holds: its default, help text and allowed values, and how a value is checked and stored."""

import dataclasses
import math
import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.sizes import parse_size, written

FORMAT_VERSION = 2  # Of config.json; the first one had no number.
SIZES = ("image_size", "jitter_size")
CHANNELS = ("input_channels", "output_channels")
RANGES = ("input_range", "output_range")
DATA_FIELDS = (*CHANNELS, *RANGES, "input_dtype", "output_dtype", "output_format")  # `auto` is what the data have.
DTYPES = ("auto", "uint8", "uint16", "int16", "float32")
MAX_CHANNELS = 1000
LOGS = ("tensorboard", "csv", "wandb", "mlflow")
INTERPOLATIONS = ("bilinear", "nearest")
RANGE_HELP = "auto is all that an integer can be, and what floats are in the training split; data is that for all"


def field(default, help_text, choices=None, minimum=None, maximum=None, may_change=False):
    """A dataclass field with its flag's help text and what its value may be."""
    rules = {"choices": choices, "minimum": minimum, "maximum": maximum, "may_change": may_change}
    return dataclasses.field(default=default, metadata={"help": help_text, **rules})


def stored(field, value):
    """A field's value as it is stored: sizes in the form that `written` gives them, channels and ranges as numbers.

    Raises:
      UserError: the value is not allowed.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    elif getattr(value, "shape", None) == ():  # NumPy's scalars
        value = value.item()
    name = field.name
    if name == "cache_gigabytes":
        value = _parse_gigabytes(value)
    _check(field, value)
    if name in CHANNELS:
        return _parse_channels(name, value)
    if name in RANGES:
        return _parse_range(name, value)
    if name == "display_channels":
        return _parse_display(value)
    if name == "log_to":
        return _parse_logs(value)
    if name not in SIZES or value is None:
        return value
    if name == "jitter_size" and str(value) == "0":
        return 0
    return written(parse_size(name, value))


def migrated(values: dict, name: str, known: set[str]) -> dict:
    """The fields of a configuration of any version, as the present one, with the `known` ones, has them.

    Raises:
      UserError: `name`, as errors call it, has a newer version or unknown fields.
    """
    fields = dict(values)
    version = fields.pop("format_version", 1)
    unknown = ", ".join(sorted(fields.keys() - known))
    if type(version) is not int or version < 1:
        raise UserError(f"{name} must have a whole number as its format_version. Received: {version!r}.")
    if version > FORMAT_VERSION:
        raise UserError(
            f"{name} has format_version {version}, newer than the {FORMAT_VERSION} that is known here"
            f"{f', and the unknown fields {unknown}' if unknown else ''}; update pix2pix_tf."
        )
    if unknown:
        raise UserError(f"{name} has unknown fields: {unknown}; correct or remove them.")
    return fields  # Version 1 has the same fields as version 2.


def _check(field, value):
    """Raises UserError unless `value` is of the field's type and within what its metadata allow."""
    rules = field.metadata
    if field.type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(field.type, type) and type(value) is not field.type:
        raise UserError(f"{field.name} must be of type {field.type.__name__}. Received: {value!r}.")
    if isinstance(value, str) and "\0" in value:
        raise UserError(f"{field.name} must hold no NUL character. Received: {value!r}.")
    if rules["choices"] and value not in rules["choices"]:
        allowed = ", ".join(str(choice) for choice in rules["choices"])
        raise UserError(f"{field.name} must be one of {allowed}. Received: {value!r}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{field.name} must be a finite number. Received: {value!r}.")
    if value == "auto":
        return
    if rules["minimum"] is not None and value < rules["minimum"]:
        raise UserError(f"{field.name} must be at least {rules['minimum']}. Received: {value!r}.")
    if rules["maximum"] is not None and value > rules["maximum"]:
        raise UserError(f"{field.name} must be at most {rules['maximum']}. Received: {value!r}.")


def _parse_gigabytes(value):
    """`"auto"`, `4` or `"4"` → `"auto"` or the number."""
    try:
        return value if value == "auto" else float(value)
    except (TypeError, ValueError):
        raise UserError(f"cache_gigabytes must be a number of gigabytes, or auto. Received: {value!r}.") from None


def _parse_channels(name, value):
    """`"auto"`, `5` or `"5"` → `"auto"` or the number."""
    text = str(value)
    if text == "auto":
        return text
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_CHANNELS):
        raise UserError(f"{name} must be a number from 1 to {MAX_CHANNELS}, or auto. Received: {value!r}.")
    return int(text)


def _parse_range(name, value):
    """`"auto"`, `"data"`, `"0,100"` or `(0, 100)` → the word, or two floats of which the first is the lower one."""
    if value in ("auto", "data"):
        return value
    try:
        low, high = map(float, value.split(",") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        low = high = 0.0
    if not (low < high and math.isfinite(high - low)):
        raise UserError(f"{name} must be LOW,HIGH with LOW below HIGH, or auto, or data. Received: {value!r}.")
    return low, high


def _parse_display(value):
    """Three numbers as text without blanks; "" for none."""
    parts = str(value).replace(" ", "").split(",") if value else []
    if parts and not (len(parts) == 3 and all(part.isascii() and part.isdecimal() for part in parts)):
        raise UserError(f"display_channels must be three numbers such as 3,2,1, counted from 0. Received: {value!r}.")
    return ",".join(parts)


def _parse_logs(value):
    """Some of LOGS, separated by commas, without blanks and in their order."""
    parts = value.replace(" ", "").split(",") if value else []
    if unknown := set(parts) - set(LOGS):
        raise UserError(f"log_to takes {', '.join(LOGS)}, not {', '.join(sorted(unknown))}. Received: {value!r}.")
    return ",".join(name for name in LOGS if name in parts)

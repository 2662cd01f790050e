"""What `auto` finds in data: channels and values from headers, ranges from all values of the training split."""

import collections

from pix2pix_tf import array_files
from pix2pix_tf.config import Config
from pix2pix_tf.config_fields import DATA_FIELDS
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.data.sources import Source, list_splits
from pix2pix_tf.data.values import joined, values_of
from pix2pix_tf.errors import UserError
from pix2pix_tf.runs import load_config
from pix2pix_tf.sides import LIMITS, input_side, output_side, sides_in_files
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils.spread import evenly_spread

_LOOKED_AT = 50  # headers of a split


def settled(config: Config) -> Config:
    """The same with the channels, dtypes and format that most files of the training split have, in the place of auto.

    Ranges that only the values tell stay as they are; see `measured`. A run that starts from another's weights has that
    one's ranges, in which these have learned, for data of the same channels and dtype.
    """
    fields = {name: getattr(config, name) for name in DATA_FIELDS}
    finds = [None, None]
    if config.data_dir and not config.task.startswith("colorize"):
        finds = _most_common(list_splits(config.replace(**dict.fromkeys(fields, "auto"))), config)
    other = load_config(config.init_from) if config.init_from else None
    for which, found in zip(("input", "output"), finds, strict=True):
        _settle_one(fields, which, found, other)
    if fields["output_format"] == "auto":
        kind = fields["output_dtype"], fields["output_channels"]
        own = "png" if kind == ("uint8", 3) or not finds[1] else finds[1].format
        fields["output_format"] = own if own != "png" or array_files.fits_png(*kind) else "npy"
    return config.replace(**fields)


def _most_common(data, config):
    """What most inputs and most targets are, as `Found`; None where there are none that can be read."""
    if "train" not in data.splits:
        return None, None
    files = data.splits["train"].files
    places = (0, -1) if config.direction == "a_to_b" else (-1, 0)
    places = places if get_task(config).paired else (places[1],) * 2
    return [_mode(files[number][place] for number in evenly_spread(len(files), _LOOKED_AT)) for place in places]


def _mode(paths):
    finds = collections.defaultdict(list)
    for path in paths:
        try:
            found = array_files.read_header(path)
        except UserError:  # Said when it is read, or left out then.
            continue
        finds[found.channels, found.dtype, found.format, found.is_usual].append(found)
    return max(finds.values(), key=len)[0] if finds else None


def _settle_one(fields, which, found, other):
    channels, dtype, limits = f"{which}_channels", f"{which}_dtype", f"{which}_range"
    usual = not found or found.is_usual or (fields[dtype] == "uint8" and found.as_rgb)
    if fields[channels] == "auto":
        fields[channels] = 3 if usual else found.channels
    if fields[dtype] == "auto":
        fields[dtype] = "uint8" if usual else found.dtype
    if fields[limits] == "auto":
        is_alike = other and all(getattr(other, name) == fields[name] for name in (channels, dtype))
        known = getattr(other, limits) if is_alike else "auto"
        fields[limits] = LIMITS.get(fields[dtype], "auto") if known == "auto" else known


def measured(config: Config, source: Source) -> tuple[Config, list[str]]:
    """The same with the ranges of values in the training split as numbers, and lines on what is clipped or constant.

    Data whose ranges are those of their dtypes are not read.

    Raises:
      UserError: all values are the same, or an image cannot be used.
    """
    sides = {"input": input_side(config), "output": output_side(config)}
    unknown = [which for which in sides if isinstance(getattr(config, f"{which}_range"), str)]
    looked_at = [which for which, side in sides.items() if side.is_cut or which in unknown]
    if not looked_at:
        return config, []
    of_train, ranges = _values(config, source.train), {}
    for which in unknown:
        values = joined(of_train[which])
        low, high = float(values.low.min()), float(values.high.max())
        if low == high:
            raise UserError(
                f"All values of the {which}s in the training split are {low:g}, so there is nothing to learn from; "
                f"give other data, or --{which}_range=LOW,HIGH."
            )
        ranges[f"{which}_range"] = low, high
    config = config.replace(**ranges)  # Together, as inpaint has one range for both.
    sides = {"input": input_side(config), "output": output_side(config)}
    of_val = _values(config, source.val)
    notes = []
    for which in looked_at:
        in_train = [] if which in unknown else of_train[which]
        values = joined([*in_train, *of_val[which]])
        if values.outside:
            share = f"{values.outside / values.count:.2%}".replace("%", " %")
            notes.append(
                f"{share} of the values of {which}s ({values.outside}) are outside of {sides[which].low:g} to "
                f"{sides[which].high:g}, and are clipped"
            )
        constant = [name for name, one in zip(source.train.names, of_train[which], strict=True) if one.is_constant]
        if constant:
            notes.append(f"{len(constant)} training {which}s have one value everywhere, such as {constant[0]}")
    return config, notes


def _values(config, split):
    """{"input" or "output": the `Values` of each image}."""
    in_files = sides_in_files(config)

    def of_pair(number):
        return [values_of(image, side) for image, side in zip(split.read(number), in_files, strict=True)]

    a, b = zip(*in_parallel(of_pair, range(len(split)), "values"), strict=True)
    inputs, outputs = (a, b) if config.direction == "a_to_b" else (b, a)
    return {"input": inputs if get_task(config).paired else outputs, "output": outputs}


def describe(config: Config) -> str:
    """Words on both sides for the log's line on the data; "" where these are usual images."""
    sides = input_side(config), output_side(config)
    return "" if all(side.is_rgb for side in sides) else f"; input {sides[0]}, output {sides[1]}"

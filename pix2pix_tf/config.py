"""Every setting of a run in one frozen dataclass: defaults, validation and JSON.

Nothing here imports TensorFlow. `train.py` makes one flag of each field, with the field's default
and help text, so a number stands in this file or nowhere.
"""

import dataclasses
import json
import math
import os

from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import PRESETS, preset_of
from pix2pix_tf.sizes import parse_size, written
from pix2pix_tf.utils.json_files import parse_json

MIN_LEVELS, MAX_LEVELS = 5, 8
FORMAT_VERSION = 2  # Of config.json; the first one had no number.
SIZES = ("image_size", "jitter_size")


def _field(default, help_text, choices=None, minimum=None, maximum=None, may_change=False):
    """A dataclass field with its flag's help text and what its value may be."""
    return dataclasses.field(
        default=default,
        metadata={
            "help": help_text,
            "choices": choices,
            "minimum": minimum,
            "maximum": maximum,
            "may_change": may_change,
        },
    )


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one run; raises UserError when a value is not allowed.

    Sizes are `256` (square) or `"256x512"` (height x width). Fields marked `may_change` may differ
    when a run is resumed; all others are fixed by the run directory's `config.json`.
    """

    # Data
    dataset: str = _field("toy_facades", "TFDS builder that the pairs come from, or the name of a preset")
    data_dir: str = _field("", "folder of your own images; when set, pairs come from it")
    layout: str = _field(
        "auto",
        "how data_dir is laid out: A|B halves in one image, two folders (A and B, input and target, …), or photos",
        choices=("auto", "side_by_side", "two_folders", "photos"),
        may_change=True,  # Later versions may ask to name what an older one took for pairs.
    )
    task: str = _field(
        "translate",
        "what the generator sees and predicts",
        choices=("translate", "colorize", "colorize_rgb", "inpaint"),
    )
    direction: str = _field(
        "a_to_b",
        "which half is the input; colorize and inpaint learn from the half that the arrow points to",
        choices=("a_to_b", "b_to_a"),
    )
    image_size: int | str = _field(256, "training size: 256, or 256x512 for height x width")
    jitter_size: int | str | None = _field(
        None, "size that pairs are resized to before the random crop; default image_size*286/256, 0 for no jitter"
    )
    mirror: bool = _field(True, "flip half of the pairs left-right")
    skip_bad_images: bool = _field(
        False,
        "read all images at the start, and leave out those that are broken, unpaired, tiny or duplicates",
        may_change=True,
    )
    cache_gigabytes: float | str = _field(
        "auto",
        "memory for decoded images, or auto for half of what is free; the others are decoded each time",
        minimum=0,
        may_change=True,
    )

    # Networks
    generator: str = _field(
        "unet", "U-Net, or the same without skip connections (Table 2)", choices=("unet", "encoder_decoder")
    )
    base_filters: int = _field(64, "width of the first layer of both networks", minimum=1)
    norm: str = _field("batch", "normalization layers", choices=("batch", "instance", "none"))
    dropout: float = _field(0.5, "dropout rate in the first three decoder blocks: the noise z", minimum=0, maximum=0.99)
    receptive_field: int = _field(70, "patch size of the discriminator (Table 3)", choices=(1, 16, 70, 286))
    conditional: bool = _field(True, "the discriminator sees the input too: cGAN, not GAN (Table 1)")

    init_from: str = _field("", "run directory whose weights a new run starts from, with fresh optimizers")

    # Objective
    gan_loss: str = _field("vanilla", "cross-entropy, or least squares", choices=("vanilla", "lsgan"))
    gan_weight: float = _field(1.0, "weight of the adversarial loss; 0 trains no discriminator", minimum=0)
    reconstruction: str = _field("l1", "distance to the target", choices=("l1", "l2"))
    reconstruction_weight: float = _field(100.0, "the paper's lambda", minimum=0)
    feature_matching_weight: float = _field(
        0.0, "weight of the L1 distance between the discriminator's features of real and fake", minimum=0
    )

    # Run
    epochs: int = _field(200, "passes over the training pairs", minimum=1, may_change=True)
    steps: int = _field(0, "training steps; when set, it counts instead of epochs", minimum=0, may_change=True)
    batch_size: int = _field(1, "pairs a step, on all devices together", minimum=1)
    learning_rate: float = _field(2e-4, "Adam's learning rate", minimum=0)
    beta_1: float = _field(0.5, "Adam's first momentum", minimum=0, maximum=0.999)
    decay_epochs: int = _field(0, "the learning rate falls linearly to 0 over this many last epochs", minimum=0)
    precision: str = _field(
        "float32",
        "arithmetic of the inner layers; auto measures which is fastest on this device",
        choices=("float32", "bfloat16", "float16", "auto"),
        may_change=True,
    )
    compile: str = _field(
        "none",
        "compile the training step with XLA, which draws other noise from a seed",
        choices=("none", "xla"),
        may_change=True,
    )
    seed: int = _field(0, "seed of weights, order, jitter and noise", minimum=0, maximum=2**31 - 1)
    deterministic: bool = _field(False, "same seed, same machine: the same weights bit for bit (a little slower)")
    strategy: str = _field(
        "none",
        "train on one device, on all of this machine, or on many machines (see README)",
        choices=("none", "mirrored", "multi_worker"),
        may_change=True,
    )
    inference_statistics: str = _field(
        "image", "norm layers at inference use each image's own statistics, or the batch's", choices=("image", "batch")
    )
    log_every: int = _field(50, "steps between two lines of metrics.jsonl", minimum=1, may_change=True)
    sample_every: int = _field(1000, "steps between two sample grids and validations", minimum=1, may_change=True)
    eval_every: int = _field(
        0,
        "steps between two validations that also keep the best checkpoint; 0: validate with each sample grid only",
        minimum=0,
        may_change=True,
    )
    best_metric: str = _field(
        "val_l1",
        "which metric makes a checkpoint the best: lowest L1, highest PSNR or SSIM",
        choices=("val_l1", "val_psnr", "val_ssim"),
        may_change=True,
    )
    save_every: int = _field(1000, "steps between two checkpoints", minimum=1, may_change=True)
    keep_checkpoints: int = _field(3, "how many of the newest checkpoints are kept", minimum=1, may_change=True)
    validation_images: int = _field(
        50, "validation pairs that are measured with each sample grid", minimum=1, may_change=True
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        object.__setattr__(self, "cache_gigabytes", _parse_gigabytes(self.cache_gigabytes))
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        for name in SIZES:
            object.__setattr__(self, name, _canonical(name, getattr(self, name)))
        self._check_sizes()
        if self.gan_weight == 0 and self.reconstruction_weight == 0:
            raise UserError(
                "gan_weight and reconstruction_weight are both 0, which leaves nothing to learn; set one of them."
            )
        if self.gan_weight == 0 and self.feature_matching_weight > 0:
            raise UserError(
                "feature_matching_weight needs a discriminator, but gan_weight is 0; set gan_weight above 0."
            )

        if self.compile == "xla" and self.strategy != "none":
            raise UserError(
                f"compile xla works on one device, but strategy is {self.strategy}; take compile none or strategy none."
            )

    def _check_sizes(self):
        multiple = 2**MIN_LEVELS
        if any(side % multiple for side in self.size):
            nearest = written(tuple(max(multiple, round(side / multiple) * multiple) for side in self.size))
            raise UserError(
                f"image_size must have sides that are multiples of {multiple}, "
                f"such as {nearest}. Received: {self.image_size}."
            )
        if any(big < small for big, small in zip(self.jitter, self.size, strict=True)):
            raise UserError(
                f"jitter_size must be at least image_size {self.image_size}, or 0 for no jitter. "
                f"Received: {self.jitter_size}."
            )
        if self.receptive_field == 286 and min(self.size) < 96:
            raise UserError(
                "receptive_field 286 needs an image_size of at least 96, as its map is empty below. "
                f"Received: image_size {self.image_size}; take a larger one or receptive_field 70."
            )

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the training images."""
        return parse_size("image_size", self.image_size)

    @property
    def jitter(self) -> tuple[int, int]:
        """(height, width) that a pair is resized to before the random crop."""
        if self.jitter_size is None:  # Paper, appendix 6.2: 286 for 256; other sizes in proportion.
            return tuple(round(side * 286 / 256) for side in self.size)
        return parse_size("jitter_size", self.jitter_size) if self.jitter_size else self.size

    @property
    def levels(self) -> int:
        """How many times the generator halves its input: 8 for 256, as in the paper's appendix 6.1."""
        return min(MAX_LEVELS, *(int(math.log2(side & -side)) for side in self.size))

    @property
    def policy(self) -> str:
        """Keras' dtype policy of the inner layers; that of float32 as long as "auto" is not decided."""
        return {"bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}.get(self.precision, "float32")

    @classmethod
    def preset(cls, dataset_name: str, **changes) -> "Config":
        """The paper's settings for a data set (appendix 6.2), with `changes` on top."""
        if dataset_name not in PRESETS:
            raise UserError(f"There is no preset {dataset_name!r}; the presets are {', '.join(sorted(PRESETS))}.")
        return cls(**preset_of(dataset_name) | changes)

    def replace(self, **changes) -> "Config":
        """A copy with `changes`, validated anew."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """The settings and their `format_version` as a JSON object, one a line."""
        return json.dumps({"format_version": FORMAT_VERSION, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, name: str = "the configuration") -> "Config":
        """The inverse of `to_json`, and of that of older versions; fields that are absent take their default.

        Raises:
          UserError: `name`, as errors call the text, is no sound JSON, of a newer version, or has a wrong field.
        """
        return cls(**_migrated(parse_json(text, name), name))


def _migrated(values, name):
    """The fields of a configuration of any version, as the present one has them."""
    fields = dict(values)
    version = fields.pop("format_version", 1)
    unknown = ", ".join(sorted(fields.keys() - {field.name for field in dataclasses.fields(Config)}))
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


def _plain(value):
    """NumPy's scalars and paths as Python's own types."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if getattr(value, "shape", None) == () else value


def _check(field, value):
    """Raises UserError unless `value` is of the field's type and within what its metadata allow."""
    rules = field.metadata
    if field.type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(field.type, type) and type(value) is not field.type:
        raise UserError(f"{field.name} must be of type {field.type.__name__}. Received: {value!r}.")
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


def _canonical(name, value):
    """A field's value as it is stored: sizes in the form that `written` gives them."""
    if name not in SIZES or value is None:
        return value
    if name == "jitter_size" and str(value) == "0":
        return 0
    return written(parse_size(name, value))


def _parse_gigabytes(value) -> float | str:
    """`"auto"`, `4` or `"4"` → `"auto"` or the number."""
    try:
        return value if value == "auto" else float(value)
    except (TypeError, ValueError):
        raise UserError(f"cache_gigabytes must be a number of gigabytes, or auto. Received: {value!r}.") from None

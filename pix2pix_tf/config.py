"""Every setting of a run in one frozen dataclass: defaults, validation and JSON.

Nothing here imports TensorFlow. `train.py` makes one flag of each field, with the field's default
and help text, so a number stands in this file or nowhere.
"""

import dataclasses
import json
import math

from pix2pix_tf.config_checks import MAX_LEVELS, check_together
from pix2pix_tf.config_fields import DTYPES, FORMAT_VERSION, INTERPOLATIONS, LOGS, RANGE_HELP, field, migrated, stored
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import PRESETS, preset_of
from pix2pix_tf.sizes import parse_size
from pix2pix_tf.utils.json_files import parse_json


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one run; raises UserError when a value is not allowed.

    Sizes are `256` (square) or `"256x512"` (height x width). Fields marked `may_change` may differ
    when a run is resumed; all others are fixed by the run directory's `config.json`.
    """

    # Data
    dataset: str = field("toy_facades", "TFDS builder that the pairs come from, or the name of a preset")
    data_dir: str = field("", "folder of your own images; when set, pairs come from it")
    layout: str = field(
        "auto",
        "how data_dir is laid out: A|B halves in one image, two folders (A and B, input and target, …), or photos",
        choices=("auto", "side_by_side", "two_folders", "photos"),
        may_change=True,  # Later versions may ask to name what an older one took for pairs.
    )
    task: str = field(
        "translate",
        "what the generator sees and predicts",
        choices=("translate", "colorize", "colorize_rgb", "inpaint"),
    )
    direction: str = field(
        "a_to_b",
        "which half is the input; colorize and inpaint learn from the half that the arrow points to",
        choices=("a_to_b", "b_to_a"),
    )
    image_size: int | str = field(256, "training size: 256, or 256x512 for height x width")
    jitter_size: int | str | None = field(
        None, "size that pairs are resized to before the random crop; default image_size*286/256, 0 for no jitter"
    )
    preprocess: str = field(
        "resize_and_crop",
        "pairs are resized to jitter_size and cropped; or cropped as large as they are (crop), scaled with their shape "
        "kept and cropped (scale_width), or taken as they are, all of image_size (none)",
        choices=("resize_and_crop", "crop", "scale_width", "none"),
    )
    resize_pair: bool = field(False, "bring B to the size of A where they differ, as its interpolation says")
    mirror: bool = field(True, "flip half of the pairs left-right")
    max_images: int = field(0, "train on this many of the pairs, evenly chosen; 0: on all", minimum=0)
    skip_bad_images: bool = field(
        False,
        "read all images at the start, and leave out those that are broken, unpaired, tiny or duplicates",
        may_change=True,
    )
    input_channels: int | str = field("auto", "channels of the input; auto takes the files' own, RGB for usual images")
    output_channels: int | str = field("auto", "channels of the target; auto takes the files' own")
    input_dtype: str = field("auto", "values of the input; auto takes the files' own", choices=DTYPES)
    output_dtype: str = field("auto", "values of the target; auto takes the files' own", choices=DTYPES)
    input_range: tuple | str = field("auto", f"LOW,HIGH of the input, mapped to [-1, 1]; {RANGE_HELP}")
    output_range: tuple | str = field("auto", "LOW,HIGH of the target, as --input_range")
    input_interpolation: str = field(
        "bilinear", "how inputs are resized; nearest never mixes the classes of a label map", choices=INTERPOLATIONS
    )
    output_interpolation: str = field("bilinear", "how targets are resized", choices=INTERPOLATIONS)
    output_format: str = field(
        "auto",
        "files that outputs are written to; auto takes the targets' kind",
        choices=("auto", "png", "tiff", "npy"),
        may_change=True,
    )
    display_channels: str = field(
        "", "R,G,B: which channels, counted from 0, people are shown of images of 4 and more", may_change=True
    )
    cache_gigabytes: float | str = field(
        "auto",
        "memory for decoded images, or auto for half of what is free; the others are decoded each time",
        minimum=0,
        may_change=True,
    )

    # Networks
    generator: str = field(
        "unet",
        "U-Net, the same without skip connections (Table 2), or residual blocks: 6 up to 128 pixels a side, else 9",
        choices=("unet", "encoder_decoder", "resnet"),
    )
    upsampling: str = field(
        "transposed",
        "how the generator doubles sides: transposed convolution, or nearest neighbors and a 3x3 convolution",
        choices=("transposed", "resize"),
    )
    base_filters: int = field(64, "width of the first layer of both networks", minimum=1)
    discriminator_filters: int = field(0, "the discriminator's own width; 0: base_filters", minimum=0)
    norm: str = field("batch", "normalization layers", choices=("batch", "instance", "none"))
    dropout: float = field(0.5, "dropout rate in the first three decoder blocks: the noise z", minimum=0, maximum=0.99)
    receptive_field: int = field(70, "patch size of the discriminator (Table 3)", choices=(1, 16, 70, 286))
    conditional: bool = field(True, "the discriminator sees the input too: cGAN, not GAN (Table 1)")

    init_from: str = field("", "run directory whose weights a new run starts from, with fresh optimizers")

    # Objective
    gan_loss: str = field("vanilla", "cross-entropy, least squares, or hinge", choices=("vanilla", "lsgan", "hinge"))
    gan_weight: float = field(1.0, "weight of the adversarial loss; 0 trains no discriminator", minimum=0)
    label_smoothing: float = field(
        0.0, "the discriminator's label of real pairs is 1 minus this", minimum=0, maximum=0.5
    )
    r1_weight: float = field(0.0, "gamma of the R1 penalty on the discriminator's gradient at real pairs", minimum=0)
    reconstruction: str = field("l1", "distance to the target", choices=("l1", "l2"))
    reconstruction_weight: float = field(100.0, "the paper's lambda", minimum=0)
    feature_matching_weight: float = field(
        0.0, "weight of the L1 distance between the discriminator's features of real and fake", minimum=0
    )
    perceptual_weight: float = field(0.0, "weight of the L1 distance between VGG-16's features", minimum=0)
    vgg_weights: str = field(
        "imagenet", "file of VGG-16's weights, of Keras without top, or imagenet to download it", may_change=True
    )

    # Run
    epochs: int = field(200, "passes over the training pairs", minimum=1, may_change=True)
    steps: int = field(0, "training steps; when set, it counts instead of epochs", minimum=0, may_change=True)
    batch_size: int = field(1, "pairs a step, on all devices together", minimum=1)
    learning_rate: float = field(2e-4, "Adam's learning rate", minimum=0, may_change=True)
    discriminator_learning_rate: float = field(
        0.0, "the discriminator's own rate (TTUR); 0: learning_rate", minimum=0, may_change=True
    )
    beta_1: float = field(0.5, "Adam's first momentum", minimum=0, maximum=0.999)
    lr_schedule: str = field(
        "linear",
        "how the rates fall: to 0 over the last decay_epochs, or by step, to a tenth every decay_epochs",
        choices=("constant", "linear", "cosine", "step"),
        may_change=True,
    )
    decay_epochs: int = field(0, "of lr_schedule; 0: the rates are constant", minimum=0, may_change=True)
    warmup_steps: int = field(0, "steps over which the rates rise from 0", minimum=0, may_change=True)
    ema: float = field(
        0.0, "decay of a running average of the generator's weights, such as 0.999; 0: none", minimum=0, maximum=0.99999
    )
    precision: str = field(
        "float32",
        "arithmetic of the inner layers; auto measures which is fastest on this device",
        choices=("float32", "bfloat16", "float16", "auto"),
        may_change=True,
    )
    compile: str = field(
        "none",
        "compile the training step with XLA, which draws other noise from a seed",
        choices=("none", "xla"),
        may_change=True,
    )
    seed: int = field(0, "seed of weights, order, jitter and noise", minimum=0, maximum=2**31 - 1)
    deterministic: bool = field(False, "same seed, same machine: the same weights bit for bit (a little slower)")
    strategy: str = field(
        "none",
        "train on one device, on all of this machine, or on many machines (see docs/devices.md)",
        choices=("none", "mirrored", "multi_worker"),
        may_change=True,
    )
    inference_statistics: str = field(
        "image", "norm layers at inference use each image's own statistics, or the batch's", choices=("image", "batch")
    )
    log_to: str = field(
        "tensorboard", f"beside metrics.jsonl, separated by commas: {', '.join(LOGS)}; or nothing", may_change=True
    )
    log_every: int = field(50, "steps between two lines of metrics.jsonl", minimum=1, may_change=True)
    sample_every: int = field(1000, "steps between two sample grids and validations", minimum=1, may_change=True)
    eval_every: int = field(
        0,
        "steps between two validations that also keep the best checkpoint; 0: validate with each sample grid only",
        minimum=0,
        may_change=True,
    )
    best_metric: str = field(
        "val_l1",
        "which metric makes a checkpoint the best: lowest L1, highest PSNR or SSIM",
        choices=("val_l1", "val_psnr", "val_ssim"),
        may_change=True,
    )
    save_every: int = field(1000, "steps between two checkpoints", minimum=1, may_change=True)
    keep_checkpoints: int = field(3, "how many of the newest checkpoints are kept", minimum=1, may_change=True)
    validation_images: int = field(
        50, "validation pairs that are measured with each sample grid", minimum=1, may_change=True
    )

    def __post_init__(self):
        for each in dataclasses.fields(self):
            object.__setattr__(self, each.name, stored(each, getattr(self, each.name)))
        check_together(self)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the training images."""
        return parse_size("image_size", self.image_size)

    @property
    def jitter(self) -> tuple[int, int]:
        """(height, width) that a pair is resized to before the random crop."""
        if self.preprocess in ("crop", "none"):
            return self.size
        if self.jitter_size is None:  # Paper, appendix 6.2: 286 for 256; other sizes in proportion.
            return tuple(round(side * 286 / 256) for side in self.size)
        return parse_size("jitter_size", self.jitter_size) if self.jitter_size else self.size

    @property
    def levels(self) -> int:
        """How many times the generator halves its input: 8 for 256, as in the paper's appendix 6.1; resnet 2 times."""
        if self.generator == "resnet":
            return 2
        return min(MAX_LEVELS, *(int(math.log2(side & -side)) for side in self.size))

    @property
    def residual_blocks(self) -> int:
        """Of the resnet generator, as the PyTorch port has them; 0 for the others."""
        return (6 if max(self.size) <= 128 else 9) if self.generator == "resnet" else 0

    @property
    def multiple(self) -> int:
        """What divides the sides of the generator's inputs; resnet halves twice, and mirrors 2 pixels at least."""
        return 8 if self.generator == "resnet" else 2**self.levels

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
        fields = migrated(parse_json(text, name), name, {each.name for each in dataclasses.fields(cls)})
        try:
            return cls(**fields)
        except UserError as error:
            raise UserError(f"{name}: {error}") from None

"""What the paper compares: each table or figure as a list of changes to one configuration.

The paper's numbers are on Cityscapes, with a classifier trained in Caffe, at 256x256 and for 200 epochs: orderings can
be compared with them, values cannot.
"""

import dataclasses

from pix2pix_tf.metrics import CLASS_SCORES

_L1 = {"gan_weight": 0.0}
_GAN = {"conditional": False, "reconstruction_weight": 0.0}
_CGAN = {"reconstruction_weight": 0.0}
_L1_GAN = {"conditional": False}
_L1_CGAN = {}
_NO_SKIPS = {"generator": "encoder_decoder"}


@dataclasses.dataclass(frozen=True)
class Row:
    """One configuration of an experiment.

    Attributes:
      title: as in the paper.
      changes: of the configuration that all rows share.
      paper: the paper's numbers, in the order of the experiment's columns; empty if there are none.
    """

    title: str
    changes: dict
    paper: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A table or a figure of the paper.

    Attributes:
      title: what it asks.
      source: where it stands in the paper.
      task: what is trained: "to_photo" from label maps to photos, "to_labels" the other way, "colorize" photos.
      columns: {what `running.numbers` calls it: its title}.
      rows: by name. Rows of one name and task are one run directory, in whichever experiment they stand.
      ground_truth: the paper's numbers of it, if its table has them.
      given: columns that the input decides, so that their order says nothing.
    """

    title: str
    source: str
    task: str
    columns: dict[str, str]
    rows: dict[str, Row]
    ground_truth: tuple[float, ...] = ()
    given: tuple[str, ...] = ()

    @property
    def needs_palette(self) -> bool:
        """Whether it scores classes."""
        return "iou" in self.columns

    @property
    def needs_classifier(self) -> bool:
        """Whether the classes are to be found in photos, for which the FCN-score has its classifier."""
        return self.needs_palette and self.task == "to_photo"


_INTERSECTIONS = {"L": "intersection of L", "a": "of a", "b": "of b"}
_FIGURE7 = {
    "l1": Row("L1", _L1, (0.81, 0.69, 0.70)),
    "cgan": Row("cGAN", _CGAN, (0.87, 0.74, 0.84)),
    "l1_cgan": Row("L1+cGAN", _L1_CGAN, (0.86, 0.84, 0.82)),
    "patch_1": Row("PixelGAN", {"receptive_field": 1}, (0.83, 0.68, 0.78)),
}

EXPERIMENTS = {
    "table1": Experiment(
        "Which loss?",
        "Table 1 and figure 4",
        "to_photo",
        CLASS_SCORES,
        {
            "l1": Row("L1", _L1, (0.42, 0.15, 0.11)),
            "gan": Row("GAN", _GAN, (0.22, 0.05, 0.01)),
            "cgan": Row("cGAN", _CGAN, (0.57, 0.22, 0.16)),
            "l1_gan": Row("L1+GAN", _L1_GAN, (0.64, 0.20, 0.15)),
            "l1_cgan": Row("L1+cGAN", _L1_CGAN, (0.66, 0.23, 0.17)),
        },
        ground_truth=(0.80, 0.26, 0.21),
    ),
    "table2": Experiment(
        "Do the skip connections help?",
        "Table 2 and figure 5",
        "to_photo",
        CLASS_SCORES,
        {
            "no_skips_l1": Row("Encoder-decoder, L1", _NO_SKIPS | _L1, (0.35, 0.12, 0.08)),
            "no_skips_l1_cgan": Row("Encoder-decoder, L1+cGAN", _NO_SKIPS | _L1_CGAN, (0.29, 0.09, 0.05)),
            "l1": Row("U-Net, L1", _L1, (0.48, 0.18, 0.13)),
            "l1_cgan": Row("U-Net, L1+cGAN", _L1_CGAN, (0.55, 0.20, 0.14)),
        },
    ),
    "table3": Experiment(
        "How large a patch should the discriminator see?",
        "Table 3 and figure 6",
        "to_photo",
        CLASS_SCORES,
        {
            "patch_1": Row("1×1", {"receptive_field": 1}, (0.39, 0.15, 0.10)),
            "patch_16": Row("16×16", {"receptive_field": 16}, (0.65, 0.21, 0.17)),
            "l1_cgan": Row("70×70", _L1_CGAN, (0.66, 0.23, 0.17)),
            "patch_286": Row("286×286", {"receptive_field": 286}, (0.42, 0.16, 0.11)),
        },
    ),
    "table6": Experiment(
        "Photo → labels: does a GAN help where there is one right output?",
        "Table 6 and figure 10",
        "to_labels",
        CLASS_SCORES,
        {
            "l1": Row("L1", _L1, (0.86, 0.42, 0.35)),
            "cgan": Row("cGAN", _CGAN, (0.74, 0.28, 0.22)),
            "l1_cgan": Row("L1+cGAN", _L1_CGAN, (0.83, 0.36, 0.29)),
        },
    ),
    "figure7": Experiment(
        "Are the colors of colorizations distributed as in the ground truth?",
        "Figure 7, on colorization, where L is given",
        "colorize",
        _INTERSECTIONS,
        _FIGURE7,
        given=("L",),
    ),
    "figure7_photos": Experiment(
        "Are the colors distributed as in the ground truth?",
        "Figure 7, on labels → photo as in the paper",
        "to_photo",
        _INTERSECTIONS,
        _FIGURE7,
    ),
    "figure8": Experiment(
        "What does a generator make of images of twice the size that it was trained at?",
        "Figure 8",
        "to_photo",
        {
            "l1_enlarged": "L1 on [-1, 1], enlarged",
            "l1_twice": "L1, at twice the size",
            "ssim_enlarged": "SSIM, enlarged",
            "ssim_twice": "SSIM, at twice the size",
        },
        {"l1_cgan": Row("L1+cGAN", _L1_CGAN)},
    ),
    "rgb_vs_lab": Experiment(
        "Colorize in Lab or in RGB?",
        "A question of this project, not of the paper",
        "colorize",
        {
            "a": "intersection of a",
            "b": "of b",
            "l1": "L1 on [-1, 1]",
            "ssim": "SSIM",
            "lightness": "median error of L",
        },
        {
            "l1_cgan": Row("Lab: L in, a and b out", _L1_CGAN),
            "rgb": Row("RGB: gray in, R, G and B out", {"task": "colorize_rgb"}),
        },
    ),
}


def fixed_fields() -> set[str]:
    """The fields of Config that the experiments decide themselves; a run directory may serve several of them."""
    rows = [row for experiment in EXPERIMENTS.values() for row in experiment.rows.values()]
    return {"task", "reconstruction", *(field for row in rows for field in row.changes)}

"""Makes side-by-side pairs, as PNG files in OUT/train and OUT/val, of images that are not paired yet.

    python -m pix2pix_tf.tools.make_pairs --a_dir=A --b_dir=B --output_dir=OUT            partners have the same name
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=edges --output_dir=OUT    edges | photo
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=gray --output_dir=OUT     gray | photo
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=old --output_dir=OUT      as an old print | photo

If the folders hold splits, such as A/train and A/test, the pairs stay in these; other images are split at random.

Edges are Canny's, black on white (pip install 'pix2pix_tf[edges]'). The paper's are those of HED, a network whose
weights are not freely available: Canny's are finer and follow texture more, so expect other results than the paper's.
"""

import sys

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.sizes import parse_size

_A_DIR = cli.define_path("a_dir", None, "folder of the left halves")
_B_DIR = cli.define_path("b_dir", None, "folder of the right halves")
_PHOTOS_DIR = cli.define_path("photos_dir", None, "folder of photos, which become the right halves")
_KIND = flags.DEFINE_enum(
    "kind",
    None,
    ("edges", "gray", "grey", "old"),
    "what the left halves are: Canny's edges of the photos, the photos in gray, or as old prints (grain, fading, tint)",
)
_OUTPUT_DIR = cli.define_path("output_dir", None, "folder that the pairs are written to", required=True)
_SIZE = flags.DEFINE_string("size", None, "size of each half, 256 or 256x512 (height x width); default: as it is")
_FIT = flags.DEFINE_enum("fit", "crop", ("crop", "stretch"), "how an image of other proportions gets --size")
_UPSCALE = flags.DEFINE_bool("upscale", False, "enlarge images that are smaller than --size")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "replace pairs that exist")
_VAL_FRACTION = flags.DEFINE_float(
    "val_fraction", 0.1, "share of the pairs that go to val/, if they lie in no split", 0, 1
)
_SIGMA = flags.DEFINE_float("sigma", 2.0, "blur before Canny's edges, in pixels; more leaves fewer edges", 0.1)


def main():
    from pix2pix_tf.data.pair_making import Options, make_pairs

    outcome = make_pairs(
        Options(
            output_dir=_OUTPUT_DIR.value,
            a_dir=_A_DIR.value,
            b_dir=_B_DIR.value,
            photos_dir=_PHOTOS_DIR.value,
            kind=_KIND.value,
            size=parse_size("--size", _SIZE.value) if _SIZE.value else None,
            fit=_FIT.value,
            upscale=_UPSCALE.value,
            overwrite=_OVERWRITE.value,
            val_fraction=_VAL_FRACTION.value,
            sigma=_SIGMA.value,
        )
    )
    counts = [f"{count} in {split}" for split, count in outcome.made.items()]
    print(f"{_OUTPUT_DIR.value}: pairs made: {', '.join(counts)}")
    if outcome.kept:
        print(f"pairs that were there already: {outcome.kept}; --overwrite replaces them")
    if outcome.left_out:
        print("\n  ".join([f"left out {len(outcome.left_out)}:", *outcome.left_out]))
        sys.exit(1)


command = cli.command(main)

if __name__ == "__main__":
    command()

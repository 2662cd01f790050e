"""Makes side-by-side pairs, as PNG files in OUT/train and OUT/val, of pictures that are not paired yet.

    python -m pix2pix_tf.tools.make_pairs --a_dir=A --b_dir=B --output_dir=OUT            partners have the same name
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=edges --output_dir=OUT    edges | photo
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=gray --output_dir=OUT     gray | photo
    python -m pix2pix_tf.tools.make_pairs --photos_dir=P --kind=old --output_dir=OUT      as an old print | photo

Edges are Canny's, black on white (pip install 'pix2pix_tf[edges]'). The paper's are those of HED, a network whose
weights cannot be had: Canny's are finer and follow texture more, so expect other results than the paper's.
"""

import collections
import dataclasses
import os
import sys
import zlib

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.config import parse_size
from pix2pix_tf.errors import UserError

_A_DIR = flags.DEFINE_string("a_dir", None, "folder of the left halves")
_B_DIR = flags.DEFINE_string("b_dir", None, "folder of the right halves")
_PHOTOS_DIR = flags.DEFINE_string("photos_dir", None, "folder of photos, which become the right halves")
_KIND = flags.DEFINE_enum(
    "kind",
    None,
    ("edges", "gray", "grey", "old"),
    "what is made of photos: Canny's edges (the paper's HED cannot be had), gray, or old prints: grain, fading, tint",
)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "folder that the pairs are written to", required=True)
_SIZE = flags.DEFINE_string("size", None, "size of each half, 256 or 256x512 (height x width); default: as it is")
_FIT = flags.DEFINE_enum("fit", "crop", ("crop", "stretch"), "how a picture of other proportions gets --size")
_UPSCALE = flags.DEFINE_bool("upscale", False, "enlarge pictures that are smaller than --size")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "replace pairs that exist")
_VAL_FRACTION = flags.DEFINE_float("val_fraction", 0.1, "share of the pairs that go to val/", 0, 1)
_SIGMA = flags.DEFINE_float("sigma", 2.0, "blur before Canny's edges, in pixels; more leaves fewer edges", 0.1)


@dataclasses.dataclass(frozen=True)
class Job:
    """One pair to make: its files, where it goes to, and where it must not be as well."""

    files: tuple[str, ...]
    path: str
    other_path: str


def main():
    from pix2pix_tf.data import pairing
    from pix2pix_tf.data.parallel import in_parallel

    size = parse_size("--size", _SIZE.value) if _SIZE.value else None
    if _KIND.value == "edges":
        pairing.check_edges_can_be_made()
    files, problems = find_files()
    splits = pairing.choose_splits(files, _VAL_FRACTION.value)
    paths = {
        name: [os.path.join(_OUTPUT_DIR.value, split, f"{name}.png") for split in ("train", "val")] for name in files
    }
    jobs = [Job(files[name], *paths[name][:: 1 if splits[name] == "train" else -1]) for name in sorted(files)]
    outcomes = list(in_parallel(lambda job: attempt(job, size), jobs, "pairs"))

    counts = collections.Counter(splits[name] for name, done in zip(sorted(files), outcomes, strict=True) if done == "")
    print(f"{_OUTPUT_DIR.value}: made {counts['train']} pairs in train and {counts['val']} in val")
    if kept := outcomes.count(None):
        print(f"{kept} pairs were there already; --overwrite makes them anew")
    problems += [sentence for sentence in outcomes if sentence]
    if problems:
        print("\n  ".join([f"left out {len(problems)}:", *problems]))
        sys.exit(1)


def find_files():
    """({name of a pair: its files}, sentences on files that belong to no pair), as the flags say."""
    from pix2pix_tf.data import folders

    inputs = [folder for folder in (_A_DIR.value, _B_DIR.value, _PHOTOS_DIR.value) if folder]
    two, photos = bool(_A_DIR.value and _B_DIR.value), bool(_PHOTOS_DIR.value and _KIND.value)
    if two == photos or len(inputs) != (2 if two else 1) or bool(_KIND.value) != photos:
        raise UserError("Give either --a_dir and --b_dir, or --photos_dir and --kind=edges, gray or old.")
    for folder in inputs:
        if not os.path.isdir(folder):
            raise UserError(f"{folder} is not a folder; give one that holds pictures.")
        inner, outer = sorted(map(os.path.realpath, (folder, _OUTPUT_DIR.value)), key=len, reverse=True)
        if os.path.commonpath([inner, outer]) == outer:
            raise UserError(
                f"--output_dir {_OUTPUT_DIR.value} and {folder} are not apart; give it a folder of its own."
            )
    split = folders.match(*inputs) if two else folders.photos(*inputs)
    names = [os.path.splitext(os.path.relpath(files[0], inputs[0]))[0] for files in split.files]
    return dict(zip(names, split.files, strict=True)), list(split.without_pair)


def attempt(job, size):
    """Makes one pair → "" if it is made, None if it was there, or a sentence that says why it is left out."""
    if os.path.exists(job.other_path):
        return f"{job.other_path} exists, so the pair would be in both splits; remove it or go back to --val_fraction."
    if os.path.exists(job.path) and not _OVERWRITE.value:
        return None
    try:
        make(job, size)
    except UserError as error:
        return str(error)
    return ""


def make(job, size):
    """Reads, resizes and writes one pair."""
    from pix2pix_tf import images
    from pix2pix_tf.data import old_look, pairing

    halves = [images.read_image(file) for file in job.files]
    if size:
        halves = [
            pairing.resized(half, size, _FIT.value, _UPSCALE.value, file)
            for half, file in zip(halves, job.files, strict=True)
        ]
    if _KIND.value == "edges":
        halves.insert(0, pairing.edges(halves[0], _SIGMA.value))
    elif _KIND.value in ("gray", "grey"):
        halves.insert(0, pairing.gray(halves[0]))
    elif _KIND.value == "old":
        name = os.path.relpath(job.files[0], _PHOTOS_DIR.value)  # So that a photo ages alike whenever it is made.
        halves.insert(0, old_look.old_look(halves[0], seed=zlib.crc32(name.encode())))
    images.write_png(pairing.side_by_side(*halves, job.files), job.path)


def command():
    """The console command."""
    cli.run(main)


if __name__ == "__main__":
    command()

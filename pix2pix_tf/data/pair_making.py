"""Makes side-by-side pairs of images that are not paired yet: see the tool `make_pairs`."""

import collections
import dataclasses
import os
import zlib

from pix2pix_tf import array_files, images
from pix2pix_tf.data import degradation, folders, layouts, pairing
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import is_of_the_disk, make_folder


@dataclasses.dataclass(frozen=True)
class Options:
    """What the flags of the tool say; see there."""

    output_dir: str
    a_dir: str | None = None
    b_dir: str | None = None
    photos_dir: str | None = None
    kind: str | None = None
    size: tuple[int, int] | None = None
    fit: str = "crop"
    upscale: bool = False
    overwrite: bool = False
    val_fraction: float = 0.1
    sigma: float = 2.0

    @property
    def inputs(self) -> list[str]:
        """The folders that are read."""
        return [folder for folder in (self.a_dir, self.b_dir, self.photos_dir) if folder]


@dataclasses.dataclass(frozen=True)
class _Job:
    """One pair to make: its files, its split, its name in there, and whether the folders gave the split."""

    files: tuple[str, ...]
    split: str
    name: str
    is_given: bool


@dataclasses.dataclass
class Outcome:
    """What was made: how many pairs in each split, how many were there already, and a sentence on each left out."""

    made: collections.Counter
    kept: int
    left_out: list[str]


def make_pairs(options: Options) -> Outcome:
    """Makes all pairs; UserError if the options contradict each other or there are no images."""
    _check(options)
    jobs, left_out = _find_jobs(options)
    make_folder(options.output_dir, "--output_dir")
    results = list(in_parallel(lambda job: _attempt(job, options), jobs, "pairs"))
    made = collections.Counter(train=0, val=0)
    made.update(job.split for job, result in zip(jobs, results, strict=True) if result == "")
    return Outcome(made, results.count(None), [*left_out, *(result for result in results if result)])


def _check(options):
    two, photos = bool(options.a_dir and options.b_dir), bool(options.photos_dir and options.kind)
    if two == photos or len(options.inputs) != (2 if two else 1) or bool(options.kind) != photos:
        raise UserError("Give either --a_dir and --b_dir, or --photos_dir and --kind=edges, gray or old.")
    if not options.size and (options.upscale or options.fit != Options.fit):
        raise UserError("--fit and --upscale say how images get a --size; give one, or leave them out.")
    if options.kind != "edges" and options.sigma != Options.sigma:
        raise UserError("--sigma is the blur before edges are found; give --kind=edges, or leave it out.")
    for folder in options.inputs:
        if not os.path.isdir(folder):
            raise UserError(f"{folder} is not a folder; give one that holds images.")
        inner, outer = sorted(map(os.path.realpath, (folder, options.output_dir)), key=len, reverse=True)
        if os.path.commonpath([inner, outer]) == outer:
            raise UserError(f"--output_dir {options.output_dir} and {folder} overlap; give another --output_dir.")
    if options.kind == "edges":
        pairing.check_edges_can_be_made()


def _find_jobs(options):
    """(The pairs to make, sentences on files that belong to none); splits that the folders have are kept."""
    inside = [layouts.split_folders(folder) for folder in options.inputs]
    given = sorted(set().union(*inside))
    jobs, left_out = [], []
    for split in given:
        parts = [
            os.path.join(folder, names.get(split, split)) for folder, names in zip(options.inputs, inside, strict=True)
        ]
        if missing := [folder for folder in parts if not os.path.isdir(folder)]:
            raise UserError(f"{missing[0]} is missing, though there is its partner; add it, or remove the partner.")
        pairs, alone = _pairs_in(parts)
        jobs += [_Job(files, split, name, True) for name, files in pairs.items()]
        left_out += alone
    if not given or any(folders.images_outside_of_splits(folder) for folder in options.inputs):
        pairs, alone = _pairs_in(options.inputs)
        splits = pairing.choose_splits(pairs, options.val_fraction)
        left_out += alone
        taken = {job.name: job.files[0] for job in jobs if job.split in ("train", "val")}
        for name in sorted(pairs):
            if name in taken:
                left_out.append(f"{pairs[name][0]} has the name of {taken[name]}, which is in a split; rename one.")
            else:
                jobs.append(_Job(pairs[name], splits[name], name, False))
    return jobs, left_out


def _pairs_in(inputs):
    """({name: files} of the pairs in one or two folders, a sentence on each file that belongs to none)."""
    split = folders.match(*inputs) if len(inputs) == 2 else folders.photos(*inputs)
    names = [os.path.splitext(os.path.relpath(files[0], inputs[0]))[0] for files in split.files]
    return dict(zip(names, split.files, strict=True)), list(split.without_pair.values())


def _attempt(job, options):
    """Makes one pair → "" if it is made, None if it was there, or a sentence that says why it is left out."""
    path, *others = (
        os.path.join(options.output_dir, split, f"{job.name}.png")
        for split in (job.split, *({"train", "val"} - {job.split} if not job.is_given else ()))
    )
    if there := [other for other in others if os.path.exists(other)]:
        return f"{there[0]} exists, so the pair would be in both splits; remove it or go back to --val_fraction."
    if os.path.exists(path) and not options.overwrite:
        return None
    try:
        _make(job.files, path, options)
    except UserError as error:
        if is_of_the_disk(error):
            raise
        return str(error)
    return ""


def _make(files, path, options):
    """Reads, resizes and writes one pair."""
    halves = [images.read_image(file) for file in files]
    if options.size:
        halves = [
            pairing.resized(half, options.size, options.fit, options.upscale, file)
            for half, file in zip(halves, files, strict=True)
        ]
    if options.kind == "edges":
        halves.insert(0, pairing.edges(halves[0], options.sigma))
    elif options.kind in ("gray", "grey"):
        halves.insert(0, pairing.gray(halves[0]))
    elif options.kind == "old":
        name = os.path.relpath(files[0], options.photos_dir)  # So that a photo ages alike whenever it is made.
        halves.insert(0, degradation.degrade(halves[0], seed=zlib.crc32(os.fsencode(name))))
    array_files.write(pairing.side_by_side(*halves, files), path)

"""Which images are to be translated, and what their outputs are called."""

import collections
import dataclasses
import functools
import os
from collections.abc import Callable

import numpy as np

from pix2pix_tf import images
from pix2pix_tf.array_files import output_ending, read, read_header
from pix2pix_tf.config import Config
from pix2pix_tf.data import sources
from pix2pix_tf.data.folders import SIDE_BY_SIDE, open_folder
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import input_side, output_side
from pix2pix_tf.tasks import get_task
from pix2pix_tf.utils import console
from pix2pix_tf.utils.image_files import EXTENSIONS, list_images

USUAL = Config()  # RGB in and out


@dataclasses.dataclass(frozen=True)
class Item:
    """An image to be translated.

    Attributes:
      name: what the gallery calls it, its path in its folder.
      output: the path of its output in the output folder.
      source, target: functions that read [H, W, C], with UserError if they cannot; target may be None.
      files: the paths that source and target are read from; "" where there is no file of their own.
      like: the file that the output is as large as, and at the same place; None for a half of one.
    """

    name: str
    output: str
    source: Callable[[], np.ndarray]
    target: Callable[[], np.ndarray] | None = None
    files: tuple[str, str] = ("", "")
    like: str | None = None

    @property
    def path(self) -> str:
        """What to call it in an error."""
        return self.files[0] or self.name


@dataclasses.dataclass(frozen=True)
class Items:
    """All items that the gallery shows, in its order; those of them that are to be translated; where they are from."""

    all: list[Item]
    chosen: list[Item]
    origin: str

    def limited(self, count: int) -> "Items":
        """The same, of which only the first `count` are to be translated; 0 stands for all."""
        return dataclasses.replace(self, chosen=self.chosen[: count or None])


def find_items(path: str, target: str | None = None, kinds: Config = USUAL) -> Items:
    """All images in a folder and its subfolders, or one file; UserError if there are none.

    A single file's output has the name that it has when the whole folder is translated. Those in the folder `target`
    have the path of their image, if need be with another ending. `kinds` says what inputs, outputs and targets are.
    """
    ending, beside = output_ending(kinds), []
    if os.path.isdir(path):
        root, chosen = path, list_images(path)
        names = chosen
        if not names:
            raise UserError(f"{path} holds no images; allowed are {', '.join(EXTENSIONS)}.")
    elif os.path.isfile(path):
        root, name = os.path.split(path)
        root, chosen = root or ".", [name]
        names = sorted({*list_images(root, subfolders=False), name})
        beside = _in_folders_named(root, ending)
    else:
        raise UserError(f"--input {path} is neither a folder nor a file; give one that holds images.")
    targets = _targets(target)
    outputs = output_names([*names, *beside], ending)
    items = {name: _item(root, name, outputs[name], targets, kinds) for name in names}
    if target and not any(item.target for item in items.values()):
        console.warn(f"--target {target} holds no image with the name of one in {path}; the gallery shows no targets.")
    return Items(list(items.values()), [items[name] for name in chosen], os.path.realpath(root))


def items_of_split(config, split: str) -> Items:
    """The pairs of one split of a run's own data, see `sources.open_splits`; UserError if there are none."""
    if config.data_dir and not os.path.isdir(config.data_dir):
        raise UserError(
            f"{config.data_dir}, which the run was trained on, is not there any more; give images by --input, not "
            "--split."
        )
    pairs, _ = sources.open_splits(config, split)
    names = [os.path.relpath(name, config.data_dir) if pairs.files else f"{i:06}" for i, name in enumerate(pairs.names)]

    def read_side(number, side):
        return sources.source_and_target(config, pairs.read(number))[side]

    def item(number, output):
        source, target = (functools.partial(read_side, number, side) for side in (0, 1))
        paths = pairs.files[number] if pairs.files else ("",)
        files = sources.source_and_target(config, (paths[0], paths[-1]))
        return Item(pairs.names[number], output, source, target, files, files[0] if len(paths) == 2 else None)

    items = [item(*named) for named in enumerate(output_names(names, output_ending(config)).values())]
    return Items(items, items, f"{split} of {config.data_dir or config.dataset}")


def halved(items: Items, config, layout: str) -> tuple[Items, int]:
    """The items, with the input half in the place of each side-by-side pair, and the other half as its target.

    A `layout` of "side_by_side" takes all files for pairs, "photos" none, and "auto" those that have the shape of the
    pairs that the run was trained on, if these are side by side.

    Returns:
      (Items, how many of those to be translated are pairs).
    """
    if layout == "photos" or (layout == "auto" and not (shape := _shape_of_pairs(config))):
        return items, 0

    def is_pair(item):
        if layout == "side_by_side":
            return True
        try:
            header = read_header(item.path)
        except UserError:
            return False  # Reading it will say what is wrong.
        return abs(header.width / header.height / shape - 1) < 0.02

    pairs = dict(zip(items.all, in_parallel(is_pair, items.all), strict=True))
    made = {item: _half(item, config) if pairs[item] else item for item in items.all}
    return (
        Items([*made.values()], [made[item] for item in items.chosen], items.origin),
        sum(pairs[item] for item in items.chosen),
    )


def output_names(names: list[str], ending: str = ".png") -> dict[str, str]:
    """{path of an image: path of its output}: `sub/a.jpg` gives `sub/a.png`.

    Images whose outputs would share a name, if only on a disk that ignores case, or have that of a folder, keep their
    endings: `a.jpg` and `a.png` give `a.jpg.png` and `a.png.png`.
    """
    folders = {folder.casefold() for name in names for folder in _folders_of(name)}
    stems = {name: os.path.splitext(name)[0] for name in names}
    while True:
        counts = collections.Counter(stem.casefold() for stem in stems.values())
        taken = [name for name, stem in stems.items() if f"{stem}{ending}".casefold() in folders]
        shared = [name for name, stem in stems.items() if counts[stem.casefold()] > 1 and stem != name]
        if not taken and not shared:
            return {name: f"{stem}{ending}" for name, stem in stems.items()}
        stems |= {name: name for name in shared} | {
            name: name if stems[name] != name and len(stems[name]) < len(name) else f"{stems[name]}_" for name in taken
        }


def _in_folders_named(root, ending):
    """The images in those folders below `root` whose names end as an output's does, so that they may be that name."""
    folders = [name for name in os.listdir(root) if name.lower().endswith(ending)]
    return [
        os.path.join(folder, name)
        for folder in folders
        if os.path.isdir(os.path.join(root, folder))
        for name in list_images(os.path.join(root, folder))
    ]


def _folders_of(name):
    while name := os.path.dirname(name):
        yield name


def _item(root, name, output, targets, kinds):
    path = os.path.join(root, name)
    partner = targets.get(name) or targets.get(os.path.splitext(name)[0])
    target = functools.partial(read, partner, output_side(kinds)) if partner else None
    return Item(name, output, functools.partial(read, path, input_side(kinds)), target, (path, partner or ""), path)


def _targets(folder):
    """{path, and path without its ending: the file} of the images in a folder of targets."""
    if not folder:
        return {}
    if not os.path.isdir(folder):
        raise UserError(f"--target {folder} is not a folder; give one that holds images.")
    paths = {name: os.path.join(folder, name) for name in list_images(folder)}
    return {os.path.splitext(name)[0]: path for name, path in paths.items()} | paths


def _shape_of_pairs(config):
    """Width by height of the side-by-side pairs that a run was trained on; None if it was trained on others."""
    if not config or not config.data_dir or not get_task(config).paired or config.layout == "two_folders":
        return None
    height, width = config.size
    try:
        data = open_folder(config)
        header = read_header(data.splits["train"].files[0][0])
    except (UserError, IndexError):  # The data are not there any more.
        if config.layout == "side_by_side":
            return 2 * width / height
        console.warn(
            f"{config.data_dir}, which the run was trained on, cannot be read, so each image is translated whole; "
            "give --layout=side_by_side if they are pairs."
        )
        return None
    return header.width / header.height if data.layout == SIDE_BY_SIDE else None


def _half(item, config):
    def read_half(side):
        pair = images.split_pair(item.source(), item.path)
        return sources.source_and_target(config, pair)[side]

    target, file = (item.target, item.files[1]) if item.target else (functools.partial(read_half, 1), item.files[0])
    source, files = functools.partial(read_half, 0), (item.files[0], file)
    return dataclasses.replace(item, source=source, target=target, files=files, like=None)

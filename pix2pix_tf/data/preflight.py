"""Looks at all pairs of a split before they are used: which of them are bad, and what they are like.

Bad are images that are unreadable, truncated, too large or too small, pairs whose halves do not fit, and duplicates
of other pairs, in the same or in another split.
"""

import collections
import dataclasses
import functools
import hashlib
from collections.abc import Iterable

import numpy as np
from PIL import Image

from pix2pix_tf import array_files
from pix2pix_tf.config_checks import MIN_LEVELS
from pix2pix_tf.data.parallel import in_parallel
from pix2pix_tf.data.split import Split
from pix2pix_tf.data.values import Values, values_of
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.spread import evenly_spread

MIN_SIDE = 2**MIN_LEVELS  # Of the smallest image that the generator can halve MIN_LEVELS times.
QUICK_PAIRS = 2000  # So many headers are read in about a second.
THUMBNAIL = 96  # pixels, the longest side


@dataclasses.dataclass
class Findings:
    """What a split is like.

    Attributes:
      bad: {number of a pair: sentences that say what is wrong with it, each beginning with a path}.
      sizes: how many pairs that can be read have a size, (height, width) of one of the two; duplicates count.
      kinds: how many files that can be read are of a kind, such as "JPEG RGB".
      shown: {number: small copies of the pair} of those that were asked for and are good.
      values: of A and of B, those of each image that can be read, unless they are usual images; by path.
    """

    bad: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    sizes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    shown: dict[int, list[Image.Image]] = dataclasses.field(default_factory=dict)
    values: tuple[dict[str, Values], dict[str, Values]] = dataclasses.field(default_factory=lambda: ({}, {}))


def check(splits: dict[str, Split], show: dict[str, Iterable[int]] | None = None) -> dict[str, Findings]:
    """Reads every pair of some splits once, in parallel, with a progress bar on a terminal.

    Args:
      splits: of pairs that are the same, the first one is good and the others are bad.
      show: {name: numbers} of the pairs that are to be `shown`.

    Returns:
      {name: Findings}
    """
    findings = {name: Findings() for name in splits}
    first_of = {}  # Fingerprint of a pair → its name.
    for name, split in splits.items():
        found, wanted = findings[name], set((show or {}).get(name, ()))
        examined = in_parallel(functools.partial(_examine, split, wanted), range(len(split)), name)
        for number, pair in enumerate(examined):
            found.kinds.update(pair.kinds)
            if pair.size:
                found.sizes[pair.size] += 1
            path = split.names[number]
            for of_side, values in zip(found.values, pair.values, strict=True):
                of_side |= {} if values is None else {path: values}
            if pair.sentences:
                found.bad[number] = pair.sentences
            elif (first := first_of.setdefault(pair.fingerprint, path)) != path:
                found.bad[number] = [f"{path} is a duplicate of {first}; remove one of them."]
            elif number in wanted:
                found.shown[number] = pair.small
    return findings


def check_quickly(split: Split) -> list[str]:
    """Sentences on what in a split is no image, or of a size that will not do, each beginning with a path.

    It looks at the headers of at most QUICK_PAIRS pairs that are spread over the split.
    """
    numbers = evenly_spread(len(split), QUICK_PAIRS) if split.outline else ()
    return [sentence for sentence in in_parallel(functools.partial(_look, split), numbers) if sentence]


def _look(split, number):
    """Reads a pair's headers → the sentence that says what is wrong, or None."""
    try:
        return _too_small(split.names[number], split.outline(number))
    except UserError as error:
        return str(error)


@dataclasses.dataclass(frozen=True)
class _Examined:
    """What is kept of a pair that was read: little, as many wait for their turn."""

    sentences: list[str]
    kinds: list[str] = ()
    size: tuple[int, int] | None = None
    fingerprint: bytes = b""
    small: list[Image.Image] = ()
    values: list[Values | None] = (None, None)


def _examine(split, wanted, number):
    files = split.files[number] if split.files else ()
    try:
        pair = split.read(number)
        kinds = [array_files.read_header(file).kind for file in files]
    except UserError as error:
        refusals = [_refusal(file, side) for file, side in zip(files, split.sides, strict=False)]
        return _Examined([sentence for sentence in refusals if sentence] or [str(error)])
    if sentence := _too_small(split.names[number], pair):
        return _Examined([sentence], kinds, pair[0].shape[:2])
    small = [_thumbnail(image) for image in pair] if number in wanted else []
    values = [None if side.is_rgb else values_of(image, side) for image, side in zip(pair, split.sides, strict=True)]
    return _Examined([], kinds, pair[0].shape[:2], _fingerprint(pair), small, values)


def _thumbnail(image):
    if image.dtype != np.uint8 or image.shape[-1] != 3:  # The first channel or the first three, by their own range.
        image = image[..., [0, 0, 0] if image.shape[-1] < 3 else [0, 1, 2]].astype(np.float32)
        image = np.uint8(255 * (image - image.min()) / max(np.ptp(image), 1e-30))
    small = Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return small


def _refusal(file, side):
    """Why a file cannot be read, or None."""
    try:
        array_files.read(file, side)
    except UserError as error:
        return str(error)
    return None


def _too_small(name, pair):
    height, width, _ = pair[0].shape
    if min(height, width) >= MIN_SIDE:
        return None
    return (
        f"{name} shows {height}x{width} (height x width), but the networks need {MIN_SIDE}x{MIN_SIDE}; "
        "replace or remove it."
    )


def _fingerprint(pair):
    """Equal for pairs of the same pixels, and in practice for no others."""
    content = hashlib.blake2b(digest_size=16)
    for image in pair:
        content.update(str(image.shape).encode())
        content.update(np.ascontiguousarray(image))
    return content.digest()

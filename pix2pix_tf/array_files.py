"""Image files of one's own kind of data: any channels, 8 or 16 bits, floats. PNG, TIFF (by tifffile) and .npy.

Usual images, of 8 bits and what Pillow opens, are RGB here, as `images.read_image` reads them, unless another number of
channels is asked for. Everything else has its file's own channels and values.
"""

import contextlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.config_checks import MIN_LEVELS
from pix2pix_tf.config_fields import DTYPES
from pix2pix_tf.errors import UserError
from pix2pix_tf.sides import Side, kind_of, output_side
from pix2pix_tf.utils.atomic import atomic_path

_ENDINGS = {"png": ".png", "tiff": ".tif", "npy": ".npy"}
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by the color type in a header
_MODES = {1: ("L", "1"), 2: ("LA",), 4: ("RGBA",)}  # of Pillow, by channels
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ALPHA = {1, 2}  # What a channel beside the colors of a usual TIFF is, by its tag; others are data.
_GEOTIFF_TAGS = (33550, 33922, 34264, 34735, 34736, 34737)


class Found(NamedTuple):
    """What a file is: its own channels and values, its format, and its kind for people.

    `is_usual` images are RGB unless told otherwise; `as_rgb` can be read so if they are told to.
    """

    height: int
    width: int
    channels: int
    dtype: str
    format: str
    kind: str
    is_usual: bool = False
    as_rgb: bool = False


def read_header(path: str | os.PathLike) -> Found:
    """What a file is, without decoding it; UserError if it cannot be opened or has values that are not read."""
    if os.fspath(path).lower().endswith(".npy"):
        return _found(path, *_npy(path)[1:], "npy")
    start = b""
    with contextlib.suppress(OSError):
        images.check_is_file(path)
        with open(path, "rb") as file:
            start = file.read(32)
    if start[:8] == b"\x89PNG\r\n\x1a\n" and start[24:25] == b"\x10":
        header = images.read_header(path)
        channels = _PNG_CHANNELS.get(start[25], 0)
        return _found(path, (header.height, header.width, channels), np.dtype("uint16"), "png", as_rgb=True)
    if start[:4] in _TIFF_STARTS and (found := _tiff_header(path)):
        return found
    header = images.read_header(path)
    mode = header.kind.split()[-1]
    own = next((channels for channels, modes in _MODES.items() if mode in modes), 3)
    kind = "tiff" if start[:4] in _TIFF_STARTS else "png"
    return Found(header.height, header.width, own, "uint8", kind, header.kind, is_usual=True, as_rgb=True)


def read(path: str | os.PathLike, side: Side) -> np.ndarray:
    """A file → [H, W, channels] of a side's dtype.

    Raises:
      UserError: it cannot be read, is of another kind than the side, or holds NaN or Inf.
    """
    found = read_header(path)
    check(path, found, side)
    if (side.channels, side.dtype) == (3, "uint8") and found.as_rgb:
        return images.read_image(path)
    if found.is_usual:
        return images.read_bands(path, _MODES[side.channels])
    read_values = {"npy": _npy_values, "png": _png_values, "tiff": _tiff_values}[found.format]
    with _as_sentence(path):
        values = np.ascontiguousarray(read_values(path), side.dtype)
    if side.dtype == "float32" and (bad := values.size - np.count_nonzero(np.isfinite(values))):
        raise UserError(f"{path} has {bad} values that are NaN or Inf; replace them by numbers, or remove the file.")
    return values


def check(path: str, found: Found, side: Side) -> None:
    """Raises UserError where a file is of another kind than a side."""
    as_rgb = (side.channels, side.dtype) == (3, "uint8") and found.as_rgb
    if not as_rgb and (found.channels, found.dtype) != (side.channels, side.dtype):
        raise UserError(
            f"{path} has {kind_of(found.channels, found.dtype)}, but the settings or most of the others have "
            f"{kind_of(side.channels, side.dtype)}; convert or remove it."
        )


def write(image: np.ndarray, path: str | os.PathLike, like: str | None = None) -> None:
    """Writes [H, W, C] as .npy, TIFF or PNG, as the path ends, whole or not at all; folders are made as needed.

    A TIFF gets the resolution and the GeoTIFF tags of the file `like`.

    Raises:
      UserError: it cannot be written, or the path does not end as a format that holds such an image.
    """
    ending = os.path.splitext(path)[1]
    if ending not in (".npy", ".tif", ".tiff") and not (ending == ".png" and fits_png(image.dtype, image.shape[-1])):
        raise UserError(f"{path} must end with .npy, .tif, or, for uint8 and uint16 of 1 to 4 channels, .png.")
    with atomic_path(path) as temporary:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if ending == ".npy":
            np.save(temporary, image[..., 0] if image.shape[-1] == 1 else image)
        elif ending != ".png":
            _need_tifffile(path)
            _write_tiff(image, temporary, _tags_of(like) if like else {})
        elif image.dtype == np.uint16:  # Pillow writes no such PNG of several channels.
            Path(temporary).write_bytes(tf.io.encode_png(image).numpy())
        elif image.shape[-1] == 3:
            images.save_png(image, temporary)
        else:
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(temporary, "PNG")


def output_ending(config) -> str:
    """How the output files of a run end; UserError if these need a package that is not there."""
    if config.output_format == "tiff":
        _need_tifffile("A TIFF")
    side = output_side(config)
    # Runs from before there was a choice have none.
    return _ENDINGS.get(config.output_format) or (".png" if fits_png(side.dtype, side.channels) else ".npy")


def fits_png(dtype, channels: int) -> bool:
    """Whether PNG files hold such values."""
    return dtype in ("uint8", "uint16") and channels <= 4


def _need_tifffile(what):
    if importlib.util.find_spec("tifffile") is None:
        raise UserError(f"{what} needs tifffile, which is not installed: pip install 'pix2pix_tf[tiff]'.")


def _found(path, shape, dtype, file_format, as_rgb=False):
    """A `Found`, checked."""
    if dtype.name not in DTYPES:
        raise UserError(
            f"{path} holds {dtype.name} values; {', '.join(DTYPES[1:])} are read, so convert it, in NumPy by "
            "array.astype('float32')."
        )
    height, width, channels = shape
    images.check_pixels(path, height, width)
    kind = f"{'NumPy' if file_format == 'npy' else file_format.upper()} {dtype.name} x {channels}"
    return Found(height, width, channels, dtype.name, file_format, kind, as_rgb=as_rgb)


@contextlib.contextmanager
def _as_sentence(path):
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # The libraries raise errors of many kinds for a broken file.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{path} cannot be decoded ({reason}); replace or remove it.") from error


# NumPy, and PNG of 16 bits


def _npy(path):
    """An array in a file, not in memory; its shape as [H, W, C]; its dtype."""
    with _as_sentence(path):
        images.check_is_file(path)
        array = np.lib.format.open_memmap(path, mode="r")  # `np.load` takes archives and pickles, too.
    shape = array.shape
    if array.ndim not in (2, 3) or 0 in shape:
        raise UserError(f"{path} is an array of shape {list(shape)}; [H, W] and [H, W, channels] are read.")
    if array.ndim == 3 and shape[0] < 2**MIN_LEVELS <= shape[2]:
        raise UserError(
            f"{path} is an array of shape {list(shape)}, but channels must be the last axis, [H, W, channels]; "
            "np.moveaxis(array, 0, -1) moves them there."
        )
    return array, (*shape, 1)[:3], array.dtype


def _npy_values(path):
    array, shape, _ = _npy(path)
    return np.array(array).reshape(shape)  # A copy, as each array that stays on the disk keeps a file open.


def _png_values(path):
    return tf.io.decode_png(Path(path).read_bytes(), dtype=tf.uint16).numpy()


# TIFF


def _tiff_header(path):
    """A `Found`; None for a usual image, which Pillow reads, or what Pillow shall say is broken."""
    if importlib.util.find_spec("tifffile") is None and _is_usual(path):
        return None
    _need_tifffile(path)
    with _as_sentence(path), _opened(path) as tiff:
        series = _only_series(tiff, path)
        page = series.keyframe
        is_small = page.dtype in (np.uint8, np.bool_) and page.samplesperpixel <= 4 and len(series.pages) == 1
        if is_small and _ALPHA.issuperset(page.extrasamples):
            return None
        shape, _ = _layout(series, path)
        as_rgb = page.dtype == np.uint16 and page.samplesperpixel in (1, 3) and len(series.pages) == 1
        return _found(path, shape, page.dtype.newbyteorder("="), "tiff", as_rgb)


def _is_usual(path):
    """Whether Pillow reads all of a TIFF, and its values are of 8 bits."""
    try:
        with Image.open(path) as image:
            few = image.tag_v2.get(277, 1) <= 4 and _ALPHA.issuperset(image.tag_v2.get(338, ())) and image.n_frames == 1
            return few and image.mode not in ("I", "F") and not image.mode.startswith("I;16")
    except Exception:  # As in `images`, which will say what is wrong.
        return True


def _opened(path):
    import tifffile  # Here, because only some have such files, and the extra.

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # What cannot be read is an error; nobody needs the rest.
    return tifffile.TiffFile(path)


def _only_series(tiff, path):
    """The pages of one kind that a TIFF holds; previews and masks do not count."""
    series = [each for each in tiff.series if not (each.keyframe.subfiletype & 5)]
    if not series:
        raise UserError(f"{path} holds no image; replace or remove it.")
    if len(series) > 1:
        raise UserError(
            f"{path} holds {len(series)} images of different sizes or values, of which it is not clear which one is "
            "meant; save that one alone."
        )
    return series[0]


def _layout(series, path):
    """[H, W, C], and the order of axes that gives it."""
    names = dict(enumerate(series.axes))
    plane = [axis for axis, name in names.items() if name in "YX"]
    others = [axis for axis, length in enumerate(series.shape) if axis not in plane and length > 1]
    if len(plane) != 2 or len(others) > 1:
        raise UserError(
            f"{path} has the axes {series.axes} of {'x'.join(map(str, series.shape))}; beside height (Y) and width (X) "
            "only one axis is allowed, for channels; split it into several files."
        )
    # Of Q, which tifffile gives to arrays that were saved without a word on axes, the small one holds channels.
    if others == [0] and names[0] == "Q" and series.shape[-1] < 2**MIN_LEVELS <= series.shape[0]:
        plane, others = [0, 1], [2]
    empty = [axis for axis in names if axis not in (*plane, *others)]
    height, width = (series.shape[axis] for axis in plane)
    return (height, width, series.shape[others[0]] if others else 1), (*plane, *others, *empty)


def _tiff_values(path):
    with _opened(path) as tiff:
        series = _only_series(tiff, path)
        shape, order = _layout(series, path)
        return series.asarray().transpose(order).reshape(shape)


def _tags_of(path):
    """What `_write_tiff` takes of the TIFF that an output was made of: nothing of other files."""
    tags = {}
    with contextlib.suppress(Exception), _opened(path) as tiff:  # It was read already; its tags are a courtesy.
        page = _only_series(tiff, path).keyframe
        if {"XResolution", "YResolution"} <= {tag.name for tag in page.tags}:
            tags["resolution"] = page.tags["XResolution"].value, page.tags["YResolution"].value
            tags["resolutionunit"] = page.resolutionunit
        found = [page.tags[code] for code in _GEOTIFF_TAGS if code in page.tags]
        tags["extratags"] = [(tag.code, tag.dtype, tag.count, tag.value, True) for tag in found]
    return tags


def _write_tiff(image, path, tags):
    import tifffile

    channels = image.shape[-1]
    tifffile.imwrite(
        path,
        image[..., 0] if channels == 1 else image,
        photometric="rgb" if channels == 3 else "minisblack",
        planarconfig=None if channels == 1 else "contig",
        compression="zlib",
        metadata=None,
        **tags,
    )

"""Images as arrays: any image file → uint8, split a pair, uint8 ↔ [-1, 1], pad and crop."""

import contextlib
import dataclasses
import importlib
import importlib.util
import io
import os
import struct
import threading
import warnings
from typing import BinaryIO

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image, ImageChops, ImageCms, ImageOps, PngImagePlugin

from pix2pix_tf.errors import UserError

MAX_PIXELS = 100_000_000  # Larger images are refused before they are decoded.

# Pillow warns of odd metadata, of which nobody can make anything; what cannot be decoded is an error.
warnings.filterwarnings("ignore", module=r"PIL\.")
_CUT_SHORT = ("truncated", "bytes not processed", "incomplete", "buffer is not large enough")  # as Pillow says it
# A PNG may have a long text or profile; Pillow would take more than 1 MB in one chunk for damage.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
if importlib.util.find_spec("pillow_heif"):  # With it, Pillow opens .heic; see `utils.image_files`.
    importlib.import_module("pillow_heif").register_heif_opener()
_opening = threading.Lock()
_SRGB = ImageCms.createProfile("sRGB")
_SAYS_SRGB = PngImagePlugin.PngInfo()
_SAYS_SRGB.add(b"sRGB", b"\0")  # The chunk of the PNG specification, with the intent "perceptual".


@dataclasses.dataclass(frozen=True)
class Header:
    """What an image file says of itself: upright height and width in pixels, and its kind, such as "PNG RGBA"."""

    height: int
    width: int
    kind: str


def read_header(file: str | BinaryIO, name: str | None = None) -> Header:
    """The header of an image file, without decoding it; arguments and errors are those of `read_image`."""
    with _opened(file, name or file) as image:
        width, height = image.size
        # Pillow decodes a PNG to look for EXIF that is not in front, and gives the upright size of a TIFF.
        known = image.format != "TIFF" and (image.format != "PNG" or "exif" in image.info)
        if known and _orientation(image) >= 5:
            width, height = height, width
        return Header(height, width, f"{image.format} {image.mode}")


def read_image(file: str | BinaryIO, name: str | None = None) -> np.ndarray:
    """An image file of any kind that Pillow reads → RGB uint8 [H, W, 3].

    It is turned upright as its EXIF orientation says. Colors of an ICC profile are converted to sRGB. Transparent
    pixels show white behind them. 16-bit values are scaled to 8 bits and rounded (of 16-bit RGB in TIFF, the high byte
    is taken). An animation gives its first frame.

    Args:
      file: a path or a binary file object.
      name: what to call it in an error; the path if there is one.

    Raises:
      UserError: it cannot be opened, is no image, is truncated, is larger than MAX_PIXELS, or has 32-bit values.
    """
    with _opened(file, name or file) as image:
        has_16_bits = image.format == "PNG" and str(image.tile[0].args).endswith(";16B")
        content = _whole_file(image.fp) if has_16_bits else None
        image.load()
        if has_16_bits:
            image = _decode_16_bit_png(content, image.info)
        return np.asarray(_to_rgb(_upright(image)))


def read_bands(path: str, modes: tuple[str, ...]) -> np.ndarray:
    """An image file of 8 bits, in the first of Pillow's `modes` or one like it → uint8 [H, W, C], values as they are.

    It is turned upright. Errors are those of `read_image`; a file of none of the modes is an error, too.
    """
    with _opened(path, path) as image:
        if image.mode not in modes:
            raise ValueError(f"its colors are of mode {image.mode}, not {modes[0]}")
        image.load()
        bands = np.asarray(_upright(image).convert(modes[0]))
        return bands.reshape(*bands.shape[:2], -1)


def from_pil(image: Image.Image, name: str) -> np.ndarray:
    """A PIL image of any mode → RGB uint8 [H, W, 3], as `read_image` makes it of a file; `name` is for errors."""
    try:
        image.load()
        return np.asarray(_to_rgb(_upright(image)))
    except Exception as error:  # As in `_opened`: a file that is opened, but not yet decoded, may be broken.
        raise UserError(f"{name} cannot be decoded ({error}); give another.") from error


@contextlib.contextmanager
def _opened(file, name):
    """An image file whose header is read and whose size is allowed; what fails then or later becomes a UserError."""
    try:
        check_is_file(file)
        with contextlib.ExitStack() as closing:
            with _opening:
                # Pillow's own limit is a global, and its error does not tell the size.
                limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
                try:
                    image = closing.enter_context(Image.open(file))
                finally:
                    Image.MAX_IMAGE_PIXELS = limit
            check_pixels(name, image.height, image.width)
            yield image
    except UserError:
        raise
    except Exception as error:  # Pillow raises errors of many kinds for a broken file.
        raise UserError(f"{name} cannot be decoded ({_reason(error, file)}); replace or remove it.") from error


def check_is_file(path: str | os.PathLike | BinaryIO) -> None:
    """Raises OSError for the path of a folder, named pipe, socket or device, whose reader might wait for ever."""
    if isinstance(path, str | os.PathLike) and not os.path.isfile(path) and os.path.exists(path):
        raise OSError("it is a folder, named pipe, socket or device")


def check_pixels(name: str, height: int, width: int) -> None:
    """Raises UserError for an image of more than MAX_PIXELS."""
    if height * width > MAX_PIXELS:
        raise UserError(
            f"{name} is {height}x{width} (height x width), more than the {MAX_PIXELS // 10**6} megapixels that are "
            "allowed; make it smaller or remove it."
        )


def _reason(error, file):
    """A word on why a file cannot be decoded."""
    if any(words in str(error).lower() for words in _CUT_SHORT):
        return "the file is cut short"
    if "MAX_TEXT" in str(error):
        return "it holds more than 64 MB of text"
    if not isinstance(error, Image.UnidentifiedImageError):
        return str(error) or type(error).__name__
    size = file.seek(0, os.SEEK_END) if hasattr(file, "seek") else os.path.getsize(file)
    return "not an image that can be read" if size else "the file is empty"


def _orientation(image):
    """The EXIF orientation, 1 (upright) to 8; from 5 on, height and width are exchanged. Broken EXIF means 1."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, struct.error):
        value = None
    return value if value in range(1, 9) else 1


def _upright(image):
    """A decoded image, which stays as it is, turned as its EXIF orientation says."""
    if _orientation(image) == 1:
        return image
    upright = ImageOps.exif_transpose(image)
    upright.format = image.format
    return upright


def _whole_file(file):
    """All bytes of an open file, which stays where it is."""
    position = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(position)
    return content


def _decode_16_bit_png(content, info):
    """TensorFlow decodes all 16 bits, of which Pillow keeps the high byte where there are several channels."""
    values = tf.io.decode_png(content, channels=4, dtype=tf.uint16).numpy()
    image = Image.fromarray(_eight_bits(values, 65535))
    image.info = info
    return image


def _eight_bits(values, maximum):
    """Integers in [0, maximum] → uint8, scaled and rounded."""
    return ((values.astype(np.uint32) * 255 + maximum // 2) // maximum).astype(np.uint8)


def _to_rgb(image):
    """A decoded image of any mode → sRGB in mode RGB, on white where it is transparent."""
    profile = image.info.get("icc_profile")
    if image.mode in ("I", "F"):
        raise ValueError("it has 32-bit values, whose range is not known; 8 and 16 bits are")
    if image.mode.startswith("I;16"):
        image = _gray_of_tiff(image)
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes all CMYK JPEG files for inverted, as only Adobe's are.
    if not image.has_transparency_data:
        return _srgb(image, profile)
    rgba = image.convert("RGBA")
    opaque = _srgb(image.convert("L") if image.mode.startswith("L") else rgba.convert("RGB"), profile)
    opaque.putalpha(rgba.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")


def _srgb(image, profile):
    """An opaque image whose colors are those of an ICC profile (bytes, or None for sRGB) → sRGB in mode RGB.

    A profile that is broken, or for images of another kind, is no reason to lose an image: it is ignored.
    """
    if profile:
        image = image if image.mode in ("L", "CMYK") else image.convert("RGB")
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):  # Most are, and need no rounding.
                intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
                return ImageCms.profileToProfile(image, source, _SRGB, intent, outputMode="RGB")
    return image.convert("RGB")


def _gray_of_tiff(image):
    """Mode I;16, which may hold 12 bits and count from white, → mode L."""
    tags = getattr(image, "tag_v2", {})
    gray = Image.fromarray(_eight_bits(np.asarray(image), 2 ** tags.get(258, (16,))[0] - 1))
    return ImageChops.invert(gray) if tags.get(262) == 0 else gray


def split_pair(image: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A side-by-side image [H, 2W, 3] → its left half A and right half B, each [H, W, 3]."""
    width = image.shape[1]
    if width % 2:
        raise UserError(
            f"{name} is {width} pixels wide, so its halves differ in size; side-by-side pairs need an even width."
        )
    return image[:, : width // 2], image[:, width // 2 :]


def to_network(image: np.ndarray | tf.Tensor) -> tf.Tensor:
    """uint8 or float in [0, 255] → float32 in [-1, 1]."""
    return tf.cast(image, tf.float32) / 127.5 - 1.0


def to_uint8(image: tf.Tensor) -> tf.Tensor:
    """float in [-1, 1] → uint8, rounded to the nearest value; what lies outside is clipped."""
    return tf.cast(tf.clip_by_value(tf.round((tf.cast(image, tf.float32) + 1.0) * 127.5), 0.0, 255.0), tf.uint8)


def pad_to_multiple(image: tf.Tensor, multiple: int) -> tf.Tensor:
    """[N, H, W, C] → [N, H', W', C], the sides rounded up to a multiple by mirrored pixels.

    Rows and columns are added at the bottom and on the right. Indices are gathered, because REFLECT
    padding fails where the pad reaches the image's own size.
    """
    for axis in (1, 2):
        side = image.shape[axis] or tf.shape(image)[axis]
        padded = (side + multiple - 1) // multiple * multiple
        if not (isinstance(side, int) and padded == side):
            image = tf.gather(image, _mirrored(padded, side), axis=axis)
    return image


def _mirrored(length, side):
    """int32 [length]: 0, 1, …, side-1, side-2, …, 1, 0, 1, … (the edge itself is not repeated)."""
    period = tf.maximum(2 * (side - 1), 1)
    position = tf.range(length) % period
    return tf.minimum(position, period - position)


def save_png(image: np.ndarray, path: str) -> None:
    """Writes uint8 RGB [H, W, 3] to a PNG file that says that its colors are sRGB."""
    Image.fromarray(image).save(path, "PNG", pnginfo=_SAYS_SRGB)

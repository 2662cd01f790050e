"""Any encoded image → RGB, inside a graph, with its size looked up before anything is decoded; and RGB → PNG.

TensorFlow's kernels decode JPEG, PNG, BMP and WebP. They ignore EXIF orientation and ICC profiles and drop alpha; a
client that may hold such images makes them upright, opaque and sRGB first, as `tools.client` does.
"""

import tensorflow as tf

from pix2pix_tf.sides import RGB

HEADER = 32  # bytes, enough for the size in every format but JPEG
# Scans of a JPEG, each of which goes over all its pixels, however few bytes it has. An encoder writes up to 20 of them;
# of other data behind the image, such as a phone's video, each 2^16 bytes look like one.
SCANS, BYTES_FOR_A_SCAN, MOST_SCANS = 64, 2**14, 4096
_BEFORE_CHUNKS = 33  # bytes of a PNG: its signature and IHDR
_SAYS_SRGB = b"\0\0\0\1sRGB\0\xae\xce\x1c\xe9"  # A chunk of PNG: length, name, the intent "perceptual", checksum.


def check(condition, *sentence):
    """A control dependency that fails with INVALID_ARGUMENT and a sentence (strings, numbers) unless `condition`."""
    parts = [part if isinstance(part, str) else tf.strings.as_string(part) for part in sentence]
    return tf.control_dependencies([tf.debugging.Assert(condition, [tf.strings.join(parts)])])


def decode(content, max_pixels: int, seen=None, side=RGB):
    """An encoded image, a scalar string → [H, W, C] of a side, which must be a PNG of its kind unless that is RGB.

    Fails with INVALID_ARGUMENT if it is of no kind that can be decoded, damaged, empty, or larger than `check_size`
    allows; memory for its pixels is asked for only after that.
    """
    header = tf.cast(tf.io.decode_raw(content, tf.uint8, fixed_length=HEADER), tf.int64)
    if (side.channels, side.dtype) != (3, "uint8"):
        return _decode_png(content, header, max_pixels, seen, side)
    is_jpeg, is_png = _holds(header, 0, b"\xff\xd8\xff"), _holds(header, 0, b"\x89PNG\r\n\x1a\n")
    is_bmp, is_gif = _holds(header, 0, b"BM"), _holds(header, 0, b"GIF8")
    is_webp = _holds(header, 0, b"RIFF") & _holds(header, 8, b"WEBP")
    # TensorFlow's memory for a GIF follows from its frames, which may be larger than the screen in its header.
    with check(~is_gif, "image_bytes is a GIF; send it as PNG"):
        header = tf.identity(header)
    with check(is_jpeg | is_png | is_bmp | is_webp, "image_bytes is not an image in JPEG, PNG, BMP or WebP"):
        header = tf.identity(header)
    with check(~is_bmp | (_little(header, 28, 2) >= 24), "image_bytes is a BMP with a palette; send it as PNG"):
        header = tf.identity(header)
    size = tf.cond(
        is_jpeg,
        lambda: tf.cast(tf.image.extract_jpeg_shape(content)[:2], tf.int64),
        lambda: tf.case(
            [
                (is_png, lambda: tf.stack([_big(header, 20, 4), _big(header, 16, 4)])),
                (is_bmp, lambda: tf.stack([_bmp_height(header), _little(header, 18, 4)])),
            ],
            default=lambda: _webp_size(header),
        ),
    )
    with check_size(size[0], size[1], max_pixels, seen):
        content = tf.identity(content)
    with check(~is_jpeg | _has_few_scans(content), "image_bytes is a JPEG with more scans than its size has use for"):
        content = tf.identity(content)
    image = tf.cond(
        is_jpeg,
        # As exact as Pillow, by which images are read for training.
        lambda: tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(content, channels=3, expand_animations=False),
    )
    return tf.ensure_shape(image, [None, None, 3])


def encode(image):
    """uint8 or uint16 [H, W, C] → a PNG file; that of RGB uint8 says that its colors are sRGB."""
    content = tf.io.encode_png(image)
    if image.dtype != tf.uint8 or image.shape[-1] != 3:
        return content
    rest = tf.strings.substr(content, _BEFORE_CHUNKS, tf.strings.length(content))
    return tf.strings.join([tf.strings.substr(content, 0, _BEFORE_CHUNKS), _SAYS_SRGB, rest])


def _decode_png(content, header, max_pixels, seen, side):
    bits, color = 8 * tf.as_dtype(side.dtype).size, {1: 0, 3: 2, 4: 6}[side.channels]
    is_kind = _holds(header, 0, b"\x89PNG\r\n\x1a\n") & (header[24] == bits) & (header[25] == color)
    with check(is_kind, f"image_bytes is not a PNG of {bits} bits with {side.channels} channels, as the model takes"):
        header = tf.identity(header)
    with check_size(_big(header, 20, 4), _big(header, 16, 4), max_pixels, seen):
        content = tf.identity(content)
    image = tf.io.decode_png(content, channels=side.channels, dtype=side.dtype)
    return tf.ensure_shape(image, [None, None, side.channels])


def check_size(height, width, max_pixels: int, seen=None):
    """A control dependency that fails unless an image, and what the network sees of it, has 1 to `max_pixels` pixels.

    `seen` is (height, width), int64 → int64 [2], the size at which the network sees the image, with its padding.
    """
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    size = ("the image is ", height, "x", width, " (height x width)")
    allowed = f"; from 1 to {max_pixels} pixels are allowed"
    area = check((height > 0) & (width > 0) & (height * width <= max_pixels), *size, allowed)
    if seen is None:
        return area
    with area:
        padded = tf.identity(seen(height, width))
    as_seen = (", which the network sees as ", padded[0], "x", padded[1])
    return check(tf.reduce_prod(padded) <= max_pixels, *size, *as_seen, allowed)


def _has_few_scans(content):
    scans = tf.size(tf.strings.split(content, b"\xff\xda", maxsplit=MOST_SCANS + 1)) - 1
    return scans <= tf.minimum(SCANS + tf.strings.length(content) // BYTES_FOR_A_SCAN, MOST_SCANS)


def _holds(header, offset, expected):
    return tf.reduce_all(header[offset : offset + len(expected)] == tf.constant(list(expected), tf.int64))


def _little(header, offset, count):
    """The unsigned little-endian number of `count` bytes."""
    return tf.reduce_sum(header[offset : offset + count] * [256**i for i in range(count)])


def _big(header, offset, count):
    return tf.reduce_sum(header[offset : offset + count] * [256 ** (count - 1 - i) for i in range(count)])


def _bmp_height(header):
    """A signed number: rows that run from top to bottom have a negative height."""
    height = _little(header, 22, 4)
    return tf.minimum(height, 2**32 - height)


def _webp_size(header):
    """Height and width of the three kinds of WebP: lossy, lossless, extended."""
    lossless = _little(header, 21, 4)
    return tf.case(
        [
            (_holds(header, 12, b"VP8 "), lambda: tf.stack([_little(header, 28, 2), _little(header, 26, 2)]) % 2**14),
            (_holds(header, 12, b"VP8L"), lambda: tf.stack([lossless // 2**14, lossless]) % 2**14 + 1),
        ],
        default=lambda: tf.stack([_little(header, 27, 3), _little(header, 24, 3)]) + 1,
    )

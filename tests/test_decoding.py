"""Encoded images in a graph: the pixels that Pillow reads, the size before the pixels, one sentence for each error."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_tf import images
from pix2pix_tf.exporting.decoding import decode

LIMIT = 50 * 60

graph = tf.function(lambda content: decode(content, LIMIT), [tf.TensorSpec([], tf.string)], autograph=False)


def draw_image(mode="RGB", size=(60, 50)):
    """A smooth image, 60 wide and 50 high unless `size` says otherwise."""
    coarse = np.random.default_rng(0).integers(0, 256, (4, 5, 4), dtype=np.uint8)
    return Image.fromarray(coarse[..., :3]).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(kind, image=None, **options):
    file = io.BytesIO()
    (image or draw_image()).save(file, kind, **options)
    return file.getvalue()


KINDS = {
    "jpeg": encoded("JPEG", quality=90),
    "progressive jpeg": encoded("JPEG", progressive=True),
    "jpeg without subsampling": encoded("JPEG", subsampling=0),
    "gray jpeg": encoded("JPEG", draw_image("L")),
    "png": encoded("PNG"),
    "gray png": encoded("PNG", draw_image("L")),
    "png with a palette": encoded("PNG", draw_image("P")),
    "black and white png": encoded("PNG", draw_image("1")),
    "bmp": encoded("BMP"),
    "lossy webp": encoded("WEBP", quality=90),
    "lossless webp": encoded("WEBP", lossless=True),
    "extended webp": encoded("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_those_that_pillow_reads(kind):
    expected = images.read_image(io.BytesIO(KINDS[kind]), kind)
    assert expected.shape == (50, 60, 3)
    np.testing.assert_array_equal(graph(KINDS[kind]), expected)


def test_a_bmp_that_runs_from_top_to_bottom():
    content = bytearray(KINDS["bmp"])
    content[22:26] = struct.pack("<i", -50)
    np.testing.assert_array_equal(graph(bytes(content)), np.asarray(draw_image())[::-1])


def sentence(content):
    """The error message for a refused image."""
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        graph(content)
    return error.value.message


@pytest.mark.parametrize("kind", ["jpeg", "gray png", "bmp", "lossy webp", "lossless webp", "extended webp"])
@pytest.mark.parametrize("size", [(61, 50), (60, 51)])
def test_an_image_that_is_larger_than_allowed_is_refused_with_its_size(kind, size):
    name, mode, options = {
        "jpeg": ("JPEG", "RGB", {}),
        "gray png": ("PNG", "L", {}),
        "bmp": ("BMP", "RGB", {}),
        "lossy webp": ("WEBP", "RGB", {}),
        "lossless webp": ("WEBP", "RGB", {"lossless": True}),
        "extended webp": ("WEBP", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    }[kind]
    text = sentence(encoded(name, draw_image(mode, size), **options))
    assert f"the image is {size[1]}x{size[0]} (height x width); from 1 to 3000 pixels are allowed" in text


def png_that_claims(width, height):
    """A PNG file whose header has this size; its pixels are missing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(12_000, 9_000), (2**31 - 1, 2**31 - 1), (0, 0), (0, 7)])
def test_a_size_that_cannot_be_is_refused_before_decoding(width, height):
    assert f"the image is {height}x{width} (height x width); from 1 to 3000 pixels" in sentence(
        png_that_claims(width, height)
    )


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"not an image at all", encoded("TIFF"), b"<svg></svg>" * 9])
def test_what_is_no_image_is_refused(content):
    assert "image_bytes is not an image in JPEG, PNG, BMP or WebP" in sentence(content)


def test_a_gif_is_refused():
    """TensorFlow's memory for it follows from its frames, which may be larger than the screen in its header."""
    content = bytearray(encoded("GIF", draw_image("P")))
    content[6:10] = struct.pack("<HH", 10, 10)
    assert "image_bytes is a GIF; send it as PNG" in sentence(bytes(content))


def test_a_webp_whose_frame_is_larger_than_it_says_is_refused():
    content = bytearray(KINDS["extended webp"])
    content[24:30] = bytes(6)  # A canvas of 1x1.
    sentence(bytes(content))


def test_what_the_network_sees_counts_too():
    """An image of 3000x1 pixels that is padded to 3008x32."""
    seen = tf.function(
        lambda content: decode(content, 50_000, lambda height, width: (tf.stack([height, width]) + 31) // 32 * 32),
        [tf.TensorSpec([], tf.string)],
        autograph=False,
    )
    assert seen(KINDS["png"]).shape == (50, 60, 3)
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        seen(encoded("PNG", draw_image("RGB", (3000, 1))))
    expected = (
        "the image is 1x3000 (height x width), which the network sees as 32x3008; from 1 to 50000 pixels are allowed"
    )
    assert expected in error.value.message


def progressive_jpeg(scans, behind=b""):
    """A progressive JPEG whose last scan is there again and again, and data behind it."""
    content = KINDS["progressive jpeg"]
    start = content.rindex(b"\xff\xda")
    return content[:start] + content[start:-2] * scans + content[-2:] + behind


def test_a_jpeg_of_many_scans_is_refused():
    """Each goes over all pixels: of 16 megapixels, a thousand, in 30 kB, took 12 s."""
    ordinary = progressive_jpeg(1).count(b"\xff\xda")
    assert graph(progressive_jpeg(65 - ordinary)).shape == (50, 60, 3)
    for scans in (66 - ordinary, 10_000):
        assert "image_bytes is a JPEG with more scans than its size has use for" in sentence(progressive_jpeg(scans))


def test_what_stands_behind_a_jpeg_is_not_taken_for_scans():
    """As the video of a phone's moving photo, in which any two bytes come up once in 64 kB."""
    behind = np.random.default_rng(0).integers(0, 256, 2**23, dtype=np.uint8).tobytes()
    assert behind.count(b"\xff\xda") > 64
    np.testing.assert_array_equal(graph(KINDS["jpeg"] + behind), graph(KINDS["jpeg"]))


@pytest.mark.parametrize("mode", ["P", "L", "1"])
def test_a_bmp_with_a_palette_is_refused(mode):
    """TensorFlow would read it without its palette."""
    assert "image_bytes is a BMP with a palette; send it as PNG" in sentence(encoded("BMP", draw_image(mode)))


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "lossy webp", "lossless webp"])
@pytest.mark.parametrize("length", [16, 40, 200])
def test_a_truncated_image_is_an_invalid_argument(kind, length):
    assert sentence(KINDS[kind][:length])

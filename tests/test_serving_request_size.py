"""How large a request is: of each kind of file and tensor, alone and together, and without unpacking anything."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pix2pix_tf import images
from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.request_size import MOST_PIXELS, is_large


def encoded(kind, width, height, **options):
    file = io.BytesIO()
    Image.new("L" if kind == "PNG" else "RGB", (width, height)).save(file, kind, **options)
    return file.getvalue()


def files(*contents):
    return {"image_bytes": np.array(contents, object)}


def tensor(*shape):
    return {"image": np.broadcast_to(np.uint8(0), shape), "seed": np.zeros(2, np.int32)}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_a_file_is_large_by_its_padded_area(kind):
    assert not is_large(files(encoded(kind, 1024, 1024)))
    assert is_large(files(encoded(kind, 1025, 1024)))
    assert is_large(files(encoded(kind, 8, 8), encoded(kind, 1024, 1025)))
    assert is_large(files(encoded(kind, 16000, 1)))


def test_a_tensor_is_large_by_its_padded_area():
    assert not is_large(tensor(1, 1024, 1024, 3))
    assert is_large(tensor(1, 1, 16000, 1))
    assert not is_large(tensor(64, 256, 256, 3))
    assert is_large(tensor(64, 256, 257, 1))  # Together they are.


def png_that_claims(width, height):
    return b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", width, height)


@pytest.mark.parametrize("inputs", [files(*[png_that_claims(8192, 1639)] * 5), tensor(9, 2731, 2731, 1)])
def test_many_pixels_together_are_refused(inputs):
    sentence = rf"^the images of the request have 67\d+ pixels together; up to {MOST_PIXELS} are allowed, so send fewer"
    with pytest.raises(Refused, match=sentence) as refused:
        is_large(inputs)
    assert refused.value.code.name == "INVALID_ARGUMENT"


def test_of_a_single_image_the_graph_decides():
    assert is_large(files(png_that_claims(2**31 - 1, 2**31 - 1)))
    assert is_large(tensor(1, 2**14, 2**14, 1))


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"no image", b"\xff\xd8\xff", b"BM", b"RIFF" + bytes(20)])
def test_what_has_no_size_is_not_large(content):
    assert not is_large(files(content))


def assert_looked_up_in_little_memory(content):
    tracemalloc.start()
    try:
        assert not is_large(files(content))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_text_before_the_pixels_is_not_unpacked():
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "x" * 2**24, zip=True)
    content = encoded("PNG", 8, 8, pnginfo=text)
    assert len(content) < 2**16
    assert zlib.crc32(content[12:29]) == int.from_bytes(content[29:33], "big")
    assert_looked_up_in_little_memory(content)


def test_what_stands_before_the_pixels_of_a_jpeg_is_not_kept():
    content = encoded("JPEG", 8, 8)
    content = content[:2] + b"\xff\xe1\0\2" * 10**5 + content[2:]
    assert_looked_up_in_little_memory(content)


def test_of_more_files_than_are_allowed_the_rest_is_not_looked_at(monkeypatch):
    seen = []
    monkeypatch.setattr(images, "read_header", lambda file, _: seen.append(file) or images.Header(1, 1, ""))
    assert not is_large(files(*[b"BM"] * 10_000))
    assert len(seen) == 64

"""Images as arrays: reading files, pairs, the range of the networks, padding."""

import importlib.machinery
import importlib.util
import io
import struct
import sys
import types
import warnings
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms, PngImagePlugin

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils import image_files


def random_image(height=6, width=10):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def read(source, kind, **options):
    """What `read_image` makes of a Pillow image that is saved as a kind of file."""
    file = io.BytesIO()
    source.save(file, kind, **options)
    return images.read_image(file)


def tiff(values, photometric, big_endian=False):
    """uint16 [H, W] or [H, W, C] → an uncompressed TIFF file of it, written by hand, as Pillow cannot write all."""
    order = ">" if big_endian else "<"
    height, width, channels = (*values.shape, 1)[:3]
    pixels = values.astype(f"{order}u2").tobytes()
    numbers = {256: width, 257: height, 259: 1, 262: photometric, 277: channels, 278: height, 279: len(pixels)}
    bits_at = 8 + 2 + 12 * 9 + 4
    numbers |= {258: 16 if channels == 1 else bits_at, 273: bits_at + 2 * channels}
    entries = b"".join(
        struct.pack(order + "HHI", tag, 3, channels if tag == 258 else 1)
        + (struct.pack(order + "I", value) if tag == 258 and channels > 1 else struct.pack(order + "HH", value, 0))
        for tag, value in sorted(numbers.items())
    )
    head = (b"MM" if big_endian else b"II") + struct.pack(order + "HIH", 42, 8, 9)
    return io.BytesIO(head + entries + bytes(4) + struct.pack(f"{order}{channels}H", *[16] * channels) + pixels)


def declare_size(content, width, height):
    """A PNG file's bytes with another size in its header, as a decompression bomb has."""
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def padded_by_numpy(image, multiple):
    pads = [(0, 0), *((0, -side % multiple) for side in image.shape[1:3]), (0, 0)]
    return np.pad(image, pads, mode="reflect")


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tif", ".tiff"])
def test_a_lossless_file_is_read_exactly(tmp_path, ending):
    path = str(tmp_path / f"image{ending}")
    Image.fromarray(random_image()).save(path)
    source = images.read_image(path)
    assert source.dtype == np.uint8
    np.testing.assert_array_equal(source, random_image())


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".webp", ".gif"])
def test_a_file_of_one_color_is_read_in_any_format(tmp_path, ending):
    path = tmp_path / f"image{ending}"
    Image.new("RGB", (20, 10), (200, 100, 50)).save(path)
    source = images.read_image(path)
    assert source.shape == (10, 20, 3)
    assert np.abs(source.astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_any_kind_of_png_becomes_rgb(mode):
    gray = np.array([[0, 255, 255], [255, 0, 0]], np.uint8)
    source = Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    np.testing.assert_array_equal(read(source, "PNG"), np.repeat(gray[..., None], 3, axis=-1))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_is_looked_up(kind):
    source = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), "P")
    source.putpalette([255, 0, 0, 0, 200, 9, 7, 8, 250])
    red, green, blue = (255, 0, 0), (0, 200, 9), (7, 8, 250)
    np.testing.assert_array_equal(read(source, kind), [[red, green, blue], [blue, green, red]])


# 16 bits: 100·257 is 100 exactly; 128 more rounds down and 129 more rounds up, where cutting gives 100 for both.
DEEP, SHALLOW = [0, 128, 129, 25700, 25828, 25829, 65406, 65535], [0, 0, 1, 100, 100, 101, 254, 255]


def deep(channels):
    """uint16 [1, 8, C] of the values above, each channel in another order, and the same in 8 bits."""
    return (
        np.stack([np.roll(values, channel) for channel in range(channels)], axis=-1)[None].astype(dtype)
        for values, dtype in ((DEEP, np.uint16), (SHALLOW, np.uint8))
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_of_png_are_scaled_and_rounded(channels):
    values, expected = deep(channels)
    source = images.read_image(io.BytesIO(tf.io.encode_png(values).numpy()))
    np.testing.assert_array_equal(source, np.broadcast_to(expected, (1, 8, 3)))


def test_sixteen_bits_of_gray_tiff_are_scaled_and_rounded():
    values, expected = deep(1)
    np.testing.assert_array_equal(read(Image.fromarray(values[..., 0]), "TIFF"), expected.repeat(3, axis=-1))


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize(("photometric", "expected"), [(1, SHALLOW), (0, SHALLOW[::-1])])
def test_gray_tiff_may_be_big_endian_or_count_from_white(big_endian, photometric, expected):
    file = tiff(np.array([DEEP], np.uint16), photometric, big_endian)
    if photometric == 0 and big_endian:
        with pytest.raises(UserError, match="cannot be decoded"):  # Pillow does not know this rare kind.
            images.read_image(file)
    elif photometric == 0:
        inverted = 255 - np.array([SHALLOW])
        np.testing.assert_array_equal(images.read_image(file)[..., 1], inverted)
    else:
        np.testing.assert_array_equal(images.read_image(file)[..., 1], [expected])


def test_sixteen_bits_of_rgb_tiff_give_the_high_byte():
    values, expected = deep(3)
    source = images.read_image(tiff(values, 2))
    np.testing.assert_array_equal(source, values >> 8)
    assert np.abs(source.astype(int) - expected).max() == 1


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_of_32_bits_are_refused(mode):
    with pytest.raises(UserError, match="32-bit values, whose range is not known"):
        read(Image.new(mode, (4, 4)), "TIFF")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_shows_white(kind):
    rgba = np.array([[(200, 100, 0, 255), (200, 100, 0, 51), (200, 100, 0, 0)]], np.uint8)
    expected = [[(200, 100, 0), (244, 224, 204), (255, 255, 255)]]  # 255 - (255 - value) / 5
    result = read(Image.fromarray(rgba), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(result, expected)


def test_sixteen_bit_alpha_shows_white():
    rgba = np.array([[(51400, 25700, 0, 65535), (51400, 25700, 0, 13107), (51400, 25700, 0, 0)]], np.uint16)
    result = images.read_image(io.BytesIO(tf.io.encode_png(rgba).numpy()))
    np.testing.assert_array_equal(result, [[(200, 100, 0), (244, 224, 204), (255, 255, 255)]])
    gray = images.read_image(io.BytesIO(tf.io.encode_png(rgba[..., [0, 3]]).numpy()))
    np.testing.assert_array_equal(gray[..., 0], [[200, 244, 255]])


@pytest.mark.parametrize(
    ("mode", "values", "transparency", "expected"),
    [
        ("P", [0, 1], 1, [(255, 0, 0), (255, 255, 255)]),
        ("P", [0, 1], b"\xff\x33", [(255, 0, 0), (204, 244, 206)]),
        ("L", [90, 91], 91, [(90, 90, 90), (255, 255, 255)]),
    ],
)
def test_a_transparent_color_shows_white(mode, values, transparency, expected):
    source = Image.fromarray(np.array([values], np.uint8), mode)
    if mode == "P":
        source.putpalette([255, 0, 0, 0, 200, 9])
    np.testing.assert_array_equal(read(source, "PNG", transparency=transparency), [expected])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    source = read(frames[0], kind, save_all=True, append_images=frames[1:])
    assert source.shape == (8, 8, 3)
    assert np.abs(source[4, 4].astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("adobe", [True, False])
def test_a_cmyk_jpeg_is_not_inverted(adobe):
    """Adobe's programs store CMYK inverted and say so by a marker; without the marker it is stored plainly."""
    ink = np.full((8, 8, 4), (255, 0, 0, 0), np.uint8)
    file = io.BytesIO()
    Image.fromarray(ink if adobe else 255 - ink, "CMYK").save(file, "JPEG", quality=95)
    content = file.getvalue()
    assert content.count(b"\xff\xee\x00\x0eAdobe") == 1
    if not adobe:
        at = content.index(b"\xff\xee\x00\x0eAdobe")
        content = content[:at] + content[at + 16 :]
    red, green, blue = images.read_image(io.BytesIO(content))[4, 4].astype(int)
    assert red < 60 < 150 < min(green, blue)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, lambda stored: stored[:, ::-1]),
        (3, lambda stored: stored[::-1, ::-1]),
        (6, lambda stored: np.rot90(stored, -1)),
        (8, lambda stored: np.rot90(stored, 1)),
    ],
)
def test_exif_orientation_is_applied(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(random_image()).save(tmp_path / "phone.png", exif=exif)
    np.testing.assert_array_equal(images.read_image(tmp_path / "phone.png"), upright(random_image()))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # pytest undoes the filter of pix2pix_tf.images.
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        b"garbage!!!!",
        b"",
        b"II*\0\x08\0\0\0\xff\xff\x12\x01",
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x01\0\x09" + bytes(6),
    ],
)
def test_broken_exif_does_not_make_an_image_unreadable(kind, exif):
    file = io.BytesIO()
    Image.fromarray(random_image()).save(file, kind, exif=b"Exif\0\0" + exif)
    assert images.read_image(file).shape == (6, 10, 3)
    assert images.read_header(file) == images.Header(6, 10, f"{kind} RGB")


def test_sixteen_bits_are_turned_upright_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    gray = random_image()[..., 0]
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "phone.png", exif=exif)
    np.testing.assert_array_equal(images.read_image(tmp_path / "phone.png")[..., 0], np.rot90(gray, -1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_file_is_named(tmp_path, kind):
    whole = io.BytesIO()
    Image.fromarray(random_image(64, 64)).save(whole, kind)
    path = tmp_path / "half"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    with pytest.raises(
        UserError, match=r"half cannot be decoded \(the file is cut short\); replace or remove it"
    ) as caught:
        images.read_image(str(path))
    assert str(path) in str(caught.value)


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(UserError, match=r"empty\.png cannot be decoded \(the file is empty\)"):
        images.read_image(tmp_path / "empty.png")
    with pytest.raises(UserError, match=r"^record 7 cannot be decoded \(the file is empty\)"):
        images.read_header(io.BytesIO(), "record 7")


@pytest.mark.parametrize("content", [b"not an image", b"<html></html>"])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    path = tmp_path / "notes.png"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        images.read_image(str(path))
    assert str(caught.value).startswith(f"{path} cannot be decoded (not an image that can be read)")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"absent\.png cannot be decoded \(.*No such file"):
        images.read_image(str(tmp_path / "absent.png"))


def test_a_file_object_goes_by_the_name_it_is_given():
    with pytest.raises(UserError, match=r"^photos\.zip/7\.png cannot be decoded"):
        images.read_image(io.BytesIO(b"nothing"), name="photos.zip/7.png")


@pytest.mark.parametrize(("kind", "orientation"), [("JPEG", 1), ("JPEG", 6), ("PNG", 8), ("TIFF", 6), ("WEBP", 3)])
def test_the_header_tells_the_upright_size_and_the_kind(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(random_image()).save(tmp_path / "phone", kind, exif=exif)
    header = images.read_header(tmp_path / "phone")
    assert (header.height, header.width) == images.read_image(tmp_path / "phone").shape[:2]
    assert header.kind == f"{kind} RGB"
    assert (header.height, header.width) == ((10, 6) if orientation >= 5 else (6, 10))


@pytest.mark.parametrize("function", [images.read_header, images.read_image])
@pytest.mark.parametrize("width", [10_001, 14_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_size_in_one_sentence(tmp_path, function, width):
    file = io.BytesIO()
    Image.fromarray(random_image()).save(file, "PNG")
    path = tmp_path / "bomb.png"
    path.write_bytes(declare_size(file.getvalue(), width, 10_000))
    with warnings.catch_warnings(record=True) as shown, pytest.raises(UserError) as caught:
        function(str(path))
    assert str(caught.value) == (
        f"{path} is 10000x{width} (height x width), more than the 100 megapixels that are allowed; "
        "make it smaller or remove it."
    )
    assert shown == []


def test_the_largest_allowed_image_passes_without_a_warning_and_pillows_own_limit_stays(tmp_path):
    limit = Image.MAX_IMAGE_PIXELS
    file = io.BytesIO()
    Image.fromarray(random_image()).save(file, "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        header = images.read_header(io.BytesIO(declare_size(file.getvalue(), 10_000, 10_000)))
    assert header == images.Header(10_000, 10_000, "PNG RGB")
    assert limit == Image.MAX_IMAGE_PIXELS


def test_split_pair_cuts_in_the_middle():
    source = random_image(4, 10)
    left, right = images.split_pair(source, "pair.png")
    assert left.shape == right.shape == (4, 5, 3)
    np.testing.assert_array_equal(np.concatenate([left, right], axis=1), source)


def test_a_pair_of_odd_width_is_refused():
    with pytest.raises(UserError, match=r"pair\.png is 7 pixels wide.* need an even width"):
        images.split_pair(random_image(4, 7), "pair.png")


def test_the_range_of_the_networks():
    result = images.to_network(np.array([0, 51, 255], np.uint8))
    assert result.dtype == tf.float32
    np.testing.assert_allclose(result, [-1.0, -0.6, 1.0], atol=1e-7)
    np.testing.assert_allclose(images.to_network(np.float32([63.75, 127.5])), [-0.5, 0.0], atol=1e-7)


def test_all_256_values_survive_the_round_trip():
    values = np.arange(256, dtype=np.uint8)
    result = images.to_uint8(images.to_network(values))
    assert result.dtype == tf.uint8
    np.testing.assert_array_equal(result, values)


def test_to_uint8_rounds_to_the_nearest_and_clips():
    exact = np.float32([-9.0, -1.001, 10.4, 10.6, 254.4, 254.6, 1e9])
    exact[2:6] = exact[2:6] / 127.5 - 1.0
    np.testing.assert_array_equal(images.to_uint8(exact), [0, 0, 10, 11, 254, 255, 255])


@pytest.mark.parametrize(
    ("height", "width", "multiple"),
    [(33, 47, 32), (30, 31, 16), (5, 64, 64), (3, 2, 32), (1, 1, 32), (1, 7, 16), (9, 1, 8), (2, 2, 64)],
)
@pytest.mark.parametrize("static", [True, False])
def test_padding_mirrors_as_numpy_does(height, width, multiple, static):
    image = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype(np.float32)
    pad = tf.function(
        lambda image: images.pad_to_multiple(image, multiple),
        input_signature=[tf.TensorSpec(image.shape if static else [None, None, None, 3])],
    )
    np.testing.assert_array_equal(pad(image), padded_by_numpy(image, multiple))


def test_what_needs_no_padding_is_left_alone():
    image = tf.random.stateless_normal([1, 32, 64, 3], [1, 2])
    assert images.pad_to_multiple(image, 32) is image


def profile_of_swapped_primaries():
    """The bytes of an ICC profile, sRGB with its primaries red and green exchanged."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = (content.index(name, 128) for name in (b"rXYZ", b"gXYZ"))  # In the table of tags.
    content[red : red + 4], content[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(content).replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"\0s\0R\0G\0B", b"\0t\0e\0s\0t")


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_colors_of_an_icc_profile_are_converted_to_srgb(tmp_path, alpha, ending):
    values = np.full((4, 4, 4 if alpha else 3), 255, np.uint8)
    values[..., :3] = (200, 30, 60)
    path = tmp_path / f"image.{ending}"
    Image.fromarray(values).save(path, icc_profile=profile_of_swapped_primaries(), lossless=True)
    np.testing.assert_allclose(images.read_image(str(path))[0, 0].astype(int), (30, 200, 60), atol=2)
    np.testing.assert_array_equal(images.from_pil(Image.open(path), "it"), images.read_image(str(path)))


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()])
def test_srgb_and_broken_profiles_leave_colors_as_they_are(tmp_path, profile):
    values = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "image.png", icc_profile=profile)
    np.testing.assert_array_equal(images.read_image(str(tmp_path / "image.png")), values)


def test_a_profile_for_images_of_another_kind_is_ignored(tmp_path):
    Image.fromarray(np.full((4, 4), 90, np.uint8)).save(tmp_path / "i.png", icc_profile=profile_of_swapped_primaries())
    np.testing.assert_array_equal(images.read_image(str(tmp_path / "i.png")), np.full((4, 4, 3), 90))


def test_a_png_with_a_long_text_is_read(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x/>" * 400_000, zip=True)
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "image.png", pnginfo=text)
    np.testing.assert_array_equal(images.read_image(str(tmp_path / "image.png"))[0, 0], (1, 2, 3))


def test_a_png_with_more_text_than_there_is_room_for_is_refused_in_words(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(PngImagePlugin.MAX_TEXT_MEMORY + 1), 1))
    Image.new("RGB", (4, 4)).save(tmp_path / "bomb.png", pnginfo=text)
    with pytest.raises(UserError) as caught:
        images.read_image(str(tmp_path / "bomb.png"))
    assert str(caught.value) == (
        f"{tmp_path}/bomb.png cannot be decoded (it holds more than 64 MB of text); replace or remove it."
    )


def test_what_is_written_says_that_it_is_srgb():
    images.save_png(random_image(), file := io.BytesIO())
    with Image.open(file) as written:
        assert written.info["srgb"] == 0
        np.testing.assert_array_equal(np.asarray(written), random_image())


def test_heic_is_opened_where_its_plugin_is_installed(monkeypatch):
    plugin, registered = types.ModuleType("pillow_heif"), []
    plugin.__spec__ = importlib.machinery.ModuleSpec("pillow_heif", None)
    plugin.register_heif_opener = lambda: registered.append("heif")
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    for module in (images, image_files):  # As another process would import them.
        specification = importlib.util.spec_from_file_location("again", module.__file__)
        again = importlib.util.module_from_spec(specification)
        monkeypatch.setitem(sys.modules, "again", again)
        specification.loader.exec_module(again)
    assert registered == ["heif"]
    assert {".heic", ".heif"} <= set(again.EXTENSIONS)

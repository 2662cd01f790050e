"""Files of any channels, 16 bits and floats: what is written is read again, and what is odd is one sentence."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pix2pix_tf import Config, UserError, array_files, images
from pix2pix_tf.sides import RGB, Side

RNG = np.random.default_rng(0)
VALUES = {
    "uint8": RNG.integers(0, 256, (40, 36, 8), np.uint8),
    "uint16": RNG.integers(0, 65536, (40, 36, 8), np.uint16),
    "int16": RNG.integers(-32768, 32768, (40, 36, 8), np.int16),
    "float32": RNG.normal(1000, 300, (40, 36, 8)).astype(np.float32),
}


def side(channels, dtype, low=0, high=1):
    return Side(channels, dtype, low, high)


@pytest.mark.parametrize("dtype", VALUES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 8])
def test_what_is_written_is_read_again(tmp_path, dtype, channels):
    values = VALUES[dtype][..., :channels]
    for ending in ("npy", "tif", "tiff", *(["png"] if dtype.startswith("u") and channels <= 4 else [])):
        path = str(tmp_path / os.fsdecode(b"[1] \xff") / f"x.{ending}")
        array_files.write(values, path)
        found = array_files.read_header(path)
        assert (found.height, found.width, found.channels, found.dtype) == (40, 36, channels, dtype)
        again = array_files.read(path, side(channels, dtype))
        assert again.dtype == dtype
        # Transparent pixels show white behind them where four channels are read as RGB, which nobody asked for here.
        assert np.array_equal(again, values), ending


def test_other_programs_files_are_read(tmp_path):
    bands = VALUES["uint16"][..., :5]
    ways = {
        "planar": {"data": np.moveaxis(bands, -1, 0), "planarconfig": "separate", "photometric": "minisblack"},
        "pages": {"data": np.moveaxis(bands, -1, 0), "photometric": "minisblack"},
        "without a word on axes": {"data": bands, "photometric": "minisblack"},
        "tiles": {"data": bands, "planarconfig": "contig", "photometric": "minisblack", "tile": (16, 16)},
        "lzw": {"data": bands, "planarconfig": "contig", "photometric": "minisblack", "compression": "lzw"},
        "deflate": {"data": bands, "planarconfig": "contig", "photometric": "minisblack", "compression": "zlib"},
        "other bytes": {"data": bands, "planarconfig": "contig", "photometric": "minisblack", "byteorder": ">"},
        "axes of one": {"data": np.moveaxis(bands, -1, 0)[None, :, None], "imagej": True},
    }
    for name, arguments in ways.items():
        tifffile.imwrite(tmp_path / "x.tif", **arguments)
        assert np.array_equal(array_files.read(str(tmp_path / "x.tif"), side(5, "uint16")), bands), name
    np.save(tmp_path / "x.npy", np.asfortranarray(bands.astype(">u2")))
    assert np.array_equal(array_files.read(str(tmp_path / "x.npy"), side(5, "uint16")), bands)
    np.save(tmp_path / "x.npy", bands[..., 0])
    assert np.array_equal(array_files.read(str(tmp_path / "x.npy"), side(1, "uint16")), bands[..., :1])


def test_pages_of_eight_bits_are_channels(tmp_path):
    path = str(tmp_path / "x.tif")
    for channels in (2, 3, 6):
        values = VALUES["uint8"][..., :channels]
        tifffile.imwrite(path, np.moveaxis(values, -1, 0), photometric="minisblack")
        assert np.array_equal(array_files.read(path, side(channels, "uint8")), values)
    tifffile.imwrite(path, values, photometric="rgb", planarconfig="contig")  # RGB and three more
    assert np.array_equal(array_files.read(path, side(6, "uint8")), values)
    with pytest.raises(
        UserError,
        match=r"x\.tif has 6 channels of uint8, but the settings or most of the others have 3 channels of uint8",
    ):
        array_files.read(path, RGB)


def test_usual_images_are_rgb_unless_other_channels_are_asked_for(tmp_path):
    path = str(tmp_path / "x.png")
    for channels, mode in {1: "L", 2: "LA", 4: "RGBA"}.items():
        values = VALUES["uint8"][..., :channels]
        Image.fromarray(values[..., 0] if channels == 1 else values, mode).save(path)
        assert np.array_equal(array_files.read(path, RGB), images.read_image(path))
        assert np.array_equal(array_files.read(path, side(channels, "uint8")), values)
        assert array_files.read_header(path).is_usual
    # What had 16 bits was always readable in 8.
    array_files.write(VALUES["uint16"][..., :3], path)
    assert not array_files.read_header(path).is_usual
    assert np.array_equal(array_files.read(path, RGB), images.read_image(path))
    with pytest.raises(
        UserError, match=r"has 3 channels of uint16, but the settings or most of the others have 1 channel of uint16"
    ):
        array_files.read(path, side(1, "uint16"))


def test_a_photo_is_turned_upright_in_gray_too(tmp_path):
    values = VALUES["uint8"][..., 0]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(values).save(tmp_path / "x.png", exif=exif)
    path = str(tmp_path / "x.png")
    assert np.array_equal(array_files.read(path, side(1, "uint8"))[..., 0], np.rot90(values, -1))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((40, 40)), "holds float64 values; uint8, uint16, int16, float32 are read"),
        (np.zeros((40, 40), np.uint32), "holds uint32 values"),
        (np.zeros((40, 40), np.complex64), "holds complex64 values"),
        (np.zeros((40, 40), bool), "holds bool values"),
        (np.zeros(40, np.float32), r"of shape \[40\]; \[H, W\] and \[H, W, channels\] are read"),
        (np.zeros((2, 40, 40, 3), np.float32), r"of shape \[2, 40, 40, 3\]"),
        (np.zeros((5, 40, 40), np.float32), r"channels must be the last axis.*np\.moveaxis\(array, 0, -1\)"),
        (np.array([[None]]), "cannot be decoded"),
        (np.full((40, 40), np.nan, np.float32), "has 1600 values that are NaN or Inf"),
    ],
)
def test_odd_arrays_are_one_sentence(tmp_path, array, message):
    path = str(tmp_path / "x.npy")
    np.save(path, array, allow_pickle=True)
    with pytest.raises(UserError, match=message) as caught:
        array_files.read(path, side(1, "float32"))
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


def test_an_array_that_was_read_keeps_no_file_open(tmp_path):
    path = str(tmp_path / "x.npy")
    np.save(path, np.ones((32, 32, 5), np.float32))
    kept = array_files.read(path, Side(5, "float32", 0.0, 1.0))
    assert path not in Path("/proc/self/maps").read_text() and np.all(kept == 1)
    mapped = np.load(path, mmap_mode="r")  # It would have been seen.
    assert path in Path("/proc/self/maps").read_text() and np.all(mapped == 1)


def test_odd_tiffs_are_one_sentence(tmp_path, caplog):
    path = str(tmp_path / "x.tif")
    (tmp_path / "x.tif").write_bytes(b"II*\0" + bytes(30))
    with pytest.raises(UserError, match=r"x\.tif holds no image; replace or remove it\.$"):
        array_files.read(path, RGB)
    assert not caplog.records
    tifffile.imwrite(path, np.zeros((2, 40, 40, 3), np.uint8), photometric="rgb")
    with pytest.raises(UserError, match=r"has the axes .*YXS of 2x40x40x3; beside height"):
        array_files.read(path, RGB)
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((40, 40), np.float32))
        file.write(np.zeros((50, 40), np.float32))
    with pytest.raises(UserError, match="holds 2 images of different sizes or values"):
        array_files.read(path, side(1, "float32"))
    with tifffile.TiffWriter(path) as file:  # A preview is none.
        file.write(VALUES["float32"][..., 0])
        file.write(np.zeros((10, 9), np.float32), subfiletype=1)
    assert np.array_equal(array_files.read(path, side(1, "float32"))[..., 0], VALUES["float32"][..., 0])
    content = (tmp_path / "x.tif").read_bytes()
    for cut in (10, len(content) // 2):
        (tmp_path / "x.tif").write_bytes(content[:cut])
        with pytest.raises(UserError, match=r"x\.tif cannot be decoded"):
            array_files.read(path, side(1, "float32"))


def test_without_tifffile_a_tiff_is_never_misread(tmp_path, monkeypatch):
    path = str(tmp_path / "x.tif")
    Image.fromarray(VALUES["uint8"][..., :3]).save(path)
    monkeypatch.setattr(array_files.importlib.util, "find_spec", lambda name: None)
    assert np.array_equal(array_files.read(path, RGB), VALUES["uint8"][..., :3])
    for values in (VALUES["uint8"], VALUES["uint16"][..., 0], VALUES["float32"], np.moveaxis(VALUES["uint8"], -1, 0)):
        arguments = {} if values.shape[-1] != 8 else {"planarconfig": "contig"}
        tifffile.imwrite(path, values, photometric="minisblack", **arguments)
        with pytest.raises(
            UserError, match=r"x\.tif needs tifffile.*pip install 'pix2pix_tf\[tiff\]'|cannot be decoded"
        ):
            array_files.read(path, RGB)
    with pytest.raises(UserError, match="A TIFF needs tifffile"):
        array_files.output_ending(Config(output_format="tiff"))


def test_resolution_and_geotiff_tags_are_copied(tmp_path):
    scale, like = (33550, "d", 3, (2.0, 2.0, 0.0), True), str(tmp_path / "in.tif")
    image = VALUES["float32"][..., 0]
    tifffile.imwrite(like, image, resolution=(300, 150), resolutionunit="INCH", extratags=[scale])
    path = str(tmp_path / "out.tif")
    array_files.write(VALUES["uint16"][..., :5], path, like)
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags
        assert [tags[name].value for name in ("XResolution", "YResolution", "ResolutionUnit")] == [
            (300, 1),
            (150, 1),
            2,
        ]
        assert tags[33550].value == (2.0, 2.0, 0.0)


@pytest.mark.parametrize("dtype", VALUES)
def test_the_way_to_the_network_and_back_is_exact(dtype):
    limits = {"float32": (-500, 3000)}.get(
        dtype, (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype != "float32" else 0
    )
    one = Side(8, dtype, *map(float, limits))
    values = np.clip(VALUES[dtype], *limits).astype(dtype)
    if dtype.endswith("16"):
        values = np.arange(2**16).astype(dtype).reshape(64, 128, 8)
    inside = one.to_network(values).numpy()
    assert -1 <= inside.min() < -0.3 and 0.3 < inside.max() <= 1
    again = one.from_network(inside).numpy()
    assert again.dtype == dtype
    if dtype == "float32":
        assert np.abs(again - values).max() <= 1e-6 * (limits[1] - limits[0])
    else:
        assert np.array_equal(again, values)


def test_values_outside_of_the_range_are_clipped_and_counted():
    one = Side(1, "float32", 10.0, 20.0)
    values = np.float32([[[5], [10], [15]], [[20], [30], [12.5]]])
    assert one.to_network(values).numpy().ravel().tolist() == [-1, -1, 0, 1, 1, -0.5]
    assert one.outside(values) == 2
    whole = Side(1, "uint16", 0.0, 65535.0)
    assert not whole.is_cut and whole.outside(np.uint16([[[65535]]])) == 0
    assert dataclasses.replace(whole, high=4095.0).outside(np.uint16([[[65535]]])) == 1


def test_rgb_is_what_it_was():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=-1)
    assert np.array_equal(RGB.to_network(levels), images.to_network(levels))
    assert np.array_equal(RGB.from_network(images.to_network(levels)), levels)
    noise = RNG.uniform(-1.2, 1.2, (32, 32, 3)).astype(np.float32)
    assert np.array_equal(RGB.from_network(noise), images.to_uint8(noise))
    assert RGB.clipped(levels) is levels  # Nothing is added to the path of usual images.


@pytest.mark.parametrize(
    ("dtype", "channels", "ending"), [("float32", 3, "png"), ("uint8", 5, "png"), ("uint8", 3, "jpg"), ("uint8", 3, "")]
)
def test_a_path_whose_format_does_not_hold_the_image_is_refused(tmp_path, dtype, channels, ending):
    with pytest.raises(UserError, match=rf"x\.{ending} must end with \.npy, \.tif, or, for uint8 and uint16 of 1 to 4"):
        array_files.write(VALUES[dtype][..., :channels], tmp_path / f"x.{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.npy"])
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=rf"{name} cannot be decoded \(it is a folder, named pipe, socket or device\)"):
        array_files.read_header(str(tmp_path / name))


def test_an_archive_of_arrays_with_the_name_of_one_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", np.zeros((40, 40), np.float32))
    os.rename(tmp_path / "x.npz", tmp_path / "x.npy")
    with pytest.raises(UserError, match=r"x\.npy cannot be decoded \(the magic string is not correct"):
        array_files.read_header(tmp_path / "x.npy")

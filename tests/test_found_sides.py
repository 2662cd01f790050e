"""What `auto` finds in data: channels, values, ranges; what is clipped, mixed and constant."""

import numpy as np
import pytest
from array_pairs import band_config, bands, biomass, depth, write_band_pairs, write_depth_pairs
from PIL import Image

from pix2pix_tf import Config, UserError, array_files
from pix2pix_tf.data import found_sides
from pix2pix_tf.data.content import remarks
from pix2pix_tf.data.sources import open_source
from pix2pix_tf.data.values import histograms, joined, values_of
from pix2pix_tf.runs import save_config
from pix2pix_tf.sides import RGB, Side


def found(config):
    return [
        getattr(config, f"{side}_{field}") for side in ("input", "output") for field in ("channels", "dtype", "range")
    ]


def settle_and_measure(config):
    config = found_sides.settled(config)
    return found_sides.measured(config, open_source(config))


@pytest.fixture(scope="module")
def band_pairs(tmp_path_factory):
    """Five bands to one, 6 + 2 pairs; nobody writes to them."""
    root = tmp_path_factory.mktemp("bands")
    write_band_pairs(root)
    return write_band_pairs(root, range(6, 8), "val")


@pytest.fixture(scope="module")
def depth_pairs(tmp_path_factory):
    return write_depth_pairs(tmp_path_factory.mktemp("depth"))


def test_usual_images_are_rgb_and_are_not_read(textured_pairs, monkeypatch):
    monkeypatch.setattr(found_sides, "_values", None)
    config, notes = settle_and_measure(Config(data_dir=textured_pairs))
    assert found(config) == [3, "uint8", (0.0, 255.0)] * 2
    assert config.output_format == "png" and notes == [] and found_sides.describe(config) == ""


def test_floats_have_the_range_of_the_training_split(band_pairs):
    config, notes = settle_and_measure(Config(data_dir=band_pairs))
    inputs, outputs = ([read(bands(i)) for i in range(6)] for read in (lambda x: x, biomass))
    assert found(config) == [
        *(5, "float32", (float(np.min(inputs)), float(np.max(inputs)))),
        *(1, "float32", (float(np.min(outputs)), float(np.max(outputs)))),
    ]
    assert config.output_format == "tiff"
    assert found_sides.describe(config).startswith("; input 5 channels of float32 in ")
    beyond = sum(np.sum((bands(i) < np.min(inputs)) | (bands(i) > np.max(inputs))) for i in (6, 7))
    assert beyond > 0 and f"({beyond}) are outside" in notes[0] and "inputs" in notes[0]
    other_way, _ = settle_and_measure(Config(data_dir=band_pairs, direction="b_to_a"))
    assert found(other_way) == found(config)[3:] + found(config)[:3]


def test_a_dtype_that_the_files_have_not_is_what_is_refused(depth_pairs):
    config = found_sides.settled(Config(data_dir=depth_pairs, output_dtype="float32"))
    with pytest.raises(
        UserError, match=r"\.png has 1 channel of uint16, but the settings .* have 1 channel of float32"
    ):
        open_source(config)


def test_a_given_range_clips_and_counts(band_pairs):
    config, notes = settle_and_measure(Config(data_dir=band_pairs, input_range="0.5,1.5", output_range="-100,100"))
    assert (config.input_range, config.output_range) == ((0.5, 1.5), (-100.0, 100.0))
    all_values = np.stack([bands(i) for i in range(8)])
    count = np.sum((all_values < 0.5) | (all_values > 1.5))
    share = f"{count / all_values.size:.2%}".replace("%", " %")
    assert notes == [f"{share} of the values of inputs ({count}) are outside of 0.5 to 1.5, and are clipped"]


def test_sixteen_bits_have_their_whole_range_unless_that_of_the_data_is_asked_for(depth_pairs):
    config, _ = settle_and_measure(Config(data_dir=depth_pairs))
    assert found(config) == [3, "uint8", (0.0, 255.0), 1, "uint16", (0.0, 65535.0)]
    assert config.output_format == "png"
    config, _ = settle_and_measure(Config(data_dir=depth_pairs, output_range="data"))
    values = [depth(i) for i in range(5)]  # The last one of six is held out.
    assert config.output_range == (np.min(values), np.max(values))
    # Inpainting has one kind of image, that of the side that the arrow points to.
    config, _ = settle_and_measure(Config(data_dir=depth_pairs + "/train/B", task="inpaint"))
    assert found(config) == [1, "uint16", (0.0, 65535.0)] * 2
    of_the_data = dict.fromkeys(("input_range", "output_range"), "data")
    config, _ = settle_and_measure(Config(data_dir=depth_pairs + "/train/B", task="inpaint", **of_the_data))
    assert found(config) == [1, "uint16", (np.min(values), np.max(values))] * 2
    colorize, _ = settle_and_measure(Config(data_dir=depth_pairs + "/train/A", task="colorize"))
    assert found(colorize) == [3, "uint8", (0.0, 255.0)] * 2


def test_gray_and_rgba_are_had_for_the_asking(tmp_path):
    for name, mode in (("A", "L"), ("B", "RGBA")):
        (tmp_path / name).mkdir()
        Image.new(mode, (32, 32)).save(tmp_path / name / "x.png")
    given = {"data_dir": str(tmp_path), "input_channels": 1, "output_channels": 4}
    config = found_sides.settled(Config(**given))
    assert found(config) == [1, "uint8", (0.0, 255.0), 4, "uint8", (0.0, 255.0)]
    a, b = open_source(config).train.read(0)
    assert (a.shape, b.shape) == ((32, 32, 1), (32, 32, 4))
    with pytest.raises(UserError, match=r"A/x\.png has 1 channel of uint8.*2 channels of uint8"):
        open_source(config.replace(input_channels=2))


def test_an_odd_file_is_named_with_what_the_others_have(tmp_path):
    root = write_band_pairs(tmp_path)
    array_files.write(bands(9)[..., :4], f"{root}/train/A/9.tif")
    array_files.write(biomass(bands(9)), f"{root}/train/B/9.tif")
    config = found_sides.settled(Config(data_dir=root))
    with pytest.raises(UserError, match=r"A/9\.tif has 4 channels of float32.*have 5 channels of float32"):
        open_source(config)
    assert len(open_source(config.replace(skip_bad_images=True)).left_out) == 1


def test_side_by_side_arrays_have_one_kind(tmp_path):
    np.save(tmp_path / "x.npy", np.concatenate([bands(0), bands(1)], axis=1))
    config = found_sides.settled(Config(data_dir=str(tmp_path)))
    a, b = open_source(config).train.read(0)
    assert np.array_equal(a, bands(0)) and np.array_equal(b, bands(1))
    with pytest.raises(UserError, match="they cannot be 5 channels of float32 and 3 channels of float32"):
        open_source(config.replace(output_channels=3))


def test_constant_values_are_noticed_and_constant_data_are_refused(tmp_path):
    root = write_band_pairs(tmp_path / "some")
    array_files.write(np.zeros((32, 32, 1), np.float32), f"{root}/train/B/3.tif")
    _, notes = settle_and_measure(Config(data_dir=root))
    assert [note for note in notes if "one value" in note] == [
        f"1 training outputs have one value everywhere, such as {root}/train/A/3.tif"
    ]
    for name in "AB":
        (tmp_path / "all" / name).mkdir(parents=True)
        np.save(tmp_path / "all" / name / "x.npy", np.full((32, 32), 3, np.float32))
    with pytest.raises(UserError, match="All values of the inputs in the training split are 3"):
        settle_and_measure(Config(data_dir=str(tmp_path / "all")))


def test_integers_that_use_little_of_their_range_are_noticed(tmp_path):
    for name in "AB":
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "x.npy", np.arange(1024, dtype=np.uint16).reshape(32, 32))
    config = found_sides.settled(Config(data_dir=str(tmp_path)))
    split = open_source(config).train
    assert remarks(split, config.replace(input_range="data", output_range="data")) == []
    lines = remarks(split, config)
    assert lines == [
        f"images of side {side} have no value above 1023 of 65535; --{field}=data maps what they have to [-1, 1]."
        for side, field in (("A", "input_range"), ("B", "output_range"))
    ]


def test_a_mask_is_not_mixed(tmp_path):
    from pix2pix_tf.data.pipeline import fixed_pairs, training_dataset

    mask = np.where(np.indices((50, 50)).sum(axis=0) % 7 < 3, np.uint8(9), np.uint8(2))
    for name in "AB":
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "x.npy", mask)
    config = found_sides.settled(band_config(str(tmp_path), input_interpolation="nearest", batch_size=1))
    split = open_source(config).train
    batch, target, _ = next(iter(training_dataset(split, config)))
    for image in (batch[0], fixed_pairs(split, config, 1)[0][0]):
        assert np.unique(Side(1).from_network(image)).tolist() == [2, 9]
    assert len(np.unique(target)) > 10


def test_histograms_tell_how_values_are_spread():
    image = np.concatenate([np.zeros((16, 4)), np.full((16, 2), 0.5), np.full((16, 2), 1.0)], axis=1)
    values = joined([values_of(np.float32(image[..., None]), RGB), values_of(np.float32(image[..., None]), RGB)])
    assert values.count == 256 and not values.is_constant
    assert histograms(values) == ["channel 0: 0 to 1 |█       ▄      ▄|"]


def test_a_run_that_starts_from_another_has_its_ranges_for_data_of_the_same_kind(band_pairs, depth_pairs, tmp_path):
    other, _ = settle_and_measure(Config(data_dir=band_pairs, output_range="-100,100"))
    save_config(other, str(tmp_path / "bands"))
    further = write_band_pairs(tmp_path / "further", range(40, 42))
    config, notes = settle_and_measure(Config(data_dir=further, init_from=str(tmp_path / "bands")))
    assert found(config) == found(other)
    assert "of the values of inputs" in notes[0]  # These go beyond, which is told.
    given, _ = settle_and_measure(Config(data_dir=further, input_range="data", init_from=str(tmp_path / "bands")))
    assert given.input_range != other.input_range and given.output_range == other.output_range
    save_config(found_sides.settled(Config(data_dir=depth_pairs, output_range="0,40000")), str(tmp_path / "depth"))
    assert found(found_sides.settled(Config(data_dir=depth_pairs, init_from=str(tmp_path / "depth"))))[5] == (0, 40000)
    unlike = found_sides.settled(Config(data_dir=depth_pairs, init_from=str(tmp_path / "bands")))
    assert found(unlike) == found(found_sides.settled(Config(data_dir=depth_pairs)))

"""What check_data prints of a folder, and the contact sheet that it draws."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from array_pairs import bands, biomass, write_band_pairs
from PIL import Image

from pix2pix_tf import Config, UserError, array_files
from pix2pix_tf.data.data_report import check_output, image_size_flag, report


@pytest.fixture
def check_data(tmp_path, monkeypatch, capsys):
    """check_data(root, …) → (whether nothing is bad, the printed lines), in the folder tmp_path."""
    monkeypatch.chdir(tmp_path)

    def check_data(root, output=None, **changes):
        fine = report(Config(data_dir=str(root), **changes), output)
        return fine, capsys.readouterr().out.splitlines()

    return check_data


def texture(seed, height=32, width=64):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def test_a_folder_is_reported(draw, check_data, tmp_path):
    draw("train", range(3))
    root = draw("val", [5], ending="jpg", size=(40, 48))
    assert check_data(root) == (
        True,
        [
            f"{root}: side-by-side pairs; translate A → B",
            "train: 3 pairs, 0 of them bad",
            "  sizes (height x width): 3 of 32x32",
            "  files: 3 PNG RGB",
            "val: 1 pairs, 0 of them bad",
            "  sizes (height x width): 1 of 40x48",
            "  files: 1 JPEG RGB",
            "to train at the proportions of most: --image_size=32",
            "contact sheet: images-contact-sheet.png",
            "bad images: none",
        ],
    )
    with Image.open(tmp_path / "images-contact-sheet.png") as sheet:
        assert sheet.size == (800, 104)
        assert [sheet.getpixel((x, 16))[:2] for x in (10, 106, 210, 410)] == [(0, 60), (0, 200), (10, 60), (20, 60)]


def test_bad_images_are_named_and_the_old_sheet_is_kept(draw, check_data, tmp_path):
    root = draw("train", range(3))
    Path(root, "train", "01.png").write_bytes(b"")
    (tmp_path / "images-contact-sheet.png").write_bytes(b"old")
    fine, lines = check_data(root)
    assert not fine
    assert lines[-3:-1] == ["contact sheet: images-contact-sheet-2.png", "bad images: 1"]
    assert lines[-1].startswith(f"  {root}/train/01.png ")
    assert (tmp_path / "images-contact-sheet.png").read_bytes() == b"old"


def test_single_photos_are_called_photos(draw, check_data):
    root = draw("train", range(2), "A", size=(32, 48))
    _, lines = check_data(root, task="colorize")
    assert lines[:2] == [f"{root}: single photos; colorize", "train: 2 photos, 0 of them bad"]


def test_duplicates_count_in_both_tables(draw, check_data):
    root = draw("train", range(2))
    Path(root, "train", "07.png").write_bytes(Path(root, "train", "01.png").read_bytes())
    _, lines = check_data(root)
    assert lines[1:4] == [
        "train: 3 pairs, 1 of them bad",
        "  sizes (height x width): 3 of 32x32",
        "  files: 3 PNG RGB",
    ]


@pytest.mark.parametrize(
    "size, flag",
    [
        ((256, 256), "256"),
        ((64, 96), "64x96"),
        ((40, 48), "32x64"),
        ((3000, 4000), "256x320"),
        ((512, 256), "512x256"),
        ((31, 500), "32x512"),
    ],
)
def test_a_size_to_copy_is_one_that_a_configuration_takes(size, flag):
    assert image_size_flag(size) == f"--image_size={flag}"
    Config(image_size=flag)


def test_ten_troubles_at_once_are_each_named_once(tmp_path, check_data):
    """Each in words that a photographer understands, and none in more than two lines of a terminal."""
    root = tmp_path / "mine"
    train = root / "train"
    for number in range(4):
        dark = texture(number) // 64  # As numbers of classes 0 to 3 in the right half.
        dark[:, :32] = texture(100 + number, width=32)
        save(train / f"{number}.png", dark)
    save(train / "tiny.png", texture(5, 20, 40) // 64)
    save(train / "odd.png", texture(6, 32, 65))
    (train / "empty.png").write_bytes(b"")
    (train / "page.jpg").write_text("<html>404 Not Found</html>")
    content = (train / "0.png").read_bytes()
    (train / "cut.png").write_bytes(content[: len(content) // 2])
    (train / "copy.png").write_bytes((train / "1.png").read_bytes())
    (train / "raw.cr2").write_bytes(b"II*")
    (train / "notes.txt").write_text("taken in May")
    save(root / "test" / "single.png", texture(8, 32, 32))
    save(root / "extra" / "spare.png", texture(9))

    fine, lines = check_data(root)
    assert not fine
    expected = [
        "test holds images half as wide as the pairs",
        "1 .cr2",
        "1 .txt",
        "2 images in extra, test",
        "images of side B are nearly black",
        "tiny.png shows 20x20 (height x width), but the networks need 32x32",
        "odd.png is 65 pixels wide, so its halves differ in size",
        "empty.png cannot be decoded (the file is empty)",
        "page.jpg cannot be decoded (not an image that can be read)",
        "cut.png cannot be decoded (the file is cut short)",
        f"is a duplicate of {train}/1.png",
    ]
    assert [sum(words in line for line in lines) for words in expected] == [1] * len(expected), "\n".join(lines)
    assert "bad images: 6" in lines
    assert max(len(line.replace(str(tmp_path), "")) for line in lines) <= 2 * 120


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("taken.png", "exists and is not overwritten"),
        ("images/train/sheet.png", "would become one of the images"),
        ("sheet.txt", "must be a .png file"),
        ("nowhere/sheet.png", "there is no folder"),
    ],
)
def test_the_sheet_goes_to_a_new_file_outside_the_data(draw, tmp_path, monkeypatch, output, message):
    monkeypatch.chdir(tmp_path)
    draw("train", [0])
    Path("taken.png").touch()
    with pytest.raises(UserError, match=message):
        check_output(output, "images")


def test_a_sheet_that_cannot_be_written_is_a_sentence(draw, check_data, full_disk):
    root = draw("train", [0])
    with full_disk(100), pytest.raises(UserError, match=r"contact-sheet\.png cannot be written \(File too large\)"):
        check_data(root)


def test_the_tool_ends_with_1_for_bad_images(draw, tmp_path):
    root = draw("train", [0, 1], "A", size=(32, 48))
    Path(root, "train", "02.png").write_bytes(b"")
    given = [f"--data_dir={root}", "--task=colorize", "--resize_pair"]
    command = [sys.executable, "-m", "pix2pix_tf.tools.check_data", *given]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        done.stdout.splitlines()[-1]
        == f"  {root}/train/02.png cannot be decoded (the file is empty); replace or remove it."
    )


def test_channels_have_a_range_and_a_histogram_and_odd_files_are_named(tmp_path, capsys):
    root = write_band_pairs(tmp_path / "data")
    array_files.write(bands(9)[..., :2], f"{root}/train/A/9.tif")
    array_files.write(biomass(bands(9)), f"{root}/train/B/9.tif")
    hole = biomass(bands(8))
    hole[3, 4] = np.nan
    array_files.write(bands(8), f"{root}/train/A/8.tif")
    array_files.write(hole, f"{root}/train/B/8.tif")
    array_files.write(np.zeros((32, 32, 5), np.float32), f"{root}/train/A/5.tif")
    assert not report(Config(data_dir=root), str(tmp_path / "sheet.png"))
    text = capsys.readouterr().out
    assert "files: 6 TIFF float32 x 5, 6 TIFF float32 x 1" in text
    values = np.stack([bands(i) for i in range(5)])
    for channel in range(5):
        low, high = min(0, values[..., channel].min()), values[..., channel].max()
        assert f"side A, channel {channel}: {low:g} to {high:g} |" in text
    assert "side A: one value everywhere in the pairs of" in text and "A/5.tif" in text
    assert "bad images: 2" in text
    assert "9.tif has 2 channels of float32" in text and "8.tif has 1 values that are NaN or Inf" in text
    assert Image.open(tmp_path / "sheet.png").size[0] > 100

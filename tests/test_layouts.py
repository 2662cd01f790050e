"""Folders of other people: splits and sides by other names, and what cannot be pairs."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config, UserError
from pix2pix_tf.data import layouts
from pix2pix_tf.data.sources import open_source


@pytest.fixture
def seen(recognize):
    """A split → what its pairs show, such as ["0A 0B", "1A 1B"]."""
    return lambda split: [" ".join(recognize(half) for half in split.read(i)) for i in range(len(split))]


@pytest.mark.parametrize(
    "layout, words",
    [
        ("{split}{side}", "folders trainA (A) and trainB (B)"),  # CycleGAN
        ("{split}_{side}", "folders train_A (A) and train_B (B)"),
        ("{split}/{lower}", "folders train/a (A) and train/b (B)"),
        ("{lower}/{split}", "folders a/train (A) and b/train (B)"),
    ],
)
def test_folders_a_and_b_by_other_names(draw, seen, layout, words):
    for split, numbers in (("train", [0, 1, 2]), ("test", [3, 4])):
        for side in "AB":
            root = draw(layout.format(split=split, side=side, lower=side.lower()), numbers, side)
    source = open_source(Config(data_dir=root))
    assert seen(source.train) == ["0A 0B", "1A 1B", "2A 2B"]
    assert seen(source.val) == ["3A 3B", "4A 4B"]
    assert source.description == f"{root}: {words}, 3 train, 2 test; translate A → B"


@pytest.mark.parametrize(
    "first, second",
    [("images", "masks"), ("input", "target"), ("Inputs", "Targets"), ("source", "target"), ("photo", "label")],
)
@pytest.mark.parametrize("layout", ["{side}", "train/{side}", "{side}/training", "train_{side}"])
def test_sides_that_have_words_for_names(draw, seen, first, second, layout):
    draw(layout.format(side=first), range(3), "A")
    root = draw(layout.format(side=second), range(3), "B")
    source = open_source(Config(data_dir=root))
    assert seen(source.train) == ["0A 0B", "1A 1B"]
    names = [layout.format(side=side) for side in (first, second)]
    assert source.description.startswith(f"{root}: folders {names[0]} (A) and {names[1]} (B), 2 train, 1 held out")


@pytest.mark.parametrize("train, val", [("Train", "Val"), ("TRAIN", "Validation"), ("training", "valid")])
def test_splits_in_any_case_and_form(draw, seen, train, val):
    draw(train, [0, 1])
    source = open_source(Config(data_dir=draw(val, [2])))
    assert (seen(source.train), seen(source.val)) == (["0A 0B", "1A 1B"], ["2A 2B"])


def test_one_split_under_two_names_is_refused(draw):
    draw("valid", [0])
    draw("train", [0])
    root = draw("val", [1])
    with pytest.raises(UserError, match=f"^{root}/val and {root}/valid have names of the same meaning; move"):
        open_source(Config(data_dir=root))


@pytest.mark.parametrize(
    "first, second", [("_photo", "_label"), ("-A", "-B"), (".input", ".Target"), ("_image", "_mask")]
)
def test_sides_by_the_ends_of_file_names(draw, seen, first, second):
    for folder, numbers in (("train", range(3)), ("val", [5])):
        for side, suffix in (("A", first), ("B", second)):
            root = draw(folder, numbers, side)
            for number in numbers:
                os.rename(f"{root}/{folder}/{number:02}.png", f"{root}/{folder}/{number:02}{suffix}.png")
    source = open_source(Config(data_dir=root))
    assert (seen(source.train), seen(source.val)) == (["0A 0B", "1A 1B", "2A 2B"], ["5A 5B"])
    words = f"files named {first[1:].lower()} (A) and {second[1:].lower()} (B)"
    assert source.description == f"{root}: {words}, 3 train, 1 val; translate A → B"

    os.remove(f"{root}/train/01{second}.png")
    with pytest.raises(UserError, match=f"01{first}.png has no partner whose name ends with {second[1:].lower()};"):
        open_source(Config(data_dir=root))


# What cannot be pairs


def test_square_images_are_never_cut_into_halves(draw, seen):
    root = draw("train", range(3), "A")
    with pytest.raises(UserError, match=rf"^{root}/train holds images of 32x32 .* no side-by-side pairs; .*A and B"):
        open_source(Config(data_dir=root))
    root = draw("train", range(3), "AB", size=(64, 32))  # Upright halves: the user may know better.
    assert seen(open_source(Config(data_dir=root, layout="side_by_side")).train)[0] == "0A 0B"


@pytest.mark.parametrize("sizes", [[(80, 64)], [(120, 80)], [(80, 64), (64, 80)]])
def test_photos_are_never_cut_into_halves(tmp_path, sizes):
    """Photos of usual proportions; what is twice as wide as high is taken for two squares."""
    rng = np.random.default_rng(0)
    for number in range(6):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        coarse.resize(sizes[number % len(sizes)], Image.Resampling.BICUBIC).save(tmp_path / f"{number}.png")
    with pytest.raises(UserError, match=f"^the images in {tmp_path} continue from the left half to the right one, as "):
        open_source(Config(data_dir=str(tmp_path)))
    assert len(open_source(Config(data_dir=str(tmp_path), layout="side_by_side")).train) == 5
    assert open_source(Config(data_dir=str(tmp_path), task="colorize")).description.startswith(f"{tmp_path}: single ph")


@pytest.mark.parametrize("background", ["white", "scene"])
def test_upright_halves_are_pairs_though_they_are_as_wide_as_photos(tmp_path, background):
    rng = np.random.default_rng(0)
    for number in range(6):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 4, 3), np.uint8))
        size = (20, 40) if background == "white" else (48, 64)
        half = Image.new("RGB", (48, 64), "white")
        half.paste(coarse.resize(size, Image.Resampling.BICUBIC), ((48 - size[0]) // 2, (64 - size[1]) // 2))
        pair = Image.new("RGB", (96, 64))
        pair.paste(half.convert("L"), (0, 0))
        pair.paste(half, (48, 0))
        pair.save(tmp_path / f"{number}.png")
    assert open_source(Config(data_dir=str(tmp_path))).description.startswith(f"{tmp_path}: side-by-side pairs, 5 ")


def test_siblings_with_the_same_names_are_no_side_by_side_pairs(draw):
    draw("train/day", range(3))
    root = draw("train/night", range(3))
    with pytest.raises(UserError, match=f"^{root}/train/day and {root}/train/night hold files of the same names"):
        open_source(Config(data_dir=root))
    assert len(open_source(Config(data_dir=root, layout="side_by_side")).train) == 5


def test_siblings_with_names_of_their_own_are_folders_of_pairs(draw):
    draw("train/day", range(3))
    root = draw("train/night", range(3, 6))
    assert len(open_source(Config(data_dir=root)).train) == 6 - 1


def test_inputs_without_targets_are_neither_cut_nor_measured(draw, seen):
    draw("train", range(12))
    root = draw("test", [20, 21], "A")
    source = open_source(Config(data_dir=root))
    assert source.description.endswith("11 train, 1 held out for validation; translate A → B")
    assert source.notes[0] == (
        f"{root}/test holds images half as wide as the pairs of {root}/train, so inputs without targets; it is not used"
    )


@pytest.mark.parametrize(
    "folder, note",
    [
        ("test/A", "test/A has no folder of partners beside it, so test is not used"),
        ("test", "test holds images in no folders of sides, so it is not used"),
    ],
)
def test_inputs_without_a_folder_of_targets_are_not_used(draw, folder, note):
    for side in "AB":
        draw(f"train/{side}", range(3), side)
    root = draw(folder, [7], "A")
    source = open_source(Config(data_dir=root))
    assert "2 train, 1 held out" in source.description
    assert source.notes == [f"{root}/{note}", f"files left out: 1 images in {folder}"]


# What is read, and what is left out


def test_all_kinds_that_pillow_opens_are_read(draw, seen):
    for number, ending in enumerate(["jfif", "jpe", "ppm", "jp2", "avif", "tga", "apng"]):
        root = draw("train", [number], ending="png")
        path = Path(root, "train", f"{number:02}.png")
        kind = {"jfif": "JPEG", "jpe": "JPEG", "apng": "PNG"}.get(ending)
        with Image.open(path) as image:
            image.save(path.with_suffix(f".{ending}"), kind)
        path.unlink()
    source = open_source(Config(data_dir=root))
    assert seen(source.train)[0][0] == "0"
    assert (len(source.train), len(source.val), source.notes) == (6, 1, [])


def test_what_is_left_out_is_counted_in_one_line(draw):
    draw("extra", [7])
    root = draw("train", range(2))
    for name in ("a.txt", "b.TXT", "c.npy", "LICENSE", "Thumbs.db", ".DS_Store"):
        Path(root, "train", name).touch()
    (line,) = open_source(Config(data_dir=root)).notes
    assert line.startswith("files left out: 2 .txt, ")
    assert set(line.removeprefix("files left out: ").split(", ")) == {
        "2 .txt",
        "1 .npy",
        "1 without an ending",
        "1 images in extra",
    }


@pytest.mark.parametrize("locked", ["", "train", "train/inner", "elsewhere"])
def test_a_folder_that_may_not_be_read_is_named(draw, monkeypatch, locked):
    draw("train/inner", range(2))
    locked = os.path.join(draw("elsewhere", [7]), locked).rstrip("/")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path) == locked:
            raise PermissionError(errno.EACCES, "Permission denied", locked)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError) as caught:
        open_source(Config(data_dir=draw("train", range(2))))
    assert str(caught.value) == (
        f"{locked} cannot be read (Permission denied); check its permissions, or move it away."
    )


def test_folders_of_systems_hold_no_images(draw):
    draw("@eaDir/photo.jpg", [8])
    draw("lost+found", [9])
    source = open_source(Config(data_dir=draw("train", range(3))))
    assert (len(source.train), source.notes) == (2, [])


def test_a_link_to_a_folder_above_adds_nothing(draw):
    root = draw("train", range(6))
    os.symlink("..", f"{root}/train/back")
    source = open_source(Config(data_dir=root))
    assert (len(source.train), len(source.val), source.notes) == (5, 1, [])


def test_all_bad_images_are_named_at_once(draw, capsys):
    root = draw("train", range(5))
    for number in (1, 3):
        Path(root, "train", f"{number:02}.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"01\.png cannot be decoded .*one of 2 such, which --skip_bad_images"):
        open_source(Config(data_dir=root))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "images that cannot be used:"
    assert [line.split()[0] for line in lines[1:]] == [f"{root}/train/{number:02}.png" for number in (1, 3)]


@pytest.mark.parametrize(
    "name, role",
    [
        ("trainA", ("train", "a")),
        ("Val/Masks", ("val", "mask")),
        ("images_test", ("test", "image")),
        ("training", ("train", "")),
        ("b", ("", "b")),
        ("trainings", None),
        ("abc", None),
        ("maskstrain", None),
        ("_", None),
    ],
)
def test_names_that_say_split_and_side(name, role):
    assert layouts._role(name) == role

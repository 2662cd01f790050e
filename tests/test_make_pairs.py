"""Pairs made of unpaired images: pixels, sizes, splits, and what is said of files that cannot be used."""

import concurrent.futures
import dataclasses
import errno
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config, UserError, images
from pix2pix_tf.data import pairing
from pix2pix_tf.data.degradation import degrade
from pix2pix_tf.data.pair_making import Options, make_pairs
from pix2pix_tf.data.sources import open_source

NEITHER = "Give either --a_dir and --b_dir, or --photos_dir and --kind="


def texture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def folder_of(root, pixels):
    for name, image in pixels.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return str(root)


# Resizing


def test_reducing_averages_instead_of_dropping_pixels():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    result = pairing.resized(stripes, (16, 16), "stretch", False, "x")
    assert np.abs(result[:, 2:-2].astype(int) - 127.5).max() < 3


def test_crop_keeps_the_proportions_and_the_middle():
    image = np.zeros((40, 120, 3), np.uint8)
    image[:, 40:80] = 200
    np.testing.assert_array_equal(pairing.resized(image, (40, 40), "crop", False, "x"), 200)
    stretched = pairing.resized(image, (40, 40), "stretch", False, "x")
    assert [stretched[20, x, 0] for x in (3, 20, 36)] == [0, 200, 0]


def test_the_right_size_is_left_alone():
    np.testing.assert_array_equal(pairing.resized(texture(32, 64), (32, 64), "crop", False, "x"), texture(32, 64))


@pytest.mark.parametrize("size", [(31, 65), (33, 64), (33, 65)])
def test_nothing_is_enlarged_unless_asked(size):
    with pytest.raises(
        UserError, match=rf"^x\.png is 32x64 \(height x width\), smaller than --size={size[0]}x{size[1]};.*--upscale"
    ):
        pairing.resized(texture(32, 64), size, "crop", False, "x.png")
    assert pairing.resized(texture(32, 64), size, "crop", True, "x.png").shape == (*size, 3)


# Halves


def test_edges_are_thin_black_lines_on_white():
    pytest.importorskip("skimage")
    image = np.zeros((64, 64, 3), np.uint8)
    image[16:48, 16:48] = (255, 255, 255)
    drawn = pairing.edges(image, 1.0)
    assert set(np.unique(drawn)) == {0, 255}
    assert np.all(drawn == drawn[..., :1])
    assert np.flatnonzero(drawn[32, :, 0] == 0).tolist() == [15, 16, 47, 48]  # A step has a pixel on either side.
    assert np.all(drawn[24:40, 24:40] == 255)


def test_a_wider_blur_leaves_fewer_edges():
    pytest.importorskip("skimage")
    black = [np.count_nonzero(pairing.edges(texture(64, 64), sigma) == 0) for sigma in (1.0, 4.0)]
    assert black[1] < black[0] / 2


def test_gray_is_the_luma_of_the_photo():
    np.testing.assert_array_equal(pairing.gray(np.uint8([[(255, 0, 0), (0, 255, 0)]])), [[[76] * 3, [150] * 3]])


def test_halves_of_different_size_are_refused():
    with pytest.raises(UserError, match=r"^a\.png is 8x10 but b\.png is 8x8 \(height x width\); give a --size"):
        pairing.side_by_side(texture(8, 10), texture(8, 8), ("a.png", "b.png"))


# Splits


@pytest.mark.parametrize("fraction, held_out", [(0.0, 0), (0.1, 10), (0.25, 25), (1.0, 100)])
def test_the_share_of_val_is_exact_and_always_the_same(fraction, held_out):
    names = [f"{i}" for i in range(100)]
    splits = pairing.choose_splits(names, fraction)
    assert list(splits.values()).count("val") == held_out
    assert splits == pairing.choose_splits(reversed(names), fraction)


def test_names_that_are_no_utf8_have_a_split_too():
    names = [os.fsdecode(bytes([255, 65 + i])) for i in range(20)]
    assert sorted(pairing.choose_splits(names, 0.1).values()) == ["train"] * 18 + ["val"] * 2


@pytest.mark.parametrize("place", ["/proc/x", "{0}/file", "{0}/file/sub"])
def test_a_folder_that_cannot_be_made_is_said_once(tmp_path, place):
    photos = folder_of(tmp_path / "photos", {f"{i}.png": texture(32, 32) for i in range(2)})
    (tmp_path / "file").touch()
    place = place.format(tmp_path)
    with pytest.raises(UserError, match=rf"^{place} cannot be made a folder \(.*\); give another --output_dir\.$"):
        make_pairs(Options(place, photos_dir=photos, kind="gray"))


def test_a_full_disk_is_said_once_and_a_name_that_is_too_long_costs_that_pair(tmp_path, monkeypatch):
    photos = {f"{name}.ppm": texture(32, 32, seed) for seed, name in enumerate(["a", "b", "x" * 251])}
    options = Options(str(tmp_path / "out"), photos_dir=folder_of(tmp_path / "photos", photos), kind="gray")
    replace, number = os.replace, errno.ENAMETOOLONG

    def refuse(source, target):
        if number == errno.ENOSPC or "xxx" in os.fspath(target):
            raise OSError(number, os.strerror(number))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    outcome = make_pairs(options)
    assert (outcome.made.total(), len(outcome.left_out)) == (2, 1)
    assert "cannot be written (File name too long)" in outcome.left_out[0]
    number = errno.ENOSPC
    with pytest.raises(UserError, match=r"xxx\.png cannot be written \(No space left on device\)"):
        make_pairs(options)


def test_more_images_move_few_of_the_old_ones():
    old = pairing.choose_splits([f"{i}" for i in range(100)], 0.1)
    new = pairing.choose_splits([f"{i}" for i in range(110)], 0.1)
    assert sum(new[name] != split for name, split in old.items()) <= 5


# All of a folder


def test_two_folders_become_pairs_that_training_reads(tmp_path):
    a, b = ({f"x/{i}.png": texture(32, 48, seed + i) for i in range(6)} for seed in (0, 100))
    folders = {"a_dir": folder_of(tmp_path / "A", a), "b_dir": folder_of(tmp_path / "B", b)}
    out = tmp_path / "out"
    (tmp_path / "A" / "x" / "2.png").write_bytes(b"")
    (tmp_path / "A" / "x" / "9.png").write_bytes(b"")
    splits = pairing.choose_splits([f"x/{i}" for i in range(6)], 0.5)
    was_there = out / splits["x/4"] / "x" / "4.png"
    was_there.parent.mkdir(parents=True)
    was_there.write_bytes(b"old")

    outcome = make_pairs(Options(str(out), **folders, val_fraction=0.5))
    made = {path.stem: path for path in out.rglob("*") if path.is_file() and path != was_there}
    assert made.keys() == {"0", "1", "3", "5"}
    for name, path in made.items():
        assert path == out / splits[f"x/{name}"] / "x" / f"{name}.png"
        expected = np.concatenate([a[f"x/{name}.png"], b[f"x/{name}.png"]], axis=1)
        np.testing.assert_array_equal(images.read_image(path), expected)
    counts = {split: sum(split in path.parts for path in made.values()) for split in ("train", "val")}
    assert (outcome.made, outcome.kept) == (counts, 1)
    alone, broken = outcome.left_out
    assert alone.startswith(f"{tmp_path}/A/x/9.png has no partner of the same name in {tmp_path}/B;")
    assert broken.startswith(f"{tmp_path}/A/x/2.png cannot be decoded (the file is empty)")
    assert was_there.read_bytes() == b"old"
    was_there.unlink()
    source = open_source(Config(data_dir=str(out)))
    assert [len(source.train), len(source.val)] == list(counts.values())


def test_given_splits_are_kept(tmp_path):
    names = {"Train": "a", "val": "bc", "test": "d"}
    pixels = {f"{split}/{name}.png": texture(8, 8) for split, inside in names.items() for name in inside}
    folder_of(tmp_path / "B", {path.lower(): image for path, image in pixels.items()})
    options = Options(str(tmp_path / "out"), folder_of(tmp_path / "A", pixels), str(tmp_path / "B"), val_fraction=1)
    assert make_pairs(options).made == {"train": 1, "val": 2, "test": 1}
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert made == ["test/d.png", "train/a.png", "val/b.png", "val/c.png"]

    loose = folder_of(tmp_path / "photos", {"test/x.png": texture(8, 8), "y.png": texture(8, 8)})
    outcome = make_pairs(Options(str(tmp_path / "gray"), photos_dir=loose, kind="gray", val_fraction=1))
    assert outcome.made == {"train": 0, "val": 1, "test": 1}  # What is in no split goes where val_fraction says.


def test_an_image_with_the_name_of_one_in_a_split_is_not_lost_in_silence(tmp_path):
    pixels = {name: texture(8, 8, seed) for seed, name in enumerate(("train/x.png", "x.png", "test/y.png", "y.png"))}
    photos = folder_of(tmp_path / "photos", pixels)
    for fraction in (0, 1):
        out = tmp_path / f"out{fraction}"
        outcome = make_pairs(Options(str(out), photos_dir=photos, kind="gray", val_fraction=fraction))
        (sentence,) = outcome.left_out
        assert sentence == f"{photos}/x.png has the name of {photos}/train/x.png, which is in a split; rename one."
        assert outcome.made.total() == 3 and outcome.kept == 0
        np.testing.assert_array_equal(images.read_image(out / "train" / "x.png")[:, 8:], pixels["train/x.png"])


def test_a_split_without_its_partner_is_refused(tmp_path):
    a = folder_of(tmp_path / "A", {"train/x.png": texture(8, 8), "test/x.png": texture(8, 8)})
    b = folder_of(tmp_path / "B", {"train/x.png": texture(8, 8)})
    with pytest.raises(UserError, match=f"^{b}/test is missing, though there is its partner"):
        make_pairs(Options(str(tmp_path / "out"), a, b))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["edges", "gray", "old"])
def test_photos_become_pairs_of_the_size_that_is_asked_for(tmp_path, kind):
    if kind == "edges":
        pytest.importorskip("skimage")
    photos = {f"{i}.png": texture(40, 60, i) for i in range(2)} | {"small.png": texture(20, 60)}
    folder = folder_of(tmp_path / "photos", photos)
    options = Options(str(tmp_path / "out"), photos_dir=folder, kind=kind, size=(32, 40), val_fraction=0)
    (sentence,) = make_pairs(options).left_out
    assert sentence.startswith(f"{tmp_path}/photos/small.png is 20x60 (height x width), smaller than --size=32x40;")
    assert sorted(path.name for path in (tmp_path / "out" / "train").iterdir()) == ["0.png", "1.png"]
    a, b = images.split_pair(images.read_image(tmp_path / "out" / "train" / "1.png"), "x")
    photo = pairing.resized(texture(40, 60, 1), (32, 40), "crop", False, "x")
    np.testing.assert_array_equal(b, photo)
    expected = {
        "edges": lambda: pairing.edges(photo, 2.0),
        "gray": lambda: pairing.gray(photo),
        "old": lambda: degrade(photo, zlib.crc32(b"1.png")),
    }
    np.testing.assert_array_equal(a, expected[kind]())


def test_a_pair_never_gets_into_both_splits_and_is_replaced_only_on_request(tmp_path):
    photos = folder_of(tmp_path / "photos", {"0.png": texture(32, 32)})
    options = Options(str(tmp_path / "out"), photos_dir=photos, kind="gray", overwrite=True, val_fraction=1)
    pair = tmp_path / "out" / "train" / "0.png"
    pair.parent.mkdir(parents=True)
    pair.write_bytes(b"old")
    (sentence,) = make_pairs(options).left_out
    assert sentence.startswith(f"{pair} exists, so the pair would be in both splits")
    assert pair.read_bytes() == b"old"
    assert not (tmp_path / "out" / "val").exists()
    assert make_pairs(dataclasses.replace(options, val_fraction=0)).left_out == []
    assert images.read_image(pair).shape == (32, 64, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a_dir": "A"}, NEITHER),
        ({"photos_dir": "P"}, NEITHER),
        ({"kind": "gray"}, NEITHER),
        ({"a_dir": "A", "b_dir": "B", "kind": "gray"}, NEITHER),
        ({"a_dir": "A", "b_dir": "B", "photos_dir": "P", "kind": "gray"}, NEITHER),
        ({"photos_dir": "P", "kind": "gray", "upscale": True}, "--fit and --upscale say how images get a --size"),
        ({"photos_dir": "P", "kind": "gray", "fit": "stretch"}, "--fit and --upscale say how images get a --size"),
        ({"photos_dir": "P", "kind": "gray", "sigma": 3.0}, "--sigma is the blur before edges are found; give"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(UserError, match=f"^{message}"):
        make_pairs(Options("out", **given))


def test_two_at_once_make_whole_pairs(tmp_path):
    photos = folder_of(tmp_path / "photos", {f"{i}.png": texture(64, 64, i) for i in range(20)})
    options = Options(str(tmp_path / "out"), photos_dir=photos, kind="gray", overwrite=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(make_pairs, [options, options]))
    assert [(outcome.made.total(), outcome.left_out) for outcome in outcomes] == [(20, []), (20, [])]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 20 and {images.read_image(path).shape for path in files} == {(64, 128, 3)}


def test_the_output_must_lie_apart_from_the_images(tmp_path):
    folder = folder_of(tmp_path / "photos", {"0.png": texture(32, 32)})
    with pytest.raises(UserError) as error:
        make_pairs(Options(f"{folder}/out", photos_dir=folder, kind="gray"))
    assert str(error.value) == f"--output_dir {folder}/out and {folder} overlap; give another --output_dir."


def test_the_tool_says_what_it_made_and_left_out(tmp_path):
    folder = folder_of(tmp_path / "photos", {"0.png": texture(32, 32), "1.png": texture(8, 8)})
    arguments = [f"--photos_dir={folder}", "--kind=gray", "--size=32", f"--output_dir={tmp_path}/out"]
    command = [sys.executable, "-m", "pix2pix_tf.tools.make_pairs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:2] == [f"{tmp_path}/out: pairs made: 1 in train, 0 in val", "left out 1:"]

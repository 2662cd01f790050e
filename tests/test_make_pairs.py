"""Pairs made of unpaired pictures: pixels, sizes, splits, and what is said of files that cannot be used."""

import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config, UserError, images
from pix2pix_tf.data import pairing
from pix2pix_tf.data.old_look import old_look
from pix2pix_tf.data.sources import open_source


def texture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def run(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.make_pairs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def folder_of(root, pictures):
    for name, picture in pictures.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return str(root)


# Resizing


def test_reducing_averages_instead_of_dropping_pixels():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    result = pairing.resized(stripes, (16, 16), "stretch", False, "x")
    assert np.abs(result[:, 2:-2].astype(int) - 127.5).max() < 3


def test_crop_keeps_the_proportions_and_the_middle():
    picture = np.zeros((40, 120, 3), np.uint8)
    picture[:, 40:80] = 200
    np.testing.assert_array_equal(pairing.resized(picture, (40, 40), "crop", False, "x"), 200)
    stretched = pairing.resized(picture, (40, 40), "stretch", False, "x")
    assert [stretched[20, x, 0] for x in (3, 20, 36)] == [0, 200, 0]


def test_the_right_size_is_left_alone():
    np.testing.assert_array_equal(pairing.resized(texture(32, 64), (32, 64), "crop", False, "x"), texture(32, 64))


@pytest.mark.parametrize("size", [(31, 65), (33, 64), (33, 65)])
def test_nothing_is_enlarged_unless_asked(size):
    with pytest.raises(UserError, match=rf"^x\.png is 64x32, smaller than the {size[1]}x{size[0]}.*--upscale"):
        pairing.resized(texture(32, 64), size, "crop", False, "x.png")
    assert pairing.resized(texture(32, 64), size, "crop", True, "x.png").shape == (*size, 3)


# Halves


def test_edges_are_thin_black_lines_on_white():
    pytest.importorskip("skimage")
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[16:48, 16:48] = (255, 255, 255)
    drawn = pairing.edges(picture, 1.0)
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
    with pytest.raises(UserError, match=r"^a\.png is 10x8 but b\.png is 8x8; give a --size"):
        pairing.side_by_side(texture(8, 10), texture(8, 8), ("a.png", "b.png"))


# Splits


@pytest.mark.parametrize("fraction, held_out", [(0.0, 0), (0.1, 10), (0.25, 25), (1.0, 100)])
def test_the_share_of_val_is_exact_and_always_the_same(fraction, held_out):
    names = [f"{i}" for i in range(100)]
    splits = pairing.choose_splits(names, fraction)
    assert list(splits.values()).count("val") == held_out
    assert splits == pairing.choose_splits(reversed(names), fraction)


def test_more_pictures_move_few_of_the_old_ones():
    old = pairing.choose_splits([f"{i}" for i in range(100)], 0.1)
    new = pairing.choose_splits([f"{i}" for i in range(110)], 0.1)
    assert sum(new[name] != split for name, split in old.items()) <= 5


# The tool


def test_two_folders_become_pairs_that_training_reads(tmp_path):
    a, b = ({f"x/{i}.png": texture(32, 48, seed + i) for i in range(6)} for seed in (0, 100))
    arguments = [f"--a_dir={folder_of(tmp_path / 'A', a)}", f"--b_dir={folder_of(tmp_path / 'B', b)}"]
    out = tmp_path / "out"
    (tmp_path / "A" / "x" / "2.png").write_bytes(b"")
    (tmp_path / "A" / "x" / "9.png").write_bytes(b"")
    splits = pairing.choose_splits([f"x/{i}" for i in range(6)], 0.5)
    was_there = out / splits["x/4"] / "x" / "4.png"
    was_there.parent.mkdir(parents=True)
    was_there.write_bytes(b"old")

    status, output, errors = run(*arguments, f"--output_dir={out}", "--val_fraction=0.5")
    assert (status, errors) == (1, "")
    made = {path.stem: path for path in out.rglob("*") if path.is_file() and path != was_there}
    assert made.keys() == {"0", "1", "3", "5"}
    for name, path in made.items():
        assert path == out / splits[f"x/{name}"] / "x" / f"{name}.png"
        expected = np.concatenate([a[f"x/{name}.png"], b[f"x/{name}.png"]], axis=1)
        np.testing.assert_array_equal(images.read_image(path), expected)
    counts = [sum(split in path.parts for path in made.values()) for split in ("train", "val")]
    first, second, third, *left_out = output.splitlines()
    assert first == f"{out}: made {counts[0]} pairs in train and {counts[1]} in val"
    assert second == "1 pairs were there already; --overwrite makes them anew"
    assert third == "left out 2:"
    assert left_out[0].startswith(f"  {tmp_path}/A/x/9.png has no partner of the same name in {tmp_path}/B;")
    assert left_out[1].startswith(f"  {tmp_path}/A/x/2.png cannot be decoded (the file is empty)")
    assert was_there.read_bytes() == b"old"
    was_there.unlink()
    source = open_source(Config(data_dir=str(out)))
    assert [len(source.train), len(source.val)] == counts


@pytest.mark.parametrize("kind", ["edges", "gray", "old"])
def test_photos_become_pairs_of_the_size_that_is_asked_for(tmp_path, kind):
    if kind == "edges":
        pytest.importorskip("skimage")
    photos = {f"{i}.png": texture(40, 60, i) for i in range(2)} | {"small.png": texture(20, 60)}
    arguments = (f"--photos_dir={folder_of(tmp_path / 'photos', photos)}", f"--output_dir={tmp_path / 'out'}")
    status, output, errors = run(*arguments, f"--kind={kind}", "--size=32x40", "--val_fraction=0")
    assert (status, errors) == (1, "")
    assert f"{tmp_path}/photos/small.png is 60x20, smaller than the 40x32" in output
    assert sorted(path.name for path in (tmp_path / "out" / "train").iterdir()) == ["0.png", "1.png"]
    a, b = images.split_pair(images.read_image(tmp_path / "out" / "train" / "1.png"), "x")
    photo = pairing.resized(texture(40, 60, 1), (32, 40), "crop", False, "x")
    np.testing.assert_array_equal(b, photo)
    expected = {
        "edges": lambda: pairing.edges(photo, 2.0),
        "gray": lambda: pairing.gray(photo),
        "old": lambda: old_look(photo, zlib.crc32(b"1.png")),
    }
    np.testing.assert_array_equal(a, expected[kind]())


def test_a_pair_never_gets_into_both_splits_and_is_replaced_only_on_request(tmp_path):
    photos = folder_of(tmp_path / "photos", {"0.png": texture(32, 32)})
    arguments = (f"--photos_dir={photos}", "--kind=gray", f"--output_dir={tmp_path / 'out'}", "--overwrite")
    pair = tmp_path / "out" / "train" / "0.png"
    pair.parent.mkdir(parents=True)
    pair.write_bytes(b"old")
    status, output, _ = run(*arguments, "--val_fraction=1")
    assert (status, pair.read_bytes()) == (1, b"old")
    assert f"{pair} exists, so the pair would be in both splits" in output
    assert not (tmp_path / "out" / "val").exists()
    assert run(*arguments, "--val_fraction=0")[0] == 0
    assert images.read_image(pair).shape == (32, 64, 3)


def test_the_output_must_lie_apart_from_the_pictures(tmp_path):
    folder = folder_of(tmp_path / "photos", {"0.png": texture(32, 32)})
    status, output, errors = run(f"--photos_dir={folder}", "--kind=gray", f"--output_dir={folder}/out")
    assert (status, output) == (1, "")
    assert errors == f"error: --output_dir {folder}/out and {folder} are not apart; give it a folder of its own.\n"

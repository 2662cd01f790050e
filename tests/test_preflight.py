"""What is found to be wrong with images before they are used, and that training leaves out just that."""

import collections
import contextlib
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_images import declare_size

from pix2pix_tf import Config, UserError
from pix2pix_tf.data import preflight
from pix2pix_tf.data.pipeline import training_batches
from pix2pix_tf.data.sources import list_splits, open_source
from pix2pix_tf.data.split import Split
from pix2pix_tf.training.loop import train


def texture(seed, height=32, width=64):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


# Ways in which the file of a side-by-side pair is bad: (seed, the bytes of a good file) → its bytes.
WAYS = {
    "empty": lambda seed, good: b"",
    "text": lambda seed, good: b"<html><body>404 Not Found</body></html>",
    "noise": lambda seed, good: np.random.default_rng(seed).bytes(500),
    "truncated PNG": lambda seed, good: encoded(texture(seed), "PNG")[:-2000],
    "truncated JPEG": lambda seed, good: encoded(texture(seed), "JPEG")[:1200],
    "flipped bits": lambda seed, good: (png := encoded(texture(seed), "PNG"))[:60] + bytes(80) + png[140:],
    "odd width": lambda seed, good: encoded(texture(seed, 32, 65), "PNG"),
    "tiny": lambda seed, good: encoded(texture(seed, 31, 64), "PNG"),
    "bomb": lambda seed, good: declare_size(encoded(texture(seed), "PNG"), 40_000, 20_000),
    "duplicate": lambda seed, good: good,
}
EXPECTED = {
    "empty": "is empty",
    "text": "not an image",
    "noise": "not an image",
    "truncated PNG": "the file is cut short",
    "truncated JPEG": "the file is cut short",
    "flipped bits": "cannot be decoded",
    "odd width": "65 pixels wide",
    "tiny": "shows 31x32 (height x width), but the networks need 32x32",
    "bomb": "is 20000x40000 (height x width), more than the 100 megapixels",
    "duplicate": "is a duplicate of",
}


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """A folder of 1,000 files in train/ and val/, and {path of each of the 100 bad ones: its way}."""
    root = tmp_path_factory.mktemp("thousand")
    bad, previous = {}, b""
    for seed in range(1, 1001):
        path = root / ("val" if seed % 20 == 1 else "train") / f"{seed:04}{'.jpg' if seed % 3 else '.png'}"
        path.parent.mkdir(exist_ok=True)
        content = encoded(texture(seed), "JPEG" if seed % 3 else "PNG")
        if seed % 10 == 5 + (seed // 100) % 3:
            way = list(WAYS)[len(bad) % len(WAYS)]
            bad[str(path)] = way
            content = WAYS[way](1000 + seed, previous)
        path.write_bytes(content)
        previous = content
    assert collections.Counter(bad.values()) == dict.fromkeys(WAYS, 10)
    return str(root), bad


def test_exactly_the_hundred_bad_ones_of_a_thousand_are_named(thousand):
    root, bad = thousand
    splits = list_splits(Config(data_dir=root)).splits
    findings = preflight.check(splits)
    sentences = [line for found in findings.values() for lines in found.bad.values() for line in lines]
    named = {path: line for line in sentences for path in bad if line.startswith(path)}
    assert len(sentences) == 100
    assert named.keys() == bad.keys()
    for path, way in bad.items():
        assert EXPECTED[way] in named[path]
    assert sum(found.sizes.total() for found in findings.values()) == 900 + 10 + 10  # Tiny ones and duplicates.
    assert sum(found.kinds.total() for found in findings.values()) == 900 + 10 + 10


def test_training_with_skip_bad_images_sees_exactly_the_other_nine_hundred(thousand, tmp_path, capsys):
    root, bad = thousand
    config = Config(data_dir=root, skip_bad_images=True, image_size=32, base_filters=1, receptive_field=1, steps=2)
    source = open_source(config)
    files = {str(path) for path in Path(root).rglob("*.*g")}
    assert len(files) == 1000
    assert {*source.train.names, *source.val.names} == files - bad.keys()
    assert len(source.train) + len(source.val) == 900

    seen = collections.Counter()
    counting = Split(source.train.names, lambda i: (seen.update([source.train.names[i]]), source.train.read(i))[1])
    with contextlib.closing(training_batches(counting, config.replace(cache_gigabytes=4))) as batches:
        for _ in range(len(source.train)):
            next(batches)
    assert seen.keys() == set(source.train.names)

    train(config.replace(validation_images=1), str(tmp_path / "run"))
    output = capsys.readouterr().out
    assert "--skip_bad_images left out 100 images:" in output
    assert [sum(line.startswith(f"  {path} ") for line in output.splitlines()) for path in bad] == [1] * 100
    assert "trained to step 2" in output


def test_without_the_flag_the_first_bad_one_stops_the_run_before_step_1(thousand, tmp_path):
    root, bad = thousand
    with pytest.raises(UserError, match=r"\(one of \d+ such, which --skip_bad_images leaves out\)\.$") as caught:
        train(Config(data_dir=root, image_size=32), str(tmp_path / "run"))
    first = min(path for path, way in bad.items() if "/train/" in path and way in ("empty", "text", "noise", "bomb"))
    assert str(caught.value).startswith(min(first, *(p for p, way in bad.items() if way in ("odd width", "tiny"))))
    assert not (tmp_path / "run").exists()


# Single findings


def check(root, **changes):
    splits = list_splits(Config(data_dir=root, **changes)).splits
    return preflight.check(splits), splits


def test_both_broken_partners_are_named(draw):
    draw("A", range(3), "A")
    root = draw("B", range(3), "B")
    for side in "AB":
        Path(root, side, "01.png").write_bytes(b"")
    findings, _ = check(root)
    assert [line.split(" ")[0] for line in findings["train"].bad[1]] == [f"{root}/A/01.png", f"{root}/B/01.png"]
    assert findings["train"].bad.keys() == {1}


def test_partners_of_different_size_are_one_problem(draw):
    draw("A", [0, 1], "A")
    draw("B", [0], "B")
    root = draw("B", [1], "B", size=(40, 32))
    findings, _ = check(root)
    assert [len(lines) for lines in findings["train"].bad.values()] == [1]
    assert f"{root}/A/01.png is 32x32 but {root}/B/01.png is 40x32" in findings["train"].bad[1][0]


def test_files_without_partner_and_namesakes_are_left_out_on_request(draw):
    for side, numbers in (("A", [0, 1, 2, 4]), ("B", [1, 2, 3, 4])):
        root = draw(side, numbers, side)
    shutil.copy(f"{root}/A/04.png", f"{root}/A/04.bmp")
    source = open_source(Config(data_dir=root, skip_bad_images=True))
    assert [os.path.basename(name) for name in source.train.names + source.val.names] == ["01.png", "02.png"]
    assert [line.split(" ")[0] for line in source.left_out] == [
        f"{root}/A/00.png",
        f"{root}/B/03.png",
        f"{root}/A/04.bmp",
        f"{root}/A/04.png",
    ]


def test_a_pair_of_both_splits_is_kept_for_training_only(draw):
    draw("train", [0, 1, 2])
    root = draw("val", [1, 5])
    shutil.copy(f"{root}/train/02.png", f"{root}/train/03.png")
    source = open_source(Config(data_dir=root, skip_bad_images=True))
    assert [os.path.basename(name) for name in source.train.names] == ["00.png", "01.png", "02.png"]
    assert [os.path.basename(name) for name in source.val.names] == ["05.png"]
    assert source.left_out[1].startswith(f"{root}/val/01.png is a duplicate of {root}/train/01.png;")


def test_two_pairs_may_share_one_half(draw):
    """Such as an empty label map: only a pair that is the same in both halves is a duplicate."""
    draw("A", [0, 1], "A")
    root = draw("B", [0], "B")
    shutil.copy(f"{root}/B/00.png", f"{root}/B/01.png")
    findings, _ = check(root)
    assert findings["train"].bad == {}


@pytest.mark.parametrize("skip", [True, False])
def test_nothing_is_held_against_good_images(draw, skip):
    source = open_source(Config(data_dir=draw("train", range(12)), skip_bad_images=skip))
    assert (len(source.train), len(source.val), source.left_out) == (11, 1, [])


def test_every_tenth_of_the_good_ones_is_held_out(draw):
    root = draw(".", range(12))
    Path(root, "03.png").write_bytes(b"")
    source = open_source(Config(data_dir=root, skip_bad_images=True))
    assert [os.path.basename(name) for name in source.val.names] == ["10.png"]


def test_a_split_of_which_nothing_is_left_is_an_error(draw):
    root = draw("train", [0, 1])
    for path in Path(root, "train").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=rf"^None of the pairs of train can be used: {root}/train/01.png"):
        open_source(Config(data_dir=root, skip_bad_images=True))


def test_a_quick_look_finds_what_headers_tell_and_decodes_nothing(draw, monkeypatch):
    root = draw(".", range(4))
    draw(".", [4], size=(31, 32))
    cut = Path(root, "02.png")
    cut.write_bytes(cut.read_bytes()[:-20])
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(UserError, match=rf"^{root}/04.png shows 31x32.*remove it \(which --skip_bad_images leaves"):
        open_source(Config(data_dir=root))


@pytest.mark.parametrize("pairs, looked_at", [(0, 0), (1, 1), (2000, 2000), (2001, 2000), (10_000, 2000)])
def test_a_quick_look_is_bounded(pairs, looked_at):
    seen = []
    pair = (np.zeros((32, 32, 3), np.uint8),) * 2
    split = Split([str(i) for i in range(pairs)], None, outline=lambda i: (seen.append(i), pair)[1])
    assert preflight.check_quickly(split) == []
    assert len(seen) == len(set(seen)) == looked_at

"""Where pairs come from: every layout of a folder, TFDS, and what is said when something does not fit."""

import os
import threading
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from pix2pix_tf import Config, UserError
from pix2pix_tf.data import sources
from pix2pix_tf.data.sources import open_source, source_and_target
from pix2pix_tf.data.split import Split
from pix2pix_tf.datasets.toy_facades import drawing


@pytest.fixture
def seen(recognize):
    """A split → what its pairs show, such as ["0A 0B", "1A 1B"]."""
    return lambda split: [" ".join(recognize(half) for half in split.read(i)) for i in range(len(split))]


OTHER = "of each pair (--direction="


def file_names(split):
    return [os.path.basename(name) for name in split.names]


def cut_short(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])


# Folders of pairs


@pytest.mark.parametrize("val_name", ["val", "validation", "test"])
@pytest.mark.parametrize("layout", ["{split}", "{split}/{side}", "{side}/{split}"])
def test_every_layout_with_a_validation_split(draw, seen, layout, val_name):
    for split, numbers in (("train", [0, 1, 2]), (val_name, [3, 4])):
        for side in ("A", "B") if "{side}" in layout else ("AB",):
            root = draw(layout.format(split=split, side=side), numbers, side)
    source = open_source(Config(data_dir=root))
    assert seen(source.train) == ["0A 0B", "1A 1B", "2A 2B"]
    assert seen(source.val) == ["3A 3B", "4A 4B"]
    word = "folders A and B" if "{side}" in layout else "side-by-side pairs"
    assert source.description == f"{root}: {word}, 3 train, 2 {val_name}; translate A → B"


@pytest.mark.parametrize("layout", [".", "train", "{side}", "train/{side}", "{side}/train"])
def test_every_layout_without_a_validation_split_holds_pairs_out(draw, seen, layout):
    for side in ("A", "B") if "{side}" in layout else ("AB",):
        root = draw(layout.format(side=side), range(4), side)
    source = open_source(Config(data_dir=root, direction="b_to_a"))
    assert seen(source.train) == ["0A 0B", "1A 1B", "2A 2B"]
    assert seen(source.val) == ["3A 3B"]
    assert source.description.endswith("3 train, 1 held out for validation; translate B → A")


@pytest.mark.parametrize(
    "total, held_out", [(1, [0]), (2, [1]), (9, [8]), (10, [9]), (19, [9]), (20, [9, 19]), (25, [9, 19])]
)
def test_one_image_in_ten_is_held_out(draw, total, held_out):
    source = open_source(Config(data_dir=draw(".", range(total))))
    assert file_names(source.val) == [f"{i:02}.png" for i in held_out]
    kept = [i for i in range(total) if i not in held_out] or [0]  # A single image has to serve for both.
    assert file_names(source.train) == [f"{i:02}.png" for i in kept]


def test_a_limit_takes_training_pairs_evenly(draw, seen):
    draw("val", [7, 8])
    source = open_source(Config(data_dir=draw("train", range(7)), max_images=3))
    assert seen(source.train) == ["0A 0B", "2A 2B", "4A 4B"]
    assert seen(source.val) == ["7A 7B", "8A 8B"]
    assert source.description.endswith(": side-by-side pairs, 3 train, 2 val; translate A → B")


def test_val_is_preferred_to_test_and_an_empty_one_does_not_count(draw):
    for folder in ("train", "test", "val"):
        root = draw(folder, range(2))
    assert open_source(Config(data_dir=root)).description.split(",")[2] == " 2 val; translate A → B"
    for path in Path(root, "val").iterdir():
        path.unlink()
    assert open_source(Config(data_dir=root)).description.split(",")[2] == " 2 test; translate A → B"


def test_partners_have_the_same_name_whatever_their_ending_and_subfolder(draw, seen):
    for side, endings in (("A", ("png", "jpg")), ("B", ("JPEG", "webp"))):
        draw(f"{side}/x", [1, 2], side, endings[0])
        root = draw(f"{side}/y", [1], side, endings[1])
    source = open_source(Config(data_dir=root))
    assert [os.path.relpath(name, root) for name in source.train.names] == ["A/x/01.png", "A/x/02.png"]
    assert seen(source.train) == ["1A 1B", "2A 2B"]


def test_hidden_files_and_files_that_are_no_images_are_ignored(draw):
    root = Path(draw("train", [0, 1]))
    (root / "train" / "._00.png").write_bytes(b"resource fork")
    (root / "train" / "notes.txt").write_text("taken in May")
    assert file_names(open_source(Config(data_dir=str(root))).train) == ["00.png"]


def test_images_in_hidden_folders_are_ignored(draw):
    draw("train/.thumbnails", [5])
    assert file_names(open_source(Config(data_dir=draw("train", [0, 1]))).train) == ["00.png"]


@pytest.mark.parametrize("layout", ["{split}", "{side}/{split}"])
def test_validation_images_are_never_trained_on(draw, layout):
    for split, numbers in ((".", range(3)), ("val", [3, 4])):
        for side in ("A", "B") if "{side}" in layout else ("AB",):
            root = draw(layout.format(split=split, side=side), numbers, side)
    source = open_source(Config(data_dir=root))
    assert file_names(source.train) == ["00.png", "01.png", "02.png"]
    assert file_names(source.val) == ["03.png", "04.png"]


# Single photos, and what a task makes of pairs


def test_colorize_takes_photos_unless_all_images_are_twice_as_wide(draw, seen):
    root = draw("train", [0, 1])
    pairs = open_source(Config(data_dir=root, task="colorize"))
    assert "side-by-side pairs" in pairs.description
    assert seen(pairs.train)[0] == "0A 0B"
    draw("train", [2, 3], "A", size=(32, 40))
    photos = open_source(Config(data_dir=root, task="colorize"))
    assert "single photos" in photos.description and photos.description.endswith("; colorize")
    assert seen(photos.train)[2] == "2A 2A"


def test_layout_photos_takes_wide_images_whole(draw):
    source = open_source(Config(data_dir=draw(".", [0, 1]), task="inpaint", layout="photos"))
    a, b = source.train.read(0)
    assert a.shape == (32, 64, 3)
    np.testing.assert_array_equal(a, b)


def test_layout_side_by_side_overrules_folders_named_a_and_b(draw, seen):
    draw("A", [0, 1])
    source = open_source(Config(data_dir=draw("B", [2]), layout="side_by_side"))
    assert seen(source.train) == ["0A 0B", "1A 1B"]


@pytest.mark.parametrize(
    "task, direction, expected, words",
    [
        ("translate", "a_to_b", ("a", "b"), "translate A → B"),
        ("translate", "b_to_a", ("b", "a"), "translate B → A"),
        (
            "colorize",
            "a_to_b",
            ("b", "b"),
            f"colorize B, the right half {OTHER}b_to_a takes the other one)",
        ),
        (
            "colorize_rgb",
            "b_to_a",
            ("a", "a"),
            f"colorize_rgb A, the left half {OTHER}a_to_b takes the other one)",
        ),
        (
            "inpaint",
            "a_to_b",
            ("b", "b"),
            f"inpaint B, the right half {OTHER}b_to_a takes the other one)",
        ),
    ],
)
def test_direction_and_task_decide_source_and_target(draw, task, direction, expected, words):
    config = Config(task=task, direction=direction, data_dir=draw(".", [0]))
    assert source_and_target(config, ("a", "b")) == expected
    assert open_source(config).description.endswith(f"; {words}")


def test_of_pairs_in_two_folders_the_one_that_is_taken_is_named(draw):
    draw("A", [0], "A")
    config = Config(task="colorize", data_dir=draw("B", [0], "B"))
    assert open_source(config).description.endswith(f"; colorize B {OTHER}b_to_a takes the other one)")


def test_part_of_a_split_renumbers_its_pairs():
    part = Split(["p", "q", "r"], lambda i: i * 100, [("P",), ("Q",), ("R",)], lambda i: i * 10).part([2, 0])
    assert (part.names, [part.read(0), part.read(1)], len(part)) == (["r", "p"], [200, 0], 2)
    assert (part.files, [part.outline(0), part.outline(1)]) == ([("R",), ("P",)], [20, 0])


@pytest.mark.parametrize("layout", ["{side}", "."])
def test_the_outline_of_a_pair_has_its_size_and_no_content(draw, layout):
    for side in ("A", "B") if "{side}" in layout else ("AB",):
        root = draw(layout.format(side=side), [0], side, "jpg", size=(40, 32))
    a, b = open_source(Config(data_dir=root)).train.outline(0)
    assert a.shape == b.shape == (40, 32, 3)
    assert a.sum() == b.sum() == 0


# TFDS


class PhotosOnly(tfds.core.GeneratorBasedBuilder):
    """Four photos of one color and no partner for any of them, in one split."""

    VERSION = tfds.core.Version("1.0.0")
    SPLIT = "train"

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"image": tfds.features.Image()})
        )

    def _split_generators(self, dl_manager):
        return {self.SPLIT: ((i, {"image": np.full((8, 8, 3), 50 * i, np.uint8)}) for i in range(4))}

    def _generate_examples(self):
        raise NotImplementedError


class TestSplitOnly(PhotosOnly):
    """The same without a training split."""

    __test__ = False
    SPLIT = "test"


def test_tfds_pairs_are_the_drawn_ones(toy_facades):
    source = open_source(Config(dataset="toy_facades", direction="b_to_a"))
    assert source.description == "toy_facades: TFDS builder, 3 train, 2 val; translate B → A"
    assert source.train.names == [f"toy_facades/train record {i}" for i in range(3)]
    drawn = [drawing.draw_pair(seed) for seed in range(3)]
    read = [source.train.read(i) for i in range(3)]
    assert {a.tobytes() + b.tobytes() for a, b in read} == {p.photo.tobytes() + p.labels.tobytes() for p in drawn}


def test_a_tfds_photo_is_source_and_target_of_colorize():
    source = open_source(Config(dataset="photos_only", task="colorize"))
    assert source.description == "photos_only: TFDS builder, 3 train, 1 held out for validation; colorize"
    pairs = [source.train.read(i) for i in range(3)] + [source.val.read(0)]
    assert sorted((a[0, 0, 0], b[7, 7, 2]) for a, b in pairs) == [(0, 0), (50, 50), (100, 100), (150, 150)]


@pytest.mark.parametrize(
    "dataset, message",
    [
        ("nosuch", r"no TFDS data set 'nosuch'; .*--data_dir.*edges2shoes"),
        ("photos_only", "photos_only has the features image, but task translate needs a and b"),
        ("test_split_only", "test_split_only .*no split train, only test"),
        ("no such!", "no such!"),
    ],
)
def test_a_data_set_that_cannot_be_used(dataset, message):
    task = "translate" if dataset != "test_split_only" else "colorize"
    with pytest.raises(UserError, match=message):
        open_source(Config(dataset=dataset, task=task))


def test_a_data_set_of_tfds_has_images_of_one_kind():
    config = Config(dataset="photos_only", task="inpaint", input_channels=1, output_channels=1)
    with pytest.raises(UserError, match=r"^dataset photos_only has RGB images of 8 bits, so channels and dtype of"):
        open_source(config)


# What is said about folders and images that cannot be used


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=f"data_dir {tmp_path}/nowhere is not a folder"):
        open_source(Config(data_dir=f"{tmp_path}/nowhere"))


@pytest.mark.parametrize("folders, named", [([], ""), (["train", "val"], "/train"), (["A", "B"], "/A")])
def test_an_empty_folder_is_named(draw, folders, named):
    root = draw(".", [])
    for folder in folders:
        os.mkdir(os.path.join(root, folder))
    with pytest.raises(
        UserError, match=rf"^{root}{named}/? holds no images \(of kinds JPEG, PNG, .*\); add some to it\."
    ):
        open_source(Config(data_dir=root))


def test_photos_that_need_a_plugin_are_no_images(tmp_path):
    (tmp_path / "x.HEIC").touch()
    with pytest.raises(UserError, match=r"only 1 \.heic; add some to it; pip install pillow-heif to read \.heic\.$"):
        open_source(Config(data_dir=str(tmp_path), task="colorize"))


@pytest.mark.parametrize("alone, where", [("A", "B"), ("B", "A")])
def test_an_image_without_partner_is_named(draw, alone, where):
    draw(where, [0], where)
    root = draw(alone, [0, 1, 2], alone)
    with pytest.raises(
        UserError, match=rf"{root}/{alone}/01.png has no partner.* in {root}/{where}/?; .*one of 2 such"
    ):
        open_source(Config(data_dir=root))


@pytest.mark.parametrize("layout", ["auto", "two_folders"])
def test_a_folder_a_without_a_folder_b_is_refused(draw, layout):
    root = draw("A", [0, 1], "A")
    with pytest.raises(UserError, match=rf"{root}.*B"):
        open_source(Config(data_dir=root, layout=layout))


def test_two_images_of_one_name_in_a_folder_are_refused(draw):
    for ending in ("jpg", "png"):
        draw("A", [0], "A", ending)
    with pytest.raises(UserError, match=r"A/00\.jpg has a namesake with another ending"):
        open_source(Config(data_dir=draw("B", [0], "B")))


def test_partners_of_different_size_are_named(draw):
    draw("A", [0], "A")
    root = draw("B", [0], "B", size=(33, 40))
    with pytest.raises(UserError, match=f"{root}/A/00.png is 32x32 but {root}/B/00.png is 33x40"):
        open_source(Config(data_dir=root)).train.read(0)


def test_a_pair_of_odd_width_is_named(draw):
    root = draw(".", [0], "A", size=(32, 33))
    with pytest.raises(UserError, match=rf"{root}/00.png is 33 pixels wide.*even width"):
        open_source(Config(data_dir=root)).train.read(0)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_a_truncated_image_is_named(draw, ending):
    root = draw(".", [0], ending=ending, size=(64, 64))
    cut_short(f"{root}/00.{ending}")
    with pytest.raises(UserError, match=rf"{root}/00\.{ending} cannot be decoded \(.*\); replace or remove it"):
        open_source(Config(data_dir=root)).train.read(0)


def test_a_file_that_is_no_image_is_named(draw):
    root = draw(".", [0])
    Path(root, "01.jpg").write_text("<html>404</html>")
    with pytest.raises(UserError, match=rf"{root}/01.jpg cannot be decoded \(not an image that can be read\)"):
        open_source(Config(data_dir=root)).val.read(0)


def test_translate_refuses_single_photos(draw):
    with pytest.raises(UserError, match="layout photos has no pairs, which task translate needs; take colorize"):
        open_source(Config(data_dir=draw(".", [0]), layout="photos"))


def test_a_batch_larger_than_the_data_is_refused(draw):
    root = draw("train", range(3))
    draw("val", [3])
    assert len(open_source(Config(data_dir=root, batch_size=3)).train) == 3
    with pytest.raises(UserError, match="batch_size 4 is larger than the 3 training pairs"):
        open_source(Config(data_dir=root, batch_size=4))


def test_two_first_trainings_prepare_a_data_set_once(tmp_path, monkeypatch, capsys):
    """The second waits until the first is done, and then finds it prepared."""
    events, preparing = [], threading.Event()

    class Builder:
        name, data_dir_root = "toy", tmp_path / "tfds"

        def download_and_prepare(self):
            if not events:
                events.append("begins")
                preparing.set()
                while "waiting" not in capsys.readouterr().out:
                    assert second.is_alive()
                events.append("ends")
            else:
                events.append("finds it")

    monkeypatch.setattr(sources, "_builder", lambda tfds, name: Builder())
    first = threading.Thread(target=sources._prepared, args=(None, Builder()))
    second = threading.Thread(target=lambda: preparing.wait() and sources._prepared(None, Builder()))
    for thread in (second, first):
        thread.start()
    for thread in (first, second):
        thread.join()
    assert events == ["begins", "ends", "finds it"]


def test_a_folder_of_data_sets_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    builder = types.SimpleNamespace(name="toy", data_dir_root=tmp_path / "file" / "tfds")
    with pytest.raises(
        UserError, match=r"dataset toy cannot be prepared in .*/file/tfds \(Not a directory\); give another"
    ):
        sources._prepared(None, builder)

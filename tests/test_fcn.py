"""The classifier of the FCN-score: what it learns, keeps and refuses; and its command line, as people type it."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tool_process import run_tool, run_tool_often

from pix2pix_tf import Config, UserError
from pix2pix_tf.data.split import Split
from pix2pix_tf.evaluation import fcn
from pix2pix_tf.evaluation.fcn import Classifier, cross_entropy, labeled_photos, train_classifier
from pix2pix_tf.evaluation.segmentation import scores
from pix2pix_tf.palettes import IGNORED, Palette, palette_of

FACADES = palette_of("facades")
SHOWN = (1, 2, 11)  # The classes that the drawn pairs show: facade, window and shop.
GRAY = {1: 60, 2: 130, 11: 210}  # in photos


def draw_pair(rng, size=32):
    """A photo of gray squares with noise, and the label map of the same in the colors of the facades."""
    classes = np.full((size, size), rng.choice(SHOWN))
    for _ in range(3):
        top, left = 8 * rng.integers(0, size // 8 - 1, 2)
        classes[top : top + 16, left : left + 16] = rng.choice(SHOWN)
    gray = np.vectorize(GRAY.get)(classes)[..., None] + rng.integers(-20, 20, (size, size, 3))
    return gray.astype(np.uint8), np.uint8(FACADES.colors)[classes]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A folder with 12 + 6 such pairs, 32x32, photo on the left; nobody writes to it."""
    root, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 6)):
        (root / split).mkdir()
        for i in range(count):
            Image.fromarray(np.concatenate(draw_pair(rng), axis=1)).save(root / split / f"{i:02}.png")
    return str(root)


def config_for(data_dir, **changes):
    return Config(**{"data_dir": data_dir, "image_size": 32, "batch_size": 4, "learning_rate": 0.01, **changes})


@pytest.fixture(scope="module")
def trained(pairs, tmp_path_factory):
    """(A classifier of these pairs, its folder)."""
    folder = tmp_path_factory.mktemp("runs") / "fcn"
    return train_classifier(config_for(pairs), FACADES, str(folder), width=4, steps=200), str(folder)


@pytest.fixture
def val(pairs):
    """The photos and class maps of the validation pairs."""
    halves = [np.split(np.asarray(Image.open(f"{pairs}/val/{i:02}.png")), 2, axis=1) for i in range(6)]
    return [photo for photo, _ in halves], [FACADES.classes(labels) for _, labels in halves]


# Loss


def test_cross_entropy_is_the_mean_over_the_pixels_that_are_not_ignored():
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]], np.float32))
    target = np.array([[0, 2, IGNORED]])
    assert float(cross_entropy(target, logits)) == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2, rel=1e-5)
    assert cross_entropy(np.full_like(target, IGNORED), logits) == 0


# Training


def test_a_classifier_learns_what_photos_show(trained, val):
    classifier, _ = trained
    found = scores(classifier.confusion(*val))
    assert found == classifier.held_out
    assert found["per_pixel"] > 0.9
    assert found["per_class"] > 0.9


def test_the_score_collapses_with_the_label_maps_of_other_photos(trained, val):
    classifier, _ = trained
    photos, label_maps = val
    others = scores(classifier.confusion(photos, label_maps[1:] + label_maps[:1]))
    assert others["per_pixel"] < classifier.held_out["per_pixel"] - 0.3
    assert others["iou"] < classifier.held_out["iou"] / 2


def test_confusion_counts_each_pixel_of_each_photo_in_its_row(trained, val):
    classifier, _ = trained
    photos, label_maps = val
    confusion = classifier.confusion(photos, label_maps)
    assert confusion.shape == (12, 12)
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(np.ravel(label_maps), minlength=12))
    predicted = np.ravel([classifier(photo) for photo in photos])
    np.testing.assert_array_equal(confusion.sum(axis=0), np.bincount(predicted, minlength=12))


def test_the_direction_leads_from_photos_to_label_maps():
    photo, labels = draw_pair(np.random.default_rng(5))
    for pair, direction in (((photo, labels), "a_to_b"), ((labels, photo), "b_to_a")):
        split = Split(["x"], lambda i, pair=pair: pair)
        (same,), (classes,) = labeled_photos(split, Config(image_size=32, direction=direction), FACADES)
        np.testing.assert_array_equal(same, photo)
        np.testing.assert_array_equal(np.uint8(FACADES.colors)[classes], labels)


def test_crops_are_the_same_part_of_photo_and_label_map_flipped_half_of_the_time():
    photo = np.arange(64 * 96, dtype=np.int32).reshape(64, 96)
    config, rng = Config(image_size="64x96"), np.random.default_rng(0)
    crops = [fcn._random_crop(photo, -photo, config, rng) for _ in range(200)]
    assert all(np.array_equal(part, -labels) for part, labels in crops)
    assert {part.shape for part, _ in crops} == {(32, 64)}
    assert {np.abs(np.diff(part[:2, 0]))[0] for part, _ in crops} == {96}
    flipped = np.mean([part[0, 1] < part[0, 0] for part, _ in crops])
    assert 0.4 < flipped < 0.6
    starts = {min(part[0]) for part, _ in crops}
    assert min(start // 96 for start in starts) == 0
    assert max(start // 96 for start in starts) == 32
    plain = [fcn._random_crop(photo, photo, config.replace(mirror=False), rng)[0] for _ in range(50)]
    assert all(part[0, 1] == part[0, 0] + 1 for part in plain)


def test_training_of_images_that_are_no_larger_than_a_crop_uses_them_whole():
    photo = np.zeros((32, 32, 3), np.uint8)
    part, _ = fcn._random_crop(photo, photo, Config(image_size=32), np.random.default_rng(0))
    assert part.shape == photo.shape


def test_class_maps_of_another_size_are_resized_without_making_new_classes():
    three = Palette(("left", "between", "right"), ((0, 0, 0), (100, 0, 0), (200, 0, 0)))
    labels = np.zeros((64, 64, 3), np.uint8)
    labels[:, 33:, 0] = 200  # The edge lies within a pixel of the small map, where 100 would be the mean.
    split = Split(["x"], lambda i: (labels[..., ::-1], labels))
    (photo,), (classes,) = labeled_photos(split, Config(image_size=32), three)
    assert (photo.dtype, photo.shape, classes.dtype, classes.shape) == (np.uint8, (32, 32, 3), np.int32, (32, 32))
    assert set(np.unique(classes)) == {0, 2}
    assert np.unique((classes == 2).sum(axis=1)).item() in (15, 16)  # columns
    assert 0 < photo[0, 16, 2] < 200  # The photo is resized with antialiasing.


# Saved classifiers


def test_a_saved_classifier_gives_the_same_outputs(trained, val):
    classifier, folder = trained
    loaded = Classifier.load(folder)
    assert loaded.palette == FACADES
    assert loaded.held_out == classifier.held_out
    for photo in val[0]:
        np.testing.assert_array_equal(loaded(photo), classifier(photo))


def test_the_folder_says_what_it_holds(trained):
    classifier, folder = trained
    with open(f"{folder}/fcn.json") as file:
        stored = json.load(file)
    assert (stored["names"], stored["ignored"]) == (list(FACADES.names), [])
    assert stored["colors"][11] == [175, 0, 0]
    assert {name: stored[name] for name in ("width", "norm", "size", "steps", "pairs", "held_out_pairs")} == {
        "width": 4,
        "norm": True,
        "size": 32,
        "steps": 200,
        "pairs": 12,
        "held_out_pairs": 6,
    }
    assert stored["held_out"] == classifier.held_out


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (33, 31), (64, 32)])
def test_photos_may_have_any_size(trained, size):
    classes = trained[0](np.zeros((*size, 3), np.uint8))
    assert (classes.dtype, classes.shape) == (np.int32, size)
    assert 0 <= classes.min() <= classes.max() < 12


def test_classes_stand_where_the_photo_shows_them(trained):
    photo = np.full((45, 70, 3), GRAY[1])
    photo[:, 35:] = GRAY[11]
    photo += np.random.default_rng(1).integers(-20, 20, photo.shape)  # Noise, as in the photos that it has seen.
    classes = trained[0](np.uint8(photo))
    assert np.mean(classes[:, :30] == 1) > 0.9
    assert np.mean(classes[:, 40:] == 11) > 0.9


def test_a_call_changes_nothing(trained, val):
    classifier, _ = trained
    before = [weight.numpy().copy() for weight in classifier.network.weights]
    np.testing.assert_array_equal(classifier(val[0][0]), classifier(val[0][0]))
    for old, weight in zip(before, classifier.network.weights, strict=True):
        np.testing.assert_array_equal(old, weight)


# Mistakes


def test_a_folder_without_a_classifier_is_one_sentence(tmp_path):
    with pytest.raises(UserError) as error:
        Classifier.load(str(tmp_path))
    assert str(error.value) == (
        f"{tmp_path} holds no fcn.json, so it is no classifier; make one with python -m pix2pix_tf.tools.train_fcn."
    )


def _shorten(path):
    path.write_bytes(path.read_bytes()[:3000])


def _with(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "weights.npz").unlink(),
        lambda folder: _shorten(folder / "weights.npz"),
        lambda folder: (folder / "weights.npz").write_bytes(b""),
        lambda folder: (folder / "fcn.json").write_text('{"names": ["a"'),
        lambda folder: (folder / "fcn.json").write_text("[]"),
        lambda folder: (folder / "fcn.json").write_text("{}"),
        lambda folder: _with(folder / "fcn.json", width=3),
        lambda folder: _with(folder / "fcn.json", norm=False),
        lambda folder: _with(folder / "fcn.json", names=None),
        lambda folder: _with(folder / "fcn.json", names=["a", "b"]),
        lambda folder: _with(folder / "fcn.json", held_out=None),
        lambda folder: _with(folder / "fcn.json", steps=None),
        lambda folder: _with(folder / "fcn.json", held_out={"per_pixel": "x", "per_class": 1, "iou": 1}),
    ],
)
def test_a_damaged_classifier_is_one_sentence(trained, tmp_path, damage):
    for name in ("fcn.json", "weights.npz"):
        with open(f"{trained[1]}/{name}", "rb") as file:
            (tmp_path / name).write_bytes(file.read())
    damage(tmp_path)
    with pytest.raises(UserError) as error:
        Classifier.load(str(tmp_path))
    message = str(error.value)
    assert message.startswith(f"The classifier in {tmp_path} is damaged (")
    assert message.endswith("); train it again.")
    assert "\n" not in message


def test_photos_in_place_of_label_maps_are_one_sentence_that_names_one(textured_pairs, tmp_path):
    with pytest.raises(UserError) as error:
        train_classifier(config_for(textured_pairs), FACADES, str(tmp_path / "fcn"), width=1, steps=1)
    message = str(error.value)
    assert message.startswith("Only ")
    assert f"near a color of the palette, 0% in {textured_pairs}/train/" in message
    assert message.endswith("or the other --direction if the other half of a pair is the label map.")


def test_the_wrong_direction_is_the_same_sentence(pairs, tmp_path):
    with pytest.raises(UserError, match=r"^Only 0% of the label maps' pixels .* --direction"):
        train_classifier(config_for(pairs, direction="b_to_a"), FACADES, str(tmp_path / "fcn"), width=1, steps=1)


def test_a_folder_that_is_not_empty_is_left_alone(pairs, tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UserError) as error:
        train_classifier(config_for(pairs), FACADES, str(tmp_path), width=1, steps=1)
    assert str(error.value) == f"{tmp_path} is not empty, and nothing is overwritten; give another --workdir."
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_a_file_is_no_folder_to_train_in(pairs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file cannot be made a folder \(.+\); give another --workdir\.$"):
        train_classifier(config_for(pairs), FACADES, str(tmp_path / "file"), width=1, steps=1)


def test_a_diverging_training_stops_and_leaves_nothing(pairs, tmp_path):
    config = config_for(pairs, learning_rate=1e38)
    with pytest.raises(UserError, match=r"^step 5: the loss is (nan|inf), .* give a lower --learning_rate\.$"):
        train_classifier(config, FACADES, str(tmp_path), width=1, steps=5)
    assert list(tmp_path.iterdir()) == []


# The command line


def start(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.train_fcn", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_trains_and_says_how_good_it_is(pairs, tmp_path):
    small = ("--image_size=32", "--width=1", "--steps=2")
    status, output, errors = run_tool(
        "train_fcn", f"--data_dir={pairs}", "--palette=facades", f"--workdir={tmp_path / 'fcn'}", *small
    )
    assert (status, errors) == (0, "")
    held_out = Classifier.load(str(tmp_path / "fcn")).held_out
    assert output.startswith(f"{pairs}: side-by-side pairs, 12 train, 6 val; translate A → B\n")
    assert "\nstep 2/2: cross-entropy " in output
    assert f"\n  per pixel  {held_out['per_pixel']:.4f}\n" in output
    assert f"\n  iou        {held_out['iou']:.4f}\n" in output
    assert output.endswith(f"the classifier is in {tmp_path / 'fcn'}\n")


def test_ctrl_c_is_one_sentence_and_leaves_no_classifier(pairs, tmp_path):
    small = ("--image_size=32", "--width=1", "--steps=100000")
    process = start(f"--data_dir={pairs}", "--palette=facades", f"--workdir={tmp_path / 'fcn'}", *small)
    while not (line := process.stdout.readline()).startswith("step 50/"):
        assert line, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == "interrupted; nothing was saved, as a classifier is written when it is finished\n"
    assert list((tmp_path / "fcn").iterdir()) == []


MISTAKES = [
    (
        ["--data_dir=anywhere"],
        "--data_dir needs --palette, the data set in whose colors the label maps are; try --palette=facades.",
    ),
    (["--dataset=maps"], "There is no palette of label maps for 'maps'; those of"),
]


def test_mistakes_are_one_line(tmp_path):
    found = run_tool_often("train_fcn", [[f"--workdir={tmp_path}/fcn", *given] for given, _ in MISTAKES], tmp_path)
    for (status, output, errors), (_, message) in zip(found, MISTAKES, strict=True):
        assert (status, output) == (1, "")
        assert errors.startswith(f"error: {message}")
        assert errors.count("\n") == 1


def test_help_does_not_wait_for_tensorflow():
    command = [sys.executable, "-X", "importtime", "-m", "pix2pix_tf.tools.train_fcn", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "--weights" in done.stdout
    assert "tensorflow" not in done.stderr

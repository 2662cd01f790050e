"""Scores by classes: which images count as label maps, and confusion matrices by hand."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from pix2pix_tf import UserError
from pix2pix_tf.data.split import Split
from pix2pix_tf.evaluation import labels
from pix2pix_tf.palettes import IGNORED, Palette, palette_of

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PALETTE = Palette(("red", "green"), (RED, GREEN), ignored=(BLUE,))


def image(*columns, size=32):
    """A square image of vertical stripes."""
    stripes = np.repeat(np.uint8(columns), size // len(columns), axis=0)
    return np.repeat(stripes[None], size, axis=0)


def gray_photo(seed):
    return np.repeat(np.random.default_rng(seed).integers(90, 160, (32, 32, 1), dtype=np.uint8), 3, axis=2)


@pytest.fixture
def photo_and_labels():
    """Three pairs: photo, label map."""
    maps = [image(RED), image(GREEN), image(RED, GREEN)]
    return Split(["x", "y", "z"], lambda i: (gray_photo(i), maps[i]))


def test_label_maps_are_told_from_photos(tiny, photo_and_labels):
    config = tiny(direction="a_to_b")
    assert labels.shows_classes(config, photo_and_labels, labels.TARGET, PALETTE)
    assert not labels.shows_classes(config, photo_and_labels, labels.SOURCE, PALETTE)
    assert labels.shows_classes(config.replace(direction="b_to_a"), photo_and_labels, labels.SOURCE, PALETTE)


def test_inputs_that_are_photos_are_refused_and_another_size_is_told(tiny, photo_and_labels, capsys):
    classifier = SimpleNamespace(palette=PALETTE, size=32)
    labels.check_inputs(tiny(direction="b_to_a"), photo_and_labels, classifier, "runs/fcn")
    assert capsys.readouterr().err == ""
    classifier.size = "32x64"
    labels.check_inputs(tiny(direction="b_to_a"), photo_and_labels, classifier, "runs/fcn")
    assert capsys.readouterr().err == (
        "warning: the classifier in runs/fcn was trained on photos of 32x64, but this run makes some of 32; "
        "train one with --image_size=32.\n"
    )
    with pytest.raises(UserError) as error:
        labels.check_inputs(tiny(direction="a_to_b"), photo_and_labels, classifier, "runs/fcn")
    assert str(error.value) == (
        "The inputs of this run are no label maps in the colors of the classes that the classifier in runs/fcn knows "
        "(red, green); the FCN-score needs a run from such label maps to photos."
    )


def test_a_classifier_for_other_classes_is_refused(tiny):
    facades = image(*palette_of("facades").colors, size=48)
    split = Split([""], lambda i: (facades, gray_photo(0)))
    classifier = SimpleNamespace(palette=palette_of("cityscapes"))
    with pytest.raises(UserError, match=r"runs/fcn knows \(road, sidewalk, building, wall and 15 more\)"):
        labels.check_inputs(tiny(direction="a_to_b"), split, classifier, "runs/fcn")


def test_the_palette_is_the_run_s_own_if_its_targets_have_it(tiny):
    palette = palette_of("toy_facades")
    maps = Split([""], lambda i: (gray_photo(0), image(*palette.colors[:2])))
    config = tiny(data_dir="", dataset="toy_facades", direction="a_to_b")
    assert labels.palette_of_targets(config, maps) == palette
    assert labels.palette_of_targets(config.replace(direction="b_to_a"), maps) is None
    assert labels.palette_of_targets(config.replace(dataset="maps"), maps) is None


def test_a_folder_of_one_s_own_has_a_palette_if_one_is_named(tiny):
    palette = palette_of("facades")
    maps = Split([""], lambda i: (gray_photo(0), image(*palette.colors[:2])))
    assert labels.palette_of_targets(tiny(), maps) is None
    assert labels.palette_of_targets(tiny(), maps, "facades") == palette


def test_a_palette_in_which_the_targets_are_not_is_refused(tiny, photo_and_labels):
    with pytest.raises(UserError) as error:
        labels.palette_of_targets(tiny(direction="b_to_a"), photo_and_labels, "facades")
    assert str(error.value) == (
        "The targets of this run are no label maps in the colors of facades (background, facade, window, door and "
        "8 more); --palette is for runs from photos to label maps."
    )
    with pytest.raises(UserError, match="There is no palette of label maps for 'maps'"):
        labels.palette_of_targets(tiny(), photo_and_labels, "maps")


def test_classes_are_not_mixed_by_resizing(tiny):
    # Between red and green, a bilinear resize shows what is nearest to a third class.
    palette = dataclasses.replace(PALETTE, colors=(RED, GREEN, (128, 128, 0)), names=("red", "green", "olive"))
    large = Split([""], lambda i: (gray_photo(0), image(*[RED, GREEN] * 9, size=36)))
    (classes,) = labels.class_maps(tiny(direction="a_to_b"), large, labels.TARGET, palette)
    assert classes.shape == (32, 32)
    assert set(np.unique(classes)) == {0, 1}


def test_class_maps_take_the_side_that_was_asked_for(tiny, photo_and_labels):
    for direction, side in (("a_to_b", labels.TARGET), ("b_to_a", labels.SOURCE)):
        maps = labels.class_maps(tiny(direction=direction), photo_and_labels, side, PALETTE)
        assert [np.mean(one) for one in maps] == [0, 1, 0.5]


def test_the_fcn_score_by_hand():
    """A classifier that sees green where a photo is bright."""

    def classifier(photo):
        return (photo[..., 0] > 100).astype(np.int32)

    classifier.palette = PALETTE
    bright, dark = image((200, 200, 200)), image((10, 10, 10))
    targets = [np.full((32, 32), 0), np.full((32, 32), 1)]
    targets[1][:8] = IGNORED
    found = labels.fcn_confusions(classifier, [dark, dark], [dark, bright], targets)
    assert {row: matrix.tolist() for row, matrix in found.items()} == {
        "real photos": [[1024, 0], [0, 768]],
        "real photos, against the label maps of other pictures": [[0, 1024], [768, 0]],
        "outputs": [[1024, 0], [768, 0]],
        "outputs, against the label maps of other pictures": [[1024, 0], [768, 0]],
    }
    found = labels.fcn_confusions(classifier, [dark, bright], [dark, bright], targets)
    assert found["outputs"].tolist() == [[1024, 0], [0, 768]]
    assert found["outputs, against the label maps of other pictures"].tolist() == [[0, 1024], [768, 0]]


def test_photo_to_labels_by_hand():
    targets = [PALETTE.classes(image(RED)), PALETTE.classes(image(RED, GREEN)), PALETTE.classes(image(BLUE))]
    # Blurred colors count as the nearest class; blue is none that an output may give, and as near to both.
    outputs = [image((200, 60, 30), (90, 160, 0)), image(BLUE), image(GREEN)]
    found = labels.label_confusions(PALETTE, outputs, targets)
    assert found["outputs"].tolist() == [[512 + 512, 512], [512, 0]]
    assert found["outputs, against the label maps of other pictures"].tolist() == [[1024, 512], [0, 512]]

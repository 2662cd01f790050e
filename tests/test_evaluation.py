"""All numbers of a run in one call: runs of tiny networks, on toy_facades where there are label maps."""

import json
import os
import types

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Config, Translator, UserError, build_generator
from pix2pix_tf.evaluation import inception
from pix2pix_tf.evaluation.evaluate import Settings, _add_values, _open, evaluate
from pix2pix_tf.evaluation.fcn import Classifier
from pix2pix_tf.palettes import palette_of
from pix2pix_tf.sides import Side
from pix2pix_tf.training.checkpoints import Best

TINY = {"image_size": 32, "base_filters": 2}


@pytest.fixture
def to_photos(untrained_run, toy_facades):
    return untrained_run(dataset="toy_facades", direction="b_to_a")


@pytest.fixture
def to_labels(untrained_run, toy_facades):
    return untrained_run(dataset="toy_facades", direction="a_to_b")


@pytest.fixture(scope="module")
def classifier_folder(tmp_path_factory):
    """An FCN-8s for the facades, with random weights."""
    folder = str(tmp_path_factory.mktemp("fcn"))
    held_out = {"per_pixel": 0.9, "per_class": 0.8, "iou": 0.7}
    Classifier(palette_of("toy_facades"), width=1, norm=True, held_out=held_out).save(folder, size=32, steps=1)
    return folder


@pytest.fixture(scope="module")
def measured(untrained_run, textured_pairs):
    """(the directory of a run of image pairs, its results with seed 4)."""
    run = untrained_run(data_dir=textured_pairs, batch_size=2)
    return run, evaluate(Settings(run, seed=4))


def test_fewer_pairs_than_a_training_batch_can_be_measured(untrained_run, textured_pairs):
    run = untrained_run(data_dir=textured_pairs, batch_size=8)
    assert len(_open(Settings(run)).split) == 2


def test_it_says_what_was_measured_and_how(measured):
    run, results = measured
    assert results["settings"] == {
        "workdir": run,
        "checkpoint": "latest",
        "weights": "auto",
        "split": "val",
        "limit": 0,
        "noise": True,
        "statistics": None,
        "seed": 4,
        "fcn": None,
        "palette": None,
        "fid": False,
        "inception_weights": None,
        "data_dir": None,
        "layout": None,
    }
    assert results["run"]["step"] == 1
    assert results["run"]["pictures"] == 2
    assert results["run"]["statistics"] == "image"
    assert set(results["run"]["versions"]) == {"python", "pix2pix_tf", "tensorflow", "keras", "numpy"}
    assert results["config"]["batch_size"] == 2
    assert Config(**results["config"]) == Translator.load(run).config
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_the_numbers_are_those_of_the_run_s_images(measured):
    run, results = measured
    translator = Translator.load(run)
    distances = []
    for i, image in enumerate(results["pictures"]):
        pair = np.asarray(Image.open(image["name"]))
        output = translator(pair[:, :32], seed=(4, i)).astype(float)
        distances.append(np.mean(np.abs(output - pair[:, 32:])) / 127.5)
        assert image["l1"] == pytest.approx(distances[-1], rel=1e-5)
    own = results["quality"]["its own input"]["l1"]
    assert own["mean"] == pytest.approx(np.mean(distances), rel=1e-5)
    assert [own["low"], own["high"]] == pytest.approx([min(distances), max(distances)], rel=1e-5)
    assert set(results["quality"]) == {"its own input", "the input of another picture", "mean training image"}
    assert "labels" not in results and "fcn" not in results and "fid" not in results


@pytest.mark.slow
def test_the_same_settings_give_the_same_numbers_and_others_do_not(measured):
    run, results = measured
    assert evaluate(Settings(run, seed=4)) == results
    changed = ({"noise": False}, {"seed": 1}, {"statistics": "batch"}, {"split": "train"})
    others = [evaluate(Settings(run, **{"seed": 4} | change)) for change in changed]
    assert all(other["pictures"] != results["pictures"] for other in others)
    assert others[2]["run"]["statistics"] == others[2]["config"]["inference_statistics"] == "batch"
    assert others[3]["run"]["pictures"] == 7


@pytest.mark.slow
def test_a_limit_takes_pairs_evenly(measured):
    run, _ = measured
    results = evaluate(Settings(run, split="train", limit=3))
    assert [os.path.basename(one["name"]) for one in results["pictures"]] == ["0.png", "2.png", "4.png"]


def test_a_colorization_keeps_the_lightness_and_is_compared_with_gray(untrained_run, textured_pairs):
    results = evaluate(Settings(untrained_run(data_dir=textured_pairs, task="colorize")))
    colors = results["colors"]
    assert colors["median_lightness_error"] < 0.5
    assert colors["intersection"]["L"] > 0.8
    assert set(colors["intersection_grey"]) == {"a", "b"}
    assert 0 <= colors["clipped_to_gamut"] < 1
    assert sum(results["histograms"]["truth"]["a"]) == 2 * 32 * 32


def test_other_tasks_have_intersections_only(measured):
    assert set(measured[1]["colors"]) == {"intersection"}


def pixels_of_each_class(facades):
    """Of the two validation pairs that the fixture toy_facades makes, at 32x32."""
    palette = palette_of("toy_facades")
    maps = [palette.classes(facades.drawing.draw_pair(seed)[1]) for seed in (10_000, 10_001)]
    return sum(np.bincount(one[4::8, 4::8].ravel(), minlength=len(palette.names)) for one in maps)


def test_photos_are_scored_by_a_classifier(to_photos, classifier_folder, toy_facades):
    results = evaluate(Settings(to_photos, fcn=classifier_folder))
    assert Classifier.load(classifier_folder).size == 32
    assert results["fcn"]["held_out"] == {"per_pixel": 0.9, "per_class": 0.8, "iou": 0.7}
    assert set(results["fcn"]["rows"]) == {
        "real photos",
        "real photos, against the label maps of other pictures",
        "outputs",
        "outputs, against the label maps of other pictures",
    }
    assert results["confusion"]["classes"] == list(palette_of("toy_facades").names)
    confusion = np.array(results["confusion"]["rows"]["outputs"])
    np.testing.assert_array_equal(confusion.sum(axis=1), pixels_of_each_class(toy_facades))
    assert results["fcn"]["rows"]["outputs"]["per_pixel"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert "colors" in results and "labels" not in results


def test_label_maps_are_scored_by_their_colors(to_labels, toy_facades):
    results = evaluate(Settings(to_labels))
    assert set(results["labels"]) == {"outputs", "outputs, against the label maps of other pictures"}
    confusion = np.array(results["confusion"]["rows"]["outputs"])
    np.testing.assert_array_equal(confusion.sum(axis=1), pixels_of_each_class(toy_facades))
    assert results["labels"]["outputs"]["per_pixel"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert "colors" not in results and "histograms" not in results


def test_a_classifier_needs_label_maps_as_inputs(to_labels, classifier_folder):
    with pytest.raises(UserError, match=r"^The inputs of this run are no label maps .*the classifier in /.* knows"):
        evaluate(Settings(to_labels, fcn=classifier_folder))


def test_a_folder_without_a_classifier(to_photos, tmp_path):
    with pytest.raises(UserError, match=f"^{tmp_path} holds no fcn.json, so it is no classifier; make one with"):
        evaluate(Settings(to_photos, fcn=str(tmp_path)))


def test_a_palette_needs_label_maps_as_targets(to_photos):
    with pytest.raises(UserError, match=r"^The targets of this run are no label maps in the colors of facades"):
        evaluate(Settings(to_photos, palette="facades"))


def test_a_run_without_checkpoint(tmp_path, textured_pairs):
    (tmp_path / "config.json").write_text(Config(data_dir=textured_pairs).to_json())
    with pytest.raises(UserError, match=f"^{tmp_path} has no checkpoint in checkpoints/; train there first"):
        evaluate(Settings(str(tmp_path)))


@pytest.mark.slow
def test_the_best_checkpoint(measured, untrained_run, textured_pairs):
    with pytest.raises(UserError, match="has kept no best checkpoint; train with --eval_every"):
        evaluate(Settings(measured[0], checkpoint="best"))
    run = untrained_run(data_dir=textured_pairs, eval_every=1)
    best = Translator(Config(**TINY), build_generator(Config(**TINY, seed=1), image_size=(None, None)))
    assert Best(run, "val_l1", {"generator": best.generator}, 0).offer(3, {"val_l1": 0.5})
    results = evaluate(Settings(run, checkpoint="best", noise=False))
    assert results["run"]["step"] == 3
    (first, *_) = results["pictures"]
    pair = np.asarray(Image.open(first["name"]))
    expected = np.mean(np.abs(best(pair[:, :32]).astype(float) - pair[:, 32:])) / 127.5
    assert first["l1"] == pytest.approx(expected, rel=1e-5)


def test_a_run_is_measured_on_other_pairs(measured, tmp_path):
    """Or on its own pairs whose folder has moved."""
    run, own = measured
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
    for number, image in enumerate(own["pictures"]):
        Image.open(image["name"]).save(tmp_path / "train" / f"{number}.png")
        Image.open(image["name"]).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(tmp_path / "val" / f"{number}.png")
    other = evaluate(Settings(run, seed=4, data_dir=str(tmp_path), split="train"))
    assert [image["l1"] for image in other["pictures"]] == [image["l1"] for image in own["pictures"]]
    assert other["settings"]["data_dir"] == other["config"]["data_dir"] == str(tmp_path)
    mean = np.mean([np.asarray(Image.open(image["name"]))[:, 32:] for image in other["pictures"]], axis=0)
    targets = [np.asarray(Image.open(image["name"]))[:, 32:] for image in other["pictures"]]
    expected = np.mean([np.abs(target - np.round(mean)).mean() / 127.5 for target in targets])
    assert other["quality"]["mean training image"]["l1"]["mean"] == pytest.approx(expected, rel=0.02)


def test_other_pairs_that_are_not_there(measured, tmp_path):
    with pytest.raises(UserError, match=f"{tmp_path}/none"):
        evaluate(Settings(measured[0], data_dir=f"{tmp_path}/none"))


def test_a_missing_split(to_photos):
    with pytest.raises(UserError) as error:
        evaluate(Settings(to_photos, split="dev"))
    assert str(error.value) == "toy_facades has no split 'dev'; --split must be one of train, val, test."


def test_a_split_of_one_pair(to_photos):
    with pytest.raises(UserError) as error:
        evaluate(Settings(to_photos, split="test"))
    assert str(error.value) == (
        "Split test has 1 pair, but an evaluation compares pairs with each other and needs at least 2; "
        "add pairs, or give another --split or --limit."
    )


def test_missing_inception_weights_are_told_before_the_work(to_photos, tmp_path):
    with pytest.raises(UserError, match=f"^FID needs the weights of Inception-v3, and {tmp_path}/none.h5 is missing"):
        evaluate(Settings(to_photos, fid=True, inception_weights=str(tmp_path / "none.h5")))


@pytest.mark.slow
def test_fid_is_that_of_outputs_and_targets(untrained_run, textured_pairs, monkeypatch):
    monkeypatch.setattr(inception, "load_inception", lambda path: lambda images, training: images[:, 100, 100])
    results = evaluate(Settings(untrained_run(data_dir=textured_pairs), fid=True))
    assert results["fid"]["fid"] > 0
    assert set(results["fid"]) == {"fid", "kid"}


@pytest.mark.slow
def test_numbers_that_json_does_not_know_are_null(untrained_run, textured_pairs, monkeypatch):
    """A perfect output has an infinite PSNR."""
    monkeypatch.setattr(Translator, "generate", lambda self, source, seeds=None: source)
    results = evaluate(Settings(untrained_run(data_dir=textured_pairs, task="inpaint")))
    own = results["quality"]["its own input"]
    assert own["l1"]["mean"] == 0.0
    assert own["psnr"] == {"mean": None, "low": None, "high": None}
    json.dumps(results, allow_nan=False)


def test_values_at_the_ends_of_a_range_are_counted():
    """0.1 is a little larger in float32, in which outputs are, than in float64."""
    side = Side(1, "float32", 0.0, 0.1)
    images = [side.from_network(np.full((2, 2, 1), value)).numpy() for value in (-1.0, 1.0, 5.0)]
    bulk = {}
    subject = types.SimpleNamespace(translator=types.SimpleNamespace(output=side))
    _add_values({}, bulk, subject, types.SimpleNamespace(outputs=images, targets=images[:1]))
    (outputs,), (targets,) = bulk["values"]["outputs"], bulk["values"]["truth"]
    assert (outputs[0], outputs[-1], outputs.sum()) == (4, 8, 12)
    assert (targets[0], targets.sum()) == (4, 4)

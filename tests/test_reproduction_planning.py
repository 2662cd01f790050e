"""What would spoil a table is found out before its runs begin, and runs that are there are kept only if they fit."""

import dataclasses

import pytest
from array_pairs import write_band_pairs
from reproduction_plans import plan_in

from pix2pix_tf import UserError
from pix2pix_tf.data.found_sides import settled
from pix2pix_tf.reproduction import planning
from pix2pix_tf.reproduction.experiments import EXPERIMENTS
from pix2pix_tf.reproduction.reproduce import reproduce
from pix2pix_tf.runs import new_config, save_config

pytest_plugins = ["reproduction_plans"]


@pytest.mark.parametrize(
    "changes, rows, sentence",
    [
        ({}, ["l2"], "There is no row 'l2'; the rows are l1, gan, cgan, l1_gan, l1_cgan."),
        (
            {"gan_weight": 1.0},
            ["l1"],
            "gan_weight is what the rows of the experiments decide; leave --gan_weight out.",
        ),
        (
            {"reconstruction": "l2"},
            ["l1"],
            "reconstruction is what the rows of the experiments decide; leave --reconstruction out.",
        ),
        ({"steps": 0}, ["l1"], "Give --steps, which is how long each row is trained."),
        (
            {"precision": "auto"},
            ["l1"],
            "precision auto may choose another one for each row; give float32, bfloat16 or float16.",
        ),
    ],
)
def test_mistakes_are_found_before_training(changes, rows, sentence, plan):
    with pytest.raises(UserError) as caught:
        reproduce(plan(**changes), "table1", rows)
    assert str(caught.value) == sentence


def test_label_maps_of_unknown_colors_are_refused_before_training(plan):
    unknown = dataclasses.replace(plan(), palette="my_pairs")
    with pytest.raises(UserError, match="There is no palette of label maps for 'my_pairs'; those of facades, "):
        reproduce(unknown, "table1", ["l1"])


def test_a_run_is_kept_with_what_training_has_recorded_of_its_data(tmp_path):
    planned = plan_in(tmp_path), EXPERIMENTS["table1"], "l1", 0
    config = new_config(planning.fields_of(*planned))
    save_config(settled(config), str(tmp_path / "run"))
    planning._check_run(str(tmp_path / "run"), config)
    with pytest.raises(UserError, match="was trained with input_channels=3, not 4"):
        planning._check_run(str(tmp_path / "run"), config.replace(input_channels=4))


def test_a_row_that_cannot_be_trained_is_refused_before_the_others_are(plan, tmp_path):
    with pytest.raises(UserError, match="receptive_field 286 needs an image_size of at least 96"):
        reproduce(plan(), "table3", [])
    assert list(tmp_path.glob("to_photo-*")) == []


def message(*arguments):
    with pytest.raises(UserError) as caught:
        reproduce(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("name", ["table1", "table6"])
def test_scores_need_label_maps(name, plan):
    assert message(plan(direction="a_to_b"), name, ["l1"]) == (
        "--direction=a_to_b does not lead from label maps in the colors of toy_facades to photos; "
        "give the other --direction or another --palette."
    )
    assert message(dataclasses.replace(plan(), palette="pix2pix_cityscapes"), name, ["l1"]) == (
        "--direction=b_to_a does not lead from label maps in the colors of pix2pix_cityscapes to photos; "
        "give the other --direction or another --palette."
    )
    assert message(dataclasses.replace(plan(), palette=None), name, ["l1"]) == (
        "--data_dir needs --palette, the data set in whose colors the label maps are; try --palette=facades."
    )


@pytest.mark.parametrize("name", ["figure7", "figure7_photos", "figure8", "rgb_vs_lab"])
def test_photos_are_needed_where_colors_are_measured(name, plan, tmp_path):
    assert message(plan(direction="a_to_b"), name, []) == (
        "--direction=a_to_b leads to label maps; give the other --direction, to photos."
    )
    assert list(tmp_path.glob("*-seed0")) == []


def test_a_folder_of_something_else_is_no_classifier(plan, tmp_path):
    (tmp_path / "fcn").mkdir()
    (tmp_path / "fcn" / "mine.txt").write_text("precious")
    assert message(plan(), "table1", []) == (
        f"{tmp_path}/fcn holds no fcn.json, so it is no classifier; make one with python -m pix2pix_tf.tools.train_fcn."
    )


def test_the_working_folder_must_be_one(plan, tmp_path):
    (tmp_path / "file").write_text("")
    wrong = dataclasses.replace(plan(), workdir=str(tmp_path / "file"))
    assert message(wrong, "figure8", []) == (
        f"{tmp_path}/file cannot be made a folder (File exists); give another --workdir."
    )


@pytest.mark.parametrize("name", ["figure7_photos", "figure8"])
def test_other_images_than_rgb_of_8_bits_are_refused(name, tmp_path):
    data = write_band_pairs(tmp_path / "bands")
    floats = {"input_channels": 5, "output_channels": 1, "input_dtype": "float32", "output_dtype": "float32"}
    assert message(plan_in(tmp_path, data_dir=data, direction="a_to_b", **floats), name, []) == (
        "The experiments are for RGB of 8 bits, but these data are other images; give other data."
    )

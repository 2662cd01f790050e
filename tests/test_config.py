"""Settings: what is allowed, how sizes are written, the paper's presets, and which settings a run takes."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pix2pix_tf.config import FORMAT_VERSION, Config
from pix2pix_tf.config_checks import without_effect
from pix2pix_tf.errors import UserError
from pix2pix_tf.presets import PRESETS, WITHOUT_DATA_SET, names_of_data_sets
from pix2pix_tf.runs import check_resumes, config_for_run, describe_new, load_config, read_metrics, save_config

# Paper, appendix 6.2: direction, epochs, batch size, jitter at 256, mirror.
PAPER = {
    "toy_facades": ("b_to_a", 200, 1, 286, True),
    "facades": ("b_to_a", 200, 1, 286, True),
    "cityscapes": ("b_to_a", 200, 1, 286, True),
    "pix2pix_cityscapes": ("b_to_a", 200, 1, 286, True),
    "maps": ("a_to_b", 200, 1, 286, True),
    "edges2shoes": ("a_to_b", 15, 4, 256, False),
    "edges2handbags": ("a_to_b", 15, 4, 256, False),
    "night2day": ("b_to_a", 17, 4, 286, True),
    "thermal2color": ("a_to_b", 10, 4, 256, False),
    "victorian400": ("a_to_b", 200, 1, 256, True),
    "colorization": ("a_to_b", 6, 4, 256, True),
    "inpainting": ("a_to_b", 25, 4, 256, False),
}


def refusal(function, *arguments, **fields):
    with pytest.raises(UserError) as caught:
        function(*arguments, **fields)
    return str(caught.value)


def run_directory(tmp_path, **fields):
    save_config(Config(**fields), tmp_path)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("layout", "zip", "auto, side_by_side, two_folders, photos"),
        ("task", "segment", "translate, colorize, colorize_rgb, inpaint"),
        ("direction", "AtoB", "a_to_b, b_to_a"),
        ("generator", "vit", "unet, encoder_decoder, resnet"),
        ("upsampling", "bilinear", "transposed, resize"),
        ("preprocess", "pad", "resize_and_crop, crop, scale_width, none"),
        ("norm", "layer", "batch, instance, none"),
        ("receptive_field", 34, "1, 16, 70, 286"),
        ("gan_loss", "wgan", "vanilla, lsgan, hinge"),
        ("label_smoothing", 0.6, "at most 0.5"),
        ("r1_weight", -1.0, "at least 0"),
        ("lr_schedule", "plateau", "constant, linear, cosine, step"),
        ("warmup_steps", -1, "at least 0"),
        ("discriminator_filters", -1, "at least 0"),
        ("max_images", -1, "at least 0"),
        ("reconstruction", "l3", "l1, l2"),
        ("precision", "float64", "float32, bfloat16, float16, auto"),
        ("inference_statistics", "moving", "image, batch"),
        ("cache_gigabytes", -1.0, "at least 0"),
        ("cache_gigabytes", "lots", "a number of gigabytes, or auto"),
        ("cache_gigabytes", None, "a number of gigabytes, or auto"),
        ("cache_gigabytes", float("nan"), "a finite number"),
        ("base_filters", 0, "at least 1"),
        ("dropout", -0.1, "at least 0"),
        ("dropout", 1.0, "at most 0.99"),
        ("gan_weight", -1.0, "at least 0"),
        ("reconstruction_weight", -1.0, "at least 0"),
        ("feature_matching_weight", -1.0, "at least 0"),
        ("perceptual_weight", -1.0, "at least 0"),
        ("epochs", 0, "at least 1"),
        ("steps", -1, "at least 0"),
        ("batch_size", 0, "at least 1"),
        ("learning_rate", -1e-4, "at least 0"),
        ("learning_rate", float("nan"), "a finite number"),
        ("reconstruction_weight", float("inf"), "a finite number"),
        ("beta_1", 1.0, "at most 0.999"),
        ("decay_epochs", -1, "at least 0"),
        ("seed", -1, "at least 0"),
        ("seed", 2**31, "at most 2147483647"),
        ("log_to", "csv,visdom", "tensorboard, csv, wandb, mlflow, not visdom"),
        ("log_every", 0, "at least 1"),
        ("sample_every", 0, "at least 1"),
        ("save_every", 0, "at least 1"),
        ("keep_checkpoints", 0, "at least 1"),
        ("validation_images", 0, "at least 1"),
        ("epochs", 2.5, "of type int"),
        ("batch_size", True, "of type int"),
        ("mirror", 1, "of type bool"),
        ("learning_rate", "fast", "of type float"),
        ("dataset", 7, "of type str"),
        ("image_size", "big", "a size like 256 or 256x512"),
        ("image_size", "256x256x3", "a size like 256 or 256x512"),
        ("image_size", 0, "a size like 256 or 256x512"),
        ("image_size", 256.0, "a size like 256 or 256x512"),
        ("jitter_size", "large", "a size like 256 or 256x512"),
    ],
)
def test_a_refused_value_is_named_with_its_field_and_what_is_allowed(field, value, allowed):
    message = refusal(Config, **{field: value})
    assert message.startswith(field)
    assert allowed in message
    assert message.endswith(f"Received: {value!r}.")


@pytest.mark.parametrize(
    "fields",
    [
        {"dropout": 0.0},
        {"dropout": 0.99},
        {"beta_1": 0.0},
        {"beta_1": 0.999},
        {"seed": 2**31 - 1},
        {"base_filters": 1},
        {"gan_weight": 0.0},
        {"reconstruction_weight": 0.0},
        {"gan_weight": 1},
        {"image_size": 32},
    ],
)
def test_the_ends_of_each_range_are_allowed(fields):
    assert dataclasses.asdict(Config(**fields)).items() >= fields.items()


def test_an_objective_without_any_term_is_refused():
    message = refusal(Config, gan_weight=0.0, reconstruction_weight=0.0)
    assert "gan_weight and reconstruction_weight are both 0" in message
    assert "set one of them" in message


def test_feature_matching_without_a_discriminator_is_refused():
    message = refusal(Config, gan_weight=0.0, feature_matching_weight=10.0)
    assert "feature_matching_weight" in message
    assert "set gan_weight above 0" in message


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"lr_schedule": "constant", "decay_epochs": 3}, "set decay_epochs 0."),
        ({"lr_schedule": "cosine"}, "lr_schedule cosine needs decay_epochs, but it is 0; set it above 0."),
        ({"discriminator_learning_rate": 1e-4, "learning_rate": 0.0}, "but that is 0; set it above 0."),
        ({"gan_loss": "hinge", "label_smoothing": 0.1}, "hinge has no labels; take vanilla or lsgan."),
        ({"perceptual_weight": 1.0, "task": "colorize"}, "or colorize with task colorize_rgb."),
        ({"preprocess": "crop", "jitter_size": 286}, "but preprocess crop resizes nothing; leave one out."),
        ({"r1_weight": 10.0, "precision": "float16"}, "its gradients vanish in float16; take precision bfloat16."),
    ],
)
def test_fields_that_contradict_each_other(fields, advice):
    assert refusal(Config, **fields).endswith(advice)


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().epochs = 3


def test_replace_validates():
    assert Config().replace(epochs=3) == Config(epochs=3)
    assert "epochs must be at least 1" in refusal(Config().replace, epochs=0)


@pytest.mark.parametrize(
    ("given", "written", "size"),
    [
        (256, 256, (256, 256)),
        ("256", 256, (256, 256)),
        ("256x256", 256, (256, 256)),
        ("256x512", "256x512", (256, 512)),
        ("256X512", "256x512", (256, 512)),
        ((512, 256), "512x256", (512, 256)),
        ([64, 64], 64, (64, 64)),
    ],
)
def test_sizes_have_one_written_form(given, written, size):
    config = Config(image_size=given)
    assert config.image_size == written
    assert config.size == size


@pytest.mark.parametrize(("given", "kept"), [("auto", "auto"), (2, 2.0), ("0.5", 0.5), (0, 0.0)])
def test_the_cache_is_a_number_or_automatic(given, kept):
    assert Config(cache_gigabytes=given).cache_gigabytes == kept
    assert Config.from_json(Config(cache_gigabytes=given).to_json()).cache_gigabytes == kept


@pytest.mark.parametrize(
    ("refused", "nearest"),
    [(250, "256"), (100, "96"), (31, "32"), (1, "32"), ("250x500", "256x512"), ("64x33", "64x32")],
)
def test_the_nearest_valid_size_is_named(refused, nearest):
    message = refusal(Config, image_size=refused)
    assert message.startswith("image_size")
    assert f"multiples of 32, such as {nearest}." in message
    assert f"Received: {refused}." in message
    nearest = Config(image_size=nearest)
    assert nearest.levels >= 5


@pytest.mark.parametrize(
    ("size", "levels"),
    [(256, 8), (128, 7), (64, 6), (32, 5), (96, 5), (512, 8), (1024, 8), ("256x512", 8), ("512x64", 6), ("256x96", 5)],
)
def test_levels_follow_from_the_size(size, levels):
    assert Config(image_size=size).levels == levels


@pytest.mark.parametrize(
    ("size", "jitter_size", "jitter"),
    [
        (256, None, (286, 286)),
        (128, None, (143, 143)),
        (64, None, (72, 72)),
        ("256x512", None, (286, 572)),
        (256, 0, (256, 256)),
        ("64x128", "0", (64, 128)),
        (256, 300, (300, 300)),
        (256, "300", (300, 300)),
        (256, "286x300", (286, 300)),
        (256, 256, (256, 256)),
    ],
)
def test_jitter_is_in_proportion_unless_given(size, jitter_size, jitter):
    assert Config(image_size=size, jitter_size=jitter_size).jitter == jitter


@pytest.mark.parametrize("jitter_size", [255, "300x255", "255x300"])
def test_jitter_below_the_size_is_refused(jitter_size):
    message = refusal(Config, jitter_size=jitter_size)
    assert message.startswith("jitter_size must be at least image_size 256, or 0")
    assert f"Received: {jitter_size}." in message


@pytest.mark.parametrize("size", [32, 64, "64x256", "256x64"])
def test_a_receptive_field_whose_map_would_be_empty_is_refused(size):
    message = refusal(Config, image_size=size, receptive_field=286)
    assert "receptive_field 286" in message
    assert f"image_size {size}" in message
    assert "receptive_field 70" in message


@pytest.mark.parametrize(("size", "field"), [(128, 286), (32, 70), (32, 16), (32, 1)])
def test_a_receptive_field_that_fits_is_allowed(size, field):
    assert Config(image_size=size, receptive_field=field).receptive_field == field


def test_the_presets_are_those_of_the_paper():
    assert PAPER.keys() == PRESETS.keys()


@pytest.mark.parametrize("name", PAPER)
def test_preset_follows_the_paper(name):
    config = Config.preset(name)
    assert (config.direction, config.epochs, config.batch_size, config.jitter[0], config.mirror) == PAPER[name]
    assert config.steps == 0
    assert config.task == {"colorization": "colorize", "victorian400": "colorize", "inpainting": "inpaint"}.get(
        name, "translate"
    )


def test_the_paper_names_what_no_preset_changes():
    config = Config()
    assert (config.learning_rate, config.beta_1, config.decay_epochs) == (2e-4, 0.5, 0)
    assert (config.gan_loss, config.gan_weight, config.conditional) == ("vanilla", 1.0, True)
    assert (config.reconstruction, config.reconstruction_weight, config.feature_matching_weight) == ("l1", 100.0, 0.0)
    assert (config.generator, config.base_filters, config.norm, config.dropout) == ("unet", 64, "batch", 0.5)
    assert (config.receptive_field, config.image_size, config.inference_statistics) == (70, 256, "image")


def test_a_preset_takes_changes():
    config = Config.preset("edges2shoes", epochs=3, image_size=128)
    assert (config.dataset, config.epochs, config.size, config.batch_size) == ("edges2shoes", 3, (128, 128), 4)


def test_cityscapes_is_short_for_the_data_set_of_this_project():
    assert Config.preset("cityscapes") == Config.preset("pix2pix_cityscapes")
    assert Config.preset("cityscapes").dataset == "pix2pix_cityscapes"


def test_an_unknown_preset_is_refused_with_all_names():
    message = refusal(Config.preset, "horses")
    assert "'horses'" in message
    assert all(name in message for name in PAPER)


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(image_size="256x512", jitter_size="286x600", task="colorize", mirror=False, learning_rate=1e-3),
        *map(Config.preset, PAPER),
    ],
)
def test_json_round_trip(config):
    assert Config.from_json(config.to_json()) == config


def test_json_holds_every_field_under_its_own_name():
    values = json.loads(Config(image_size=(64, 128)).to_json())
    assert list(values) == ["format_version", *[field.name for field in dataclasses.fields(Config)]]
    assert values["format_version"] == FORMAT_VERSION
    assert values["image_size"] == "64x128"
    assert values["jitter_size"] is None


def test_a_configuration_of_the_first_format_is_read():
    assert Config.from_json('{"epochs": 3, "image_size": "64x128"}') == Config(epochs=3, image_size="64x128")
    assert Config.from_json('{"format_version": 2, "epochs": 3}') == Config(epochs=3)


def test_a_field_that_json_lacks_takes_its_default():
    assert Config.from_json('{"epochs": 3}') == Config(epochs=3)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"epochs": 3, "spectral_norm": true}', "the configuration has unknown fields: spectral_norm; correct or"),
        ('{"epochs": 3', "the configuration is no sound JSON"),
        ("[256]", "the configuration must hold an object of JSON, not [256]"),
        (
            '{"format_version": 99, "b": 1, "a": 2}',
            "newer than the 2 that is known here, and the unknown fields a, b; up",
        ),
        ('{"format_version": 99}', "has format_version 99, newer than the 2 that is known here; update pix2pix_tf"),
        ('{"format_version": "2"}', "must have a whole number as its format_version. Received: '2'"),
        ('{"epochs": "3"}', "epochs must be of type int. Received: '3'"),
    ],
)
def test_json_that_is_no_config_is_refused(text, part):
    assert part in refusal(Config.from_json, text)


@pytest.mark.parametrize("content", [b'{"epochs": 3', b"", b"\xff", b"null"])
def test_a_damaged_config_json_is_named_with_its_path(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    assert refusal(load_config, str(tmp_path)).startswith(f"{tmp_path}/config.json ")


@pytest.mark.parametrize("value", [None, [], [1], {}, "x", True, -1, 1e300, float("nan")])
def test_an_odd_value_of_any_field_is_named_with_the_path(tmp_path, value):
    refused = 0
    for field in dataclasses.fields(Config):
        (tmp_path / "config.json").write_text(json.dumps({field.name: value}))
        try:
            load_config(str(tmp_path))
        except UserError as error:
            assert str(error).startswith(f"{tmp_path}/config.json: ")
            refused += 1
    assert refused > 20


def test_numpy_numbers_and_paths_are_taken():
    config = Config(
        data_dir=Path("d"),
        batch_size=np.int64(4),
        learning_rate=np.float32(0.5),
        mirror=np.bool_(False),
        dropout=np.int32(0),
    )
    assert config == Config(data_dir="d", batch_size=4, learning_rate=0.5, mirror=False, dropout=0.0)
    assert Config.from_json(config.to_json()) == config
    assert "batch_size must be of type int" in refusal(Config, batch_size=np.float64(2))
    assert "batch_size must be of type int" in refusal(Config, batch_size=np.ones(2))


def test_presets_without_a_data_set_need_a_folder(tmp_path):
    for name in WITHOUT_DATA_SET:
        assert "give --data_dir" in refusal(config_for_run, str(tmp_path), {"dataset": name})
        named = config_for_run(str(tmp_path), {"dataset": name, "data_dir": "d"})
        assert named == Config.preset(name, data_dir="d")
        assert name not in names_of_data_sets()
    assert set(names_of_data_sets()) | set(WITHOUT_DATA_SET) == set(PRESETS)


def test_a_new_run_takes_the_preset_of_its_data_set(tmp_path):
    config = config_for_run(str(tmp_path / "new"), {"dataset": "edges2shoes", "image_size": 128})
    assert config == Config.preset("edges2shoes", image_size=128)
    assert not (tmp_path / "new").exists()


def test_a_new_run_of_nothing_in_particular_is_of_toy_facades(tmp_path):
    assert config_for_run(str(tmp_path), {}) == Config.preset("toy_facades")


def test_a_new_run_of_a_folder_takes_no_preset_unless_one_is_named(tmp_path):
    assert config_for_run(str(tmp_path), {"data_dir": "d"}) == Config(data_dir="d")
    named = config_for_run(str(tmp_path), {"data_dir": "d", "dataset": "night2day"})
    assert named == Config.preset("night2day", data_dir="d")


def test_a_data_set_without_preset_takes_the_defaults(tmp_path):
    assert config_for_run(str(tmp_path), {"dataset": "my_set"}) == Config(dataset="my_set")


def test_a_folder_of_other_files_is_no_run_directory(tmp_path):
    (tmp_path / "thesis.tex").touch()
    message = refusal(config_for_run, str(tmp_path), {})
    assert message.startswith(str(tmp_path))
    assert "no config.json" in message and "another --workdir" in message


@pytest.mark.parametrize("left", [".lock", "config.json.tmp", ".tmp-0123abcd.json"])
def test_what_a_run_leaves_that_was_killed_in_its_first_moment_is_nothing(tmp_path, left):
    (tmp_path / left).touch()
    assert config_for_run(str(tmp_path), {"epochs": 3}).epochs == 3


def test_a_resumed_run_keeps_its_settings(tmp_path):
    workdir = run_directory(tmp_path, dataset="maps", image_size=64, norm="instance")
    assert config_for_run(workdir, {}) == Config(dataset="maps", image_size=64, norm="instance")


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("image_size", 64, "64x128"),
        ("norm", "batch", "none"),
        ("batch_size", 1, 4),
        ("seed", 0, 7),
        ("mirror", True, False),
        ("dataset", "maps", "facades"),
        ("beta_1", 0.5, 0.9),
    ],
)
def test_a_contradicting_setting_is_refused(tmp_path, field, old, new):
    workdir = run_directory(tmp_path, **{"dataset": "maps", "image_size": 64, field: old})
    message = refusal(config_for_run, workdir, {field: new})
    assert f"{workdir} was started with {field}={old!r}, not {new!r};" in message
    assert f"leave --{field} out to resume it" in message and "another --workdir" in message


def test_a_path_with_a_nul_character_is_a_sentence():
    assert refusal(config_for_run, "a\0b", {}) == (
        "A run directory's path must hold no NUL character. Received: 'a\\x00b'."
    )
    assert refusal(Config, data_dir="a\0b") == "data_dir must hold no NUL character. Received: 'a\\x00b'."


def test_files_of_a_run_that_cannot_be_read_are_named(tmp_path, monkeypatch):
    workdir = run_directory(tmp_path)
    (tmp_path / "metrics.jsonl").mkdir()
    sentence = f"{workdir}/metrics.jsonl cannot be read (Is a directory); check its permissions, or restore it from a"
    assert refusal(read_metrics, workdir).startswith(sentence)
    (tmp_path / "metrics.jsonl").rmdir()
    os.mkfifo(tmp_path / "metrics.jsonl")
    assert refusal(read_metrics, workdir) == sentence.replace("directory", "named pipe") + " copy."
    monkeypatch.setattr("os.path.isfile", lambda path: True)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").mkdir()
    assert "config.json cannot be read (Is a directory); check its" in refusal(load_config, workdir)


def test_a_file_is_no_run_directory(tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "run"):
        message = refusal(config_for_run, str(workdir), {})
        assert message == f"{workdir} cannot be a run directory (Not a directory); give another --workdir."
        assert refusal(save_config, Config(), str(workdir)).startswith(f"{workdir} cannot be made a folder (")


def test_the_same_data_may_be_written_in_another_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "other"):
        (tmp_path / folder).mkdir()
    stored = Config(data_dir="data")
    for same in ("data/", "./data", str(tmp_path / "data"), "other/../data"):
        check_resumes("run", stored, Config(data_dir=same))
    assert "started with data_dir='data', not 'other'" in refusal(
        check_resumes, "run", stored, Config(data_dir="other")
    )
    assert "started with data_dir='data', not ''" in refusal(check_resumes, "run", stored, Config())


def test_data_that_have_moved_are_named_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moved").mkdir()
    workdir = run_directory(tmp_path / "run", data_dir="data", norm="instance")
    assert config_for_run(workdir, {"data_dir": "moved"}) == Config(data_dir="moved", norm="instance")


def test_a_new_run_says_what_it_takes_and_names_runs_that_may_be_meant(tmp_path):
    run_directory(tmp_path / "faces-translate")
    (tmp_path / "faces-translated").mkdir()
    assert describe_new(f"{tmp_path}/face-translate", Config()) == (
        f"new run in {tmp_path}/face-translate, on toy_facades; to resume a run, give --workdir as it is called: "
        f"{tmp_path}/faces-translate"
    )
    assert describe_new(f"{tmp_path}/something", Config(data_dir="d")) == f"new run in {tmp_path}/something, on d"


def test_runs_beside_a_new_one_may_be_hidden(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError("not to be listed")

    monkeypatch.setattr("os.listdir", refuse)
    assert describe_new(f"{tmp_path}/run", Config()) == f"new run in {tmp_path}/run, on toy_facades"


def test_repeating_a_setting_in_another_form_contradicts_nothing(tmp_path):
    workdir = run_directory(tmp_path, dataset="pix2pix_cityscapes", image_size=64)
    config = config_for_run(workdir, {"dataset": "cityscapes", "image_size": "64x64"})
    assert (config.dataset, config.image_size) == ("pix2pix_cityscapes", 64)


@pytest.mark.parametrize(
    "field",
    [
        "steps",
        "epochs",
        "save_every",
        "log_every",
        "sample_every",
        "eval_every",
        "keep_checkpoints",
        "validation_images",
        "cache_gigabytes",
    ],
)
def test_what_does_not_touch_the_model_may_change(tmp_path, field):
    workdir = run_directory(tmp_path)
    assert getattr(config_for_run(workdir, {field: 17}), field) == 17


def test_only_these_fields_may_change():
    changeable = {field.name for field in dataclasses.fields(Config) if field.metadata["may_change"]}
    assert changeable == {
        *("steps", "epochs", "save_every", "log_every", "sample_every", "eval_every", "best_metric"),
        *("keep_checkpoints", "validation_images", "cache_gigabytes", "skip_bad_images", "strategy", "layout"),
        *("precision", "compile", "learning_rate", "discriminator_learning_rate", "lr_schedule", "decay_epochs"),
        *("warmup_steps", "output_format", "display_channels", "log_to", "vgg_weights"),
    }


def test_giving_epochs_to_a_run_counted_in_steps_counts_in_epochs(tmp_path):
    workdir = run_directory(tmp_path, steps=500)
    assert config_for_run(workdir, {}).steps == 500
    counted = config_for_run(workdir, {"epochs": 9})
    assert (counted.epochs, counted.steps) == (9, 0)
    both = config_for_run(workdir, {"epochs": 9, "steps": 700})
    assert (both.epochs, both.steps) == (9, 700)


def test_a_saved_config_replaces_the_old_one_and_leaves_nothing_behind(tmp_path):
    for epochs in (1, 2):
        save_config(Config(epochs=epochs), tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]
    assert Config.from_json((tmp_path / "run" / "config.json").read_text()) == Config(epochs=2)


def test_every_field_has_a_help_text():
    assert all(len(field.metadata["help"]) > 10 for field in dataclasses.fields(Config))


def test_settings_need_no_tensorflow():
    code = "import sys, pix2pix_tf; pix2pix_tf.Config(); print({'tensorflow', 'keras', 'numpy'} & sys.modules.keys())"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"


def test_channels_and_ranges_are_read_as_people_write_them():
    config = Config(input_channels="5", input_range="-1000,3000", output_range=[0, 1], display_channels="4, 0,1")
    assert (config.input_channels, config.input_range, config.output_range) == (5, (-1000.0, 3000.0), (0.0, 1.0))
    assert config.display_channels == "4,0,1"
    assert Config.from_json(config.to_json()) == config
    assert json.loads(config.to_json())["input_range"] == [-1000.0, 3000.0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input_channels": 0}, "input_channels must be a number from 1 to 1000, or auto. Received: 0."),
        ({"output_channels": "many"}, "Received: 'many'"),
        (
            {"input_range": "5,5"},
            "input_range must be LOW,HIGH with LOW below HIGH, or auto, or data. Received: '5,5'.",
        ),
        ({"output_range": "9,1"}, "output_range must be LOW,HIGH with LOW below HIGH"),
        ({"output_range": "0,inf"}, "LOW below HIGH"),
        ({"output_range": "low"}, "LOW below HIGH"),
        ({"input_dtype": "float64"}, "input_dtype must be one of auto, uint8, uint16, int16, float32"),
        ({"display_channels": "1,2"}, "display_channels must be three numbers such as 3,2,1"),
        ({"display_channels": "7,8,9", "input_channels": 9, "output_channels": 1}, "so the last one is 8"),
        ({"task": "colorize", "input_channels": 1}, "task colorize needs RGB of 8 bits"),
        ({"task": "colorize_rgb", "output_dtype": "uint16"}, "task colorize_rgb needs RGB of 8 bits"),
        ({"task": "inpaint", "output_channels": 4}, "task inpaint has one kind of image"),
        ({"output_format": "png", "output_dtype": "float32"}, "output_format png holds uint8 and uint16"),
        ({"output_format": "png", "output_channels": 5}, "take tiff or npy"),
    ],
)
def test_wrong_kinds_of_data_are_one_sentence(fields, message):
    with pytest.raises(UserError, match=re.escape(message)):
        Config(**fields)


def test_what_the_data_were_found_to_be_stands_when_a_run_is_resumed(tmp_path):
    workdir = run_directory(tmp_path, input_channels=5, input_dtype="float32", input_range=(0, 2))
    config = config_for_run(workdir, {"input_channels": "auto", "input_range": "data"})
    assert (config.input_channels, config.input_range) == (5, (0.0, 2.0))
    with pytest.raises(UserError, match=r"input_range=\(0\.0, 2\.0\), not \(0\.0, 3\.0\)"):
        config_for_run(workdir, {"input_range": "0,3"})


def test_settings_without_effect_are_told():
    assert without_effect(Config(r1_weight=1.0, label_smoothing=0.1, eval_every=5, best_metric="val_ssim")) == []
    lone = {"label_smoothing": 0.1, "r1_weight": 1.0, "discriminator_learning_rate": 1e-3, "discriminator_filters": 8}
    assert without_effect(Config(gan_weight=0.0, **lone)) == [
        f"{name}={value!r} has no effect, as gan_weight is 0.0" for name, value in lone.items()
    ]
    assert without_effect(Config(best_metric="val_ssim", layout="photos", task="colorize")) == [
        "best_metric='val_ssim' has no effect, as eval_every is 0",
        "layout='photos' has no effect, as data_dir is ''",
    ]

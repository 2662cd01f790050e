"""train.py as people type it: help, defaults, continued runs, quiet output, and one clear line for each mistake."""

import dataclasses
import os
import runpy
import shutil
from pathlib import Path

import pytest
from absl import flags

from pix2pix_tf import Config
from pix2pix_tf.runs import save_config
from pix2pix_tf.training import loop

SMALL = ("--image_size=32", "--base_filters=2", "--receptive_field=16")
CHATTER = ("oneDNN", "cuInit", "I0000", "E0000", "WARNING", "Warning", "tensorflow_io", "Traceback")


@pytest.fixture
def only_its_flags():
    """Takes the flags that other scripts defined in this process away, and afterwards the test's own."""
    others = {n: flags.FLAGS[n] for n in flags.FLAGS if flags.FLAGS.find_module_defining_flag(n) != "absl.logging"}
    kept = set(flags.FLAGS) - set(others)
    for name in others:
        delattr(flags.FLAGS, name)
    yield
    for name in set(flags.FLAGS) - kept:
        delattr(flags.FLAGS, name)
    for name, flag in others.items():
        if name == flag.name:  # A short name comes along.
            flags.FLAGS[name] = flag


@pytest.fixture
def type_train_py(tmp_path, monkeypatch, only_its_flags):
    """Types `train.py` with arguments in an empty folder, in this process: it returns or raises SystemExit."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    command = runpy.run_module("pix2pix_tf.tools.train")["command"]

    def type_train_py(*arguments):
        flags.FLAGS.unparse_flags()
        monkeypatch.setattr("sys.argv", ["train.py", *arguments])
        command()

    return type_train_py


@pytest.fixture
def trained(monkeypatch):
    """Catches what train.py would train: a list of (config, run directory)."""
    calls = []
    monkeypatch.setattr(loop, "train", lambda config, workdir: calls.append((config, workdir)))
    return calls


def files_below(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


# Flags


def test_help_lists_every_setting_and_does_not_wait_for_tensorflow(run_train_py):
    _, output, imports = run_train_py("--help", python_flags=("-X", "importtime"))
    for name in ("workdir", *(field.name for field in dataclasses.fields(Config))):
        assert f"\n  --{name}:" in output or f"\n  --[no]{name}:" in output, name
    assert "pix2pix_tf.config" in imports
    assert not any(name in imports for name in ("tensorflow", "keras", "matplotlib"))


@pytest.mark.parametrize(
    "arguments, workdir, expected",
    [
        ([], "runs/toy_facades-translate", Config.preset("toy_facades")),
        (["--dataset=maps", "--epochs=3"], "runs/maps-translate", Config.preset("maps", epochs=3)),
        (["--task=colorize"], "runs/toy_facades-colorize", Config.preset("toy_facades", task="colorize")),
        (["--data_dir=my/faces/"], "runs/faces-translate", Config(data_dir="my/faces/")),
        (["--workdir=w", "--data_dir=d", "--nomirror"], "w", Config(data_dir="d", mirror=False)),
        (["--image_size=256x512", "--learning_rate=1e-3"], None, {"image_size": "256x512", "learning_rate": 0.001}),
        (["--jitter_size=0", "--dropout=0", "--seed=5"], None, {"jitter_size": 0, "dropout": 0.0, "seed": 5}),
        (["--conditional=false", "--deterministic"], None, {"conditional": False, "deterministic": True}),
    ],
)
def test_flags_become_the_configuration(type_train_py, trained, arguments, workdir, expected):
    type_train_py(*arguments)
    config = expected if isinstance(expected, Config) else Config.preset("toy_facades", **expected)
    assert trained == [(config, workdir or "runs/toy_facades-translate")]


def test_the_default_run_directory_is_named_after_the_folder_where_one_stands(type_train_py, trained):
    type_train_py("--data_dir=.")
    assert trained[0][1] == "runs/here-translate"


def test_a_run_directory_alone_is_enough_to_continue(type_train_py, trained):
    config = Config(data_dir="d", base_filters=8, task="colorize", steps=30)
    save_config(config, "w")
    type_train_py("--workdir=w")
    type_train_py("--workdir=w", "--steps=50", "--save_every=5")
    assert trained == [(config, "w"), (config.replace(steps=50, save_every=5), "w")]


# Mistakes


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--task=paint"], "task must be one of translate, colorize, colorize_rgb, inpaint. Received: 'paint'."),
        (["--image_size=100"], "such as 96. Received: 100."),
        (["--image_size=big"], "image_size must be a size like 256 or 256x512"),
        (["--learning_rate=nan"], "learning_rate must be a finite number"),
        (["--steps=-1"], "steps must be at least 0. Received: -1."),
        (["--dataset=nosuch"], "There is no TFDS data set 'nosuch'"),
        (["--data_dir=nowhere"], "data_dir nowhere is not a folder"),
        (["--data_dir=../empty"], "../empty holds no images"),
        (["--data_dir=../images"], "../images/01.png cannot be decoded"),
        (["--data_dir=../images", "--batch_size=9"], "batch_size 9 is larger than the 1 training pairs"),
        (["200"], "Unexpected argument '200'; settings are flags such as --steps=200, see --help."),
        (["--workdir=../images"], "../images holds files but no config.json"),
        (["--workdir=../run", "--base_filters=8"], "was started with base_filters=64, not 8; leave --base_filters out"),
        (["--workdir=../broken"], "broken/config.json is no sound JSON"),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_is_written(type_train_py, draw, tmp_path, arguments, message):
    draw(".", [0, 1])
    for name in ("00.png", "01.png"):
        (tmp_path / "images" / name).write_bytes((tmp_path / "images" / name).read_bytes()[:60])
    save_config(Config(), str(tmp_path / "run"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text('{"steps": ')
    before = files_below(tmp_path)
    with pytest.raises(SystemExit) as end:
        type_train_py(*arguments)
    assert end.value.code.startswith("error: ")
    assert message in end.value.code
    assert "\n" not in end.value.code
    assert files_below(tmp_path) == before
    assert os.listdir() == []


def assert_is_one_line_of_error(result, *words):
    status, output, errors = result
    assert status == 1
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert "Traceback" not in output + errors
    for word in words:
        assert word in errors


@pytest.mark.parametrize("argument", ["--steps=many", "--no_such_flag=1"])
def test_a_flag_that_cannot_be_parsed_is_one_clear_line_too(run_train_py, argument):
    assert_is_one_line_of_error(run_train_py(argument), argument.split("=")[0].lstrip("-"))


# The real thing


def test_a_real_run_is_quiet_and_is_protected_from_other_settings(textured_pairs, tmp_path, run_train_py):
    data = shutil.copytree(textured_pairs, tmp_path / "faces")
    run = tmp_path / "cwd" / "runs" / "faces-translate"
    status, output, errors = run_train_py(f"--data_dir={data}", *SMALL, "--steps=2", "--log_every=1")
    assert (status, errors) == (0, "")
    assert not [word for word in CHATTER if word in output]
    assert "trained to step 2; everything is in runs/faces-translate:\n" in output
    assert {"config.json", "losses.png", "metrics.jsonl"} < set(os.listdir(run))

    before = files_below(run)
    contradiction = run_train_py("--workdir=runs/faces-translate", "--task=colorize", "--steps=5")
    assert_is_one_line_of_error(contradiction, "runs/faces-translate was started with task='translate', not 'colorize'")
    for image in (data / "train").iterdir():
        image.write_bytes(image.read_bytes()[:200])
    unreadable = run_train_py("--workdir=runs/faces-translate", "--steps=5")
    assert_is_one_line_of_error(unreadable, str(data / "train"), ".png cannot be decoded")
    after = files_below(run)
    assert {path: after[path] for path in before if path.name != "config.json"} == {
        path: before[path] for path in before if path.name != "config.json"
    }


def test_a_new_run_says_which_preset_it_takes(type_train_py, trained, capsys):
    type_train_py("--dataset=edges2shoes")
    preset = "preset edges2shoes: direction=a_to_b, epochs=15, batch_size=4, jitter_size=0, mirror=False\n"
    assert capsys.readouterr().out == preset
    type_train_py("--data_dir=.")
    assert capsys.readouterr().out == ""


def test_the_default_run_directory_is_named_after_the_presets_task(type_train_py, trained):
    type_train_py("--dataset=victorian400")
    type_train_py("--dataset=victorian400", "--task=colorize_rgb")
    assert [workdir for _, workdir in trained] == ["runs/victorian400-colorize", "runs/victorian400-colorize_rgb"]

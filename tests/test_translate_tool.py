"""Folders of images: names, resuming, what is bad or refused, runs and exports, the gallery, the tool itself."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageFilter

from pix2pix_tf import Config, Translator, UserError, build_generator, images
from pix2pix_tf.exporting import signatures
from pix2pix_tf.folder_translation import models, translate_folder, translate_split
from pix2pix_tf.folder_translation.items import find_items, halved, output_names
from pix2pix_tf.runs import save_config
from pix2pix_tf.tiling import TiledTranslator
from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.utils.image_files import list_images

STEP = 7
EXPORTED_PIXELS = 5000


def texture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save_run(workdir, weight=5.0, **changes):
    """A run directory with a network that was never trained, but makes something of its input."""
    config = Config(image_size=32, base_filters=2, **changes)
    generator = build_generator(config)
    for variable in generator.variables:
        variable.assign(variable * (weight if variable.path.endswith("kernel") else 1.0))
    save_config(config, str(workdir))
    checkpoints = Checkpoints(str(workdir), 1, {"generator": generator}, {})
    checkpoints.step.assign(STEP)
    checkpoints.save()
    return str(workdir)


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory):
    return save_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def translator(run_dir):
    return Translator.load(run_dir)


@pytest.fixture(scope="session")
def model(run_dir):
    return models.open_run(run_dir)


@pytest.fixture(scope="session")
def model_base(translator, tmp_path_factory):
    """MODEL_BASE with the same export as versions 9 and 10, which accept up to EXPORTED_PIXELS."""
    base = tmp_path_factory.mktemp("facades")
    signatures.save(translator.config, translator.generator, EXPORTED_PIXELS, str(base / "9"))
    shutil.copytree(base / "9", base / "10")
    return str(base)


@pytest.fixture
def folder(tmp_path):
    """folder(a=…) writes {name: uint8 array or bytes} below a new folder, and returns its path."""

    def folder(images, root="in"):
        for name, content in images.items():
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                Image.fromarray(content).save(path)
        return str(tmp_path / root)

    return folder


@pytest.fixture
def out(tmp_path):
    return str(tmp_path / "out")


def outputs(root):
    """{path: bytes} of the outputs below an output folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(Path(root).rglob("*.png"))}


def files(root):
    """{path: bytes} of all files below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(Path(root).rglob("*")) if path.is_file()}


# Names


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["a.jpg", "sub/a.png", "x.v1.TIFF"], ["a.png", "sub/a.png", "x.v1.png"]),
        (["a.jpg", "a.png", "b.gif"], ["a.jpg.png", "a.png.png", "b.png"]),
        (["A.png", "a.jpg"], ["A.png.png", "a.jpg.png"]),
        (["a.jpg", "a.jpg.webp", "a.png"], ["a.jpg.png", "a.jpg.webp.png", "a.png.png"]),
        (["x.jpg", "x.png/y.jpg"], ["x.jpg.png", "x.png/y.png"]),
        (["X.jpg", "x.jpg.png/y.jpg", "x.png/y.jpg"], ["X.jpg_.png", "x.jpg.png/y.png", "x.png/y.png"]),
    ],
)
def test_no_two_images_share_an_output(found, expected):
    assert list(output_names(found).values()) == expected
    assert output_names(found[::-1]) == output_names(found)


def test_a_folder_that_is_called_as_an_output(folder, tmp_path):
    copies = models.Model(lambda image, name: image, {"model": "m", "seed": None, "size": "own"}, Config())
    root = folder(
        {"x.jpg": texture(20, 30), "x.png/y.jpg": texture(20, 30, 1), "x.png/deep/z.jpg": b"", "s/u.jpg": b""}
    )
    assert [item.output for item in find_items(f"{root}/x.jpg").all] == ["x.jpg.png"]
    shutil.rmtree(f"{root}/s")
    shutil.rmtree(f"{root}/x.png/deep")
    made = {}
    for name, order in (("one", ("/x.jpg", "")), ("two", ("", "/x.jpg"))):
        outcomes = [translate_folder(copies, root + given, str(tmp_path / name)) for given in order]
        assert [outcome.bad for outcome in outcomes] == [[], []]
        assert sum(outcome.made for outcome in outcomes) == 2
        made[name] = {path: content for path, content in files(tmp_path / name).items() if path.endswith(".png")}
    assert list(made["one"]) == ["x.jpg.png", "x.png/y.png"]
    assert made["one"] == made["two"]


def test_a_single_file_has_the_name_that_it_has_in_its_folder(folder, monkeypatch):
    root = folder({"a.jpg": b"", "a.png": b"", "b.png": b"", "sub/c.png": b"", "odd.data": b""})
    for name, output in (("a.jpg", "a.jpg.png"), ("b.png", "b.png"), ("odd.data", "odd.png")):
        (item,) = find_items(f"{root}/{name}").chosen
        assert (item.name, item.output) == (name, output)
    monkeypatch.chdir(root)
    assert find_items("b.png").chosen[0].path == "./b.png"


# Outputs


def test_any_mixture_of_kinds_sizes_and_subfolders(folder, out, model, translator):
    root = folder({"a.png": texture(33, 47), "sub/b.bmp": texture(1, 5), "sub/deep/c.tiff": texture(64, 32)})
    Image.fromarray(texture(20, 30)).save(f"{root}/photo.jpg", exif=rotated())
    Image.fromarray(texture(20, 30)[..., 0]).save(f"{root}/gray.gif")
    Image.fromarray(np.dstack([texture(20, 30), texture(20, 30)[..., 0]])).save(f"{root}/clear.webp", lossless=True)
    outcome = translate_folder(model, root, out)
    assert (outcome.made, outcome.kept, outcome.bad) == (6, 0, [])
    found = list_images(root)
    assert sorted(outputs(out)) == sorted(f"{os.path.splitext(name)[0]}.png" for name in found)
    for name in found:
        expected = translator(images.read_image(f"{root}/{name}"))
        np.testing.assert_array_equal(images.read_image(f"{out}/{os.path.splitext(name)[0]}.png"), expected)
    assert images.read_image(f"{out}/photo.png").shape == (30, 20, 3)


def rotated():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_a_seed_turns_noise_on_the_same_for_each_image(folder, out, run_dir, translator):
    root = folder({"a.png": texture(33, 47), "b.png": texture(33, 47)})
    translate_folder(models.open_run(run_dir, seed=3), root, out)
    made = images.read_image(f"{out}/a.png")
    np.testing.assert_array_equal(made, translator(texture(33, 47), seed=3))
    np.testing.assert_array_equal(made, images.read_image(f"{out}/b.png"))
    assert np.any(made != translator(texture(33, 47)))


def test_large_images_are_translated_in_tiles(folder, out, run_dir):
    translator = Translator.load(run_dir, size="own")
    large, small = texture(1200, 40), texture(999, 40)
    root = folder({"large.png": large, "small.png": small})
    translate_folder(models.open_run(run_dir, tile_above=0.04, size="own"), root, out)
    expected = TiledTranslator(translator, copy_pixels=40_000)(large)
    np.testing.assert_array_equal(images.read_image(f"{out}/large.png"), expected)
    np.testing.assert_array_equal(images.read_image(f"{out}/small.png"), translator(small))
    assert np.any(expected != translator(large))


@pytest.mark.parametrize(("preprocess", "in_tiles"), [("crop", True), ("resize_and_crop", False)])
def test_large_images_that_training_would_not_resize_are_translated_in_tiles(
    tmp_path, monkeypatch, preprocess, in_tiles
):
    monkeypatch.setattr(models, "TiledTranslator", lambda *_, **__: lambda image: "in tiles")
    monkeypatch.setattr(Translator, "__call__", lambda *_: "whole")
    model = models.open_run(save_run(tmp_path / "run", preprocess=preprocess), tile_above=0.04)
    made = [model.translate(texture(height, 40), "x") for height in (1200, 999)]
    assert made == ["in tiles" if in_tiles else "whole", "whole"]


@pytest.mark.parametrize("task", ["colorize", "colorize_rgb", "inpaint"])
def test_all_tasks_take_gray_and_color(task, folder, out, tmp_path, monkeypatch):
    run_dir = save_run(tmp_path / "run", task=task)
    translator = Translator.load(run_dir)
    monkeypatch.setattr(Translator, "load", lambda *_: translator)  # So that its graph is traced once.
    root = folder({"color.png": texture(40, 50), "gray.png": texture(40, 50)[..., 0]})
    assert translate_folder(models.open_run(run_dir), root, out).bad == []
    for name in ("color.png", "gray.png"):
        expected = translator(images.read_image(f"{root}/{name}"))
        np.testing.assert_array_equal(images.read_image(f"{out}/{name}"), expected)


# Pairs, and a run's own data


@pytest.fixture(scope="session")
def paired_run(tmp_path_factory):
    """A run that was trained on side-by-side pairs, three of them in train and two in val."""
    root = tmp_path_factory.mktemp("paired")
    for number in range(5):
        path = root / "data" / ("train" if number < 3 else "val") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(texture(32, 64, number)).save(path)
    data = str(root / "data")
    return save_run(root / "run", data_dir=data, direction="b_to_a")


def test_of_pairs_as_in_training_the_input_half_is_translated(paired_run, folder, out, capsys):
    model = models.open_run(paired_run)
    root = folder({"pair.png": texture(32, 64, 9), "photo.png": texture(32, 32, 9)})
    assert translate_folder(model, root, out).bad == []
    assert capsys.readouterr().out.splitlines()[0] == (
        "1 of 2 images are side-by-side pairs as in training: their right halves are translated, the others are "
        "targets (--layout=photos takes whole images)"
    )
    assert_made(out, {"pair.png": texture(32, 64, 9)[:, 32:], "photo.png": texture(32, 32, 9)}, model)
    thumbnail = np.asarray(Image.open(f"{out}/gallery/target/pair.png.jpg")).astype(int)
    left, right = np.split(texture(32, 64, 9), 2, axis=1)
    assert np.abs(thumbnail - left).mean() < 0.8 * np.abs(thumbnail - right).mean()
    assert not os.path.exists(f"{out}/gallery/target/photo.png.jpg")


def assert_made(out, sources, model):
    """The outputs are those of these images, and there are no others."""
    assert sorted(outputs(out)) == sorted(sources)
    for name, source in sources.items():
        np.testing.assert_array_equal(images.read_image(f"{out}/{name}"), model.translate(source, name))


def test_a_layout_may_be_given(paired_run, folder, tmp_path):
    model = models.open_run(paired_run)
    root = folder({"pair.png": texture(32, 64, 9)})
    translate_folder(model, root, str(tmp_path / "photos"), layout="photos")
    assert_made(tmp_path / "photos", {"pair.png": texture(32, 64, 9)}, model)
    wide = folder({"wide.png": texture(16, 64, 9)}, "wide")
    translate_folder(model, wide, str(tmp_path / "halves"), layout="side_by_side")
    assert_made(tmp_path / "halves", {"wide.png": texture(16, 64, 9)[:, 32:]}, model)


def test_pairs_whose_run_has_lost_its_data_are_not_taken_for_photos_in_silence(folder, tmp_path, capsys):
    model = models.open_run(save_run(tmp_path / "run", data_dir="moved", direction="b_to_a"))
    root = folder({"pair.png": texture(32, 64, 9)})
    translate_folder(model, root, str(tmp_path / "out"))
    assert capsys.readouterr().err.splitlines()[0] == (
        "warning: moved, which the run was trained on, cannot be read, so each image is translated whole; "
        "give --layout=side_by_side if they are pairs."
    )


def test_a_split_of_the_runs_own_data(paired_run, out, model_base):
    model = models.open_run(paired_run)
    assert translate_split(model, "val", out).made == 2
    assert_made(out, {f"val/{i}.png": texture(32, 64, i)[:, 32:] for i in (3, 4)}, model)
    assert len(re.findall("<figcaption>target</figcaption><img", Path(out, "index.html").read_text())) == 2
    with pytest.raises(UserError, match=r"data has no split 'test'; --split must be one of train, val.$"):
        translate_split(model, "test", out)
    with pytest.raises(UserError, match=r"^--split needs a run, which knows its data; give its directory to --model,"):
        translate_split(models.open_export(model_base), "val", out)


def copying(config):
    return models.Model(lambda image, name: image, {"model": "m", "seed": None}, Config(), config)


def test_a_split_that_training_held_out_and_one_whose_data_are_gone(draw, out):
    root = draw(".", range(20))
    assert translate_split(copying(Config(data_dir=root, batch_size=30)), "val", out).made == 2
    assert sorted(outputs(out)) == ["09.png", "19.png"]
    with pytest.raises(UserError, match=r"^moved, which the run was trained on, is not there any more; give images"):
        translate_split(copying(Config(data_dir="moved")), "val", out)


@pytest.mark.parametrize(("task", "half"), [("translate", "left"), ("colorize", "right")])
def test_the_half_that_is_translated_is_named(folder, out, capsys, task, half):
    translate_folder(copying(Config(task=task)), folder({"x.png": texture(8, 16)}), out, layout="side_by_side")
    expected = texture(8, 16)[:, 8:] if half == "right" else texture(8, 16)[:, :8]
    np.testing.assert_array_equal(images.read_image(f"{out}/x.png"), expected)
    line = capsys.readouterr().out.splitlines()[0]
    assert f"their {half} halves are translated" in line and ("the others are targets" in line) == (task == "translate")


# Resuming


def test_what_is_there_is_kept_and_what_is_missing_is_made(folder, out, model):
    root = folder({f"{i}.png": texture(20, 30, i) for i in range(4)})
    translate_folder(model, root, out)
    whole = files(out)
    os.remove(f"{out}/1.png")
    Path(out, "2.png").write_bytes(whole["3.png"])
    outcome = translate_folder(model, root, out)
    assert (outcome.made, outcome.kept) == (1, 3)
    assert outputs(out) == outputs_of(whole) | {"2.png": whole["3.png"]}
    os.remove(f"{out}/2.png")
    translate_folder(model, root, out)
    assert files(out) == whole


def test_a_limit_translates_the_first_images_and_the_rest_later(folder, out, model):
    root = folder({f"{i}.png": texture(20, 30, i) for i in range(3)})
    assert translate_folder(model, root, out, limit=2).made == 2
    assert sorted(outputs(out)) == ["0.png", "1.png"]
    outcome = translate_folder(model, root, out)
    assert (outcome.made, outcome.kept) == (1, 2)


def outputs_of(found):
    return {name: content for name, content in found.items() if name.endswith(".png")}


def test_single_files_of_a_folder_gather_in_one_output(folder, out, model):
    root = folder({"a.jpg": texture(20, 30), "a.png": texture(20, 30), "b.png": texture(20, 30)})
    for name in ("a.jpg", "a.png"):
        assert translate_folder(model, f"{root}/{name}", out).made == 1
    assert sorted(outputs(out)) == ["a.jpg.png", "a.png.png"]
    assert Path(out, "index.html").read_text().count("<article>") == 2
    assert translate_folder(model, root, out).made == 1


def test_a_bad_file_is_reported_and_does_not_stop_the_rest(folder, out, model, capsys):
    whole = texture(20, 30)
    root = folder({"a.png": whole, "b.png": b"", "c.png": b"no image", "d/e.png": whole, "f.png": whole})
    Path(root, "f.png").write_bytes(Path(root, "f.png").read_bytes()[:200])
    outcome = translate_folder(model, root, out)
    assert (outcome.made, len(outcome.bad)) == (2, 3)
    assert sorted(outputs(out)) == ["a.png", "d/e.png"]
    assert outcome.bad[0] == f"{root}/b.png cannot be decoded (the file is empty); replace or remove it."
    assert outcome.bad[1].startswith(f"{root}/c.png cannot be decoded (not an image")
    assert outcome.bad[2].startswith(f"{root}/f.png cannot be decoded")
    assert capsys.readouterr().err.splitlines() == outcome.bad
    Path(root, "b.png").unlink()
    folder({"c.png": whole, "f.png": whole})
    outcome = translate_folder(model, root, out)
    assert (outcome.made, outcome.kept, outcome.bad) == (2, 2, [])


def test_an_image_that_does_not_fit_into_memory_is_a_bad_file(folder, out, run_dir, monkeypatch):
    def fails(self, image, seed=None):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM")

    monkeypatch.setattr(Translator, "__call__", fails)
    root = folder({"a.png": texture(20, 30)})
    outcome = translate_folder(models.open_run(run_dir), root, out)
    assert outcome.bad == [
        f"{root}/a.png needs more memory than there is; give another --output and a --tile_above below 4.0."
    ]


def test_names_of_255_bytes(folder, out, model):
    """Temporary files and thumbnails must not be longer than what they stand for."""
    long = "1" + "長" * 83 + ".webp"
    root = folder({long: texture(20, 30), "short.png": texture(20, 30, 1)})
    outcome = translate_folder(model, root, out)
    assert (outcome.made, outcome.bad) == (2, [])
    assert sorted(outputs(out)) == sorted([long.replace(".webp", ".png"), "short.png"])
    assert len(os.listdir(f"{out}/gallery/input")) == 2


def test_a_name_that_is_too_long_for_its_output_costs_that_file(folder, out, model):
    long = "x" * 251  # Two of them keep their endings, which leaves no room for another one.
    root = folder({f"{long}.png": texture(20, 30), f"{long}.bmp": texture(20, 30), "y.png": texture(20, 30)})
    outcome = translate_folder(model, root, out)
    assert outcome.made == 1
    assert [re.search(r"\.(...)\.png cannot be written \(File name too long\)", text)[1] for text in outcome.bad] == [
        "bmp",
        "png",
    ]


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(terminal, folder, out, model, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr("pix2pix_tf.folder_translation.translating.LINE_SECONDS", 0)
    translate_folder(model, folder({f"{i}.png": texture(20, 30) for i in range(3)}), out)
    output, errors = capsys.readouterr()
    lines = [re.fullmatch(r"(\d)/3 images, \d+\.\d\d s each", line) for line in output.splitlines()]
    assert [line and line[1] for line in lines] == ([] if terminal else ["1", "2", "3"])
    assert ("3/3" in errors) == terminal


# What is refused


def refused(*arguments):
    with pytest.raises(UserError) as caught:
        translate_folder(*arguments)
    return str(caught.value)


def test_an_output_folder_has_one_model_one_input_and_one_setting(folder, out, run_dir, model, tmp_path):
    root = folder({"a.png": texture(20, 30)})
    translate_folder(model, root, out)
    record = json.loads(Path(out, "translate.json").read_text())
    assert record | {"weights": "", "tiles": 0} == {
        "model": os.path.realpath(run_dir),
        "step": STEP,
        "weights": "",
        "seed": None,
        "size": "auto",
        "layout": "auto",
        "tiles": 0,
        "input": os.path.realpath(root),
    }
    before = files(out)
    other_run = save_run(tmp_path / "other")
    elsewhere = folder({"a.png": texture(20, 30, 1)}, "elsewhere")
    end = r"; give another --output\."
    start = rf"--output {out} holds outputs with "
    for message, pattern in {
        refused(models.open_run(run_dir, seed=3), root, out): f"{start}seed null, not 3{end}",
        refused(models.open_run(run_dir, size=64), root, out): f'{start}size "auto", not 64{end}',
        refused(models.open_run(run_dir, tile_above=2), root, out): f"{start}tiles .*4.0.*, not .*2.*{end}",
        refused(models.open_run(other_run), root, out): f'{start}model "{run_dir}", not "{other_run}"{end}',
        refused(model, elsewhere, out): f'{start}input "{root}", not "{elsewhere}"{end}',
    }.items():
        assert re.fullmatch(pattern, message)
    assert files(out) == before


def test_a_run_that_was_trained_anew_is_another_model(folder, out, tmp_path):
    root = folder({"a.png": texture(20, 30)})
    run_dir = save_run(tmp_path / "run")
    translate_folder(models.open_run(run_dir), root, out)
    save_run(run_dir, weight=4.0)
    assert "holds outputs with weights " in refused(models.open_run(run_dir), root, out)


@pytest.mark.parametrize("content", ["[]", "{", '"x"', "5"])
def test_a_damaged_record_is_refused(content, folder, out, model):
    os.makedirs(out)
    Path(out, "translate.json").write_text(content)
    message = refused(model, folder({"a.png": texture(20, 30)}), out)
    assert message.startswith(f"{out}/translate.json ")
    assert message.endswith("; give another --output.")
    assert Path(out, "translate.json").read_text() == content


def test_a_folder_with_other_files_is_not_written_to(folder, out, model):
    folder({"mine.txt": b"mine"}, "out")
    message = refused(model, folder({"a.png": texture(20, 30)}), out)
    assert message == f"--output {out} holds files but no translate.json; give a new folder, or an empty one."
    assert files(out) == {"mine.txt": b"mine"}


def test_a_folder_with_nothing_but_hidden_files_is_empty(folder, out, model):
    folder({".DS_Store": b""}, "out")
    assert translate_folder(model, folder({"a.png": texture(20, 30)}), out).made == 1


def test_an_output_that_cannot_be_a_folder(folder, model, tmp_path):
    root = folder({"a.png": texture(20, 30)})
    (tmp_path / "file").write_text("mine")
    for path in ("file", "file/out"):
        assert re.fullmatch(
            rf"--output {tmp_path}/{path} cannot be used \(.+\); give another one\.",
            refused(model, root, str(tmp_path / path)),
        )


def test_an_output_in_use_is_refused(folder, out, model):
    root = folder({"a.png": texture(20, 30)})
    translate_folder(model, root, out)
    with open(f"{out}/translate.json") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert refused(model, root, out) == f"another process is translating into {out}; wait for it."
    translate_folder(model, root, out)


@pytest.mark.parametrize("place", [".", "sub", "sub/new/deep", ".."])
def test_input_and_output_must_be_apart(place, folder, model):
    root = folder({"a.png": texture(20, 30), "sub/b.png": texture(20, 30)})
    before = files(root)
    message = refused(model, root, os.path.join(root, place))
    assert message.endswith(f"and --input {root} overlap; give another --output.")
    assert files(root) == before


def test_an_input_without_images(folder, out, model, tmp_path):
    root = folder({"notes.txt": b""})
    assert refused(model, root, out).startswith(f"{root} holds no images; allowed are .jpg, ")
    missing = f"{tmp_path}/missing"
    message = refused(model, missing, out)
    assert message == f"--input {missing} is neither a folder nor a file; give one that holds images."
    full = folder({"a.png": texture(20, 30)})
    message = refused(model, full, out, missing)
    assert message == f"--target {missing} is not a folder; give one that holds images."
    assert not os.path.exists(out)


# Exports


@pytest.mark.parametrize("seed", [None, 3])
def test_an_export_gives_what_its_run_does(seed, folder, tmp_path, run_dir, model_base):
    root = folder({"a.jpg": texture(33, 47), "b.png": texture(64, 64)[..., 0]})
    export = models.open_export(model_base, seed)
    for model, name in ((models.open_run(run_dir, seed), "run"), (export, "export")):
        assert translate_folder(model, root, str(tmp_path / name)).made == 2
    for name in ("a.png", "b.png"):
        one, other = (images.read_image(tmp_path / kind / name).astype(int) for kind in ("run", "export"))
        assert np.abs(one - other).max() <= 1
        assert np.mean(one == other) > 0.999


def test_the_newest_version_of_a_model_outputs(model_base):
    assert models.open_export(model_base).settings["model"] == os.path.realpath(f"{model_base}/10")
    assert models.open_export(f"{model_base}/9").settings["model"] == os.path.realpath(f"{model_base}/9")


def test_an_image_too_large_for_an_export_is_a_bad_file(folder, out, model_base):
    root = folder({"large.png": texture(100, 51), "small.png": texture(100, 50)})
    outcome = translate_folder(models.open_export(model_base), root, out)
    assert outcome.made == 1
    assert outcome.bad == [
        f"{root}/large.png is refused by the export (the image is 100x51 (height x width); from 1 to 5000 pixels are "
        "allowed), which cannot take it in tiles, as norm statistics are no input of its signatures; --model=RUN can."
    ]


def test_an_image_that_an_export_has_no_memory_for_is_a_bad_file(tmp_path, monkeypatch):
    def fails(**inputs):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM")

    export = tmp_path / "1"
    (export / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index"):
        (export / name).touch()
    loaded = types.SimpleNamespace(signatures={"translate": fails})
    monkeypatch.setattr(tf.saved_model, "load", lambda path: loaded)
    with pytest.raises(UserError, match=r"^a.png needs more memory than there is; --model=RUN can take it in tiles.$"):
        models.open_export(str(tmp_path)).translate(texture(20, 30), "a.png")


def test_what_is_no_export_is_refused(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UserError) as caught:
            models.open_export(str(path))
        assert str(caught.value) == (
            f"{path} holds no saved_model.pb and no version with one, so it is no export; give one that export.py made."
        )
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"damaged")
    tf.saved_model.save(tf.Module(), str(tmp_path / "2"))
    for path in (tmp_path / "1", tmp_path / "2"):
        with pytest.raises(
            UserError, match=rf"^{path} is not an export of export\.py, or damaged \(.+\); export the run"
        ):
            models.open_export(str(path))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, "/assets.extra/model_card.json must hold an object as config, not null; export the run again."),
        ({"input_dtype": ["uint8"]}, ": input_dtype must be of type str. Received: ['uint8']."),
    ],
)
def test_a_damaged_model_card_is_named(tmp_path, config, reason):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "model_card.json").write_text(json.dumps({"config": config}))
    with pytest.raises(UserError, match=re.escape(f"{tmp_path}{reason}")):
        models._kinds(str(tmp_path))


def test_an_export_that_is_cut_short_is_refused(model_base, tmp_path):
    damaged = shutil.copytree(f"{model_base}/9", tmp_path / "1")
    (data,) = (damaged / "variables").glob("*.data-*")
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(UserError, match=rf"^{damaged} is not an export .* or damaged \(.+\); export the run again\.$"):
        models.open_export(str(damaged))


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no config\.json, so it is no run directory"):
        models.open_run(str(tmp_path))


# The gallery


def test_the_gallery_shows_input_output_and_target(folder, out, model):
    large = texture(40, 1000)
    root = folder({"sub/a.tiff": texture(20, 30), "b.png": large, "c.png": texture(30, 30)})
    target = folder({"sub/a.jpg": texture(20, 30, 1), "b.gif": texture(40, 1000, 2)}, "true")
    outcome = translate_folder(model, root, out, target)
    assert outcome.bad == []
    assert outcome.gallery == f"{out}/index.html"
    page = Path(out, "index.html").read_text()
    articles = re.findall("<article>.*?</article>", page, re.DOTALL)
    assert [re.search("<h2>(.*?) <", article)[1] for article in articles] == ["b.png", "c.png", "sub/a.tiff"]
    shown = [re.findall(r'<img src="(\S+)" width="(\d+)" height="(\d+)" alt="(\w+): ', article) for article in articles]
    assert shown == [
        [
            ("./gallery/input/b.png.jpg", "512", "20", "input"),
            ("./gallery/output/b.png.jpg", "512", "20", "output"),
            ("./gallery/target/b.png.jpg", "512", "20", "target"),
        ],
        [("./gallery/input/c.png.jpg", "30", "30", "input"), ("./c.png", "30", "30", "output")],
        [
            ("./gallery/input/sub/a.png.jpg", "30", "20", "input"),
            ("./sub/a.png", "30", "20", "output"),
            ("./gallery/target/sub/a.png.jpg", "30", "20", "target"),
        ],
    ]
    assert '<a href="./b.png">' in articles[0]
    assert "1000 × 40" in articles[0]
    for article in shown:
        for path, width, height, _ in article:
            assert Image.open(os.path.join(out, path)).size == (int(width), int(height))
    thumbnail = np.asarray(Image.open(f"{out}/gallery/target/sub/a.png.jpg"))
    assert np.abs(thumbnail.astype(int) - images.read_image(f"{target}/sub/a.jpg")).mean() < 5


def test_a_target_of_the_same_ending_goes_before_one_of_another(folder, out, model):
    grays = {"a.bmp": 50, "a.gif": 100, "a.png": 200}
    images = {name: np.full((20, 30, 3), gray, np.uint8) for name, gray in grays.items()}
    del images["a.gif"]
    target = folder(images | {"a.tiff": np.full((20, 30, 3), 250, np.uint8)}, "true")
    translate_folder(model, folder({name: texture(20, 30) for name in grays}), out, target)
    shown = {name: np.mean(Image.open(f"{out}/gallery/target/{name}.png.jpg")) for name in grays}
    assert abs(shown["a.bmp"] - 50) < 2
    assert abs(shown["a.png"] - 200) < 2
    assert abs(shown["a.gif"] - 250) < 2


def test_a_gallery_that_cannot_be_written(folder, out, model):
    root = folder({"a.png": texture(20, 30)})
    translate_folder(model, root, out)
    shutil.rmtree(f"{out}/gallery")
    Path(out, "gallery").write_text("")
    assert refused(model, root, out).startswith(f"the gallery in {out} cannot be written (")


def test_thumbnails_follow_their_images(folder, out, model):
    root = folder({"a.png": texture(20, 30)})
    first, second = (folder({"a.png": np.full((20, 30, 3), gray, np.uint8)}, f"true{gray}") for gray in (50, 200))
    os.utime(f"{first}/a.png", ns=(0, 0))
    translate_folder(model, root, out, second)
    translate_folder(model, root, out, first)
    assert abs(np.mean(Image.open(f"{out}/gallery/target/a.png.jpg")) - 50) < 2
    translate_folder(model, root, out)
    assert "<figcaption>target" not in Path(out, "index.html").read_text()


def test_the_place_of_a_pair_is_not_that_of_its_half(folder):
    root = folder({"x.tif": texture(8, 16)})
    items = find_items(root, folder({"x.tif": texture(8, 8)}, "true"))
    assert items.all[0].like == f"{root}/x.tif"
    assert halved(items, Config(), "side_by_side")[0].all[0].like is None


def test_targets_of_other_names_are_not_left_out_in_silence(folder, capsys):
    root, target = folder({"a.png": b""}), folder({"b.png": b""}, "true")
    find_items(root, target)
    sentence = f"--target {target} holds no image with the name of one in {root}; the gallery shows no targets."
    assert capsys.readouterr().err == f"warning: {sentence}\n"


def test_a_target_that_cannot_be_read_is_a_bad_file(folder, out, model):
    root, target = folder({"a.png": texture(20, 30)}), folder({"a.png": b""}, "true")
    outcome = translate_folder(model, root, out, target)
    assert outcome.made == 1
    assert outcome.bad == [f"{target}/a.png cannot be decoded (the file is empty); replace or remove it."]


NAMES = [
    '"><script>document.title="injected"<&.png',
    "50% #1 ?a=b&c;+ü.jpg",
    "javascript:alert(1).png",
    "it's $title ${rows}.webp",
    "new\nline.png",
    "sub folder/x.png",
]


def open_page(browser, out, width, height):
    """Opens the gallery in a viewport of this size, with all images loaded."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.get(Path(out, "index.html").as_uri())
    browser.execute_async_script(
        "const done = arguments[0]; const all = [...document.images];"
        "all.forEach(image => image.loading = 'eager');"
        "Promise.allSettled(all.map(image => image.decode())).then(done)"
    )


def blots(height, width, seed):
    return np.asarray(Image.fromarray(texture(6, 8, seed)).resize((width, height), Image.Resampling.BICUBIC))


def test_no_file_name_breaks_the_page(folder, out, model, chromium):
    root = folder({name: blots(96, 128, number) for number, name in enumerate(NAMES)})
    not_utf8 = os.path.join(os.fsencode(root), b"caf\xe9.png")
    shutil.copy(os.path.join(root, NAMES[0]), not_utf8)
    assert translate_folder(model, root, out).bad == []
    open_page(chromium, out, 1200, 900)
    assert chromium.title == Path(model.settings["model"]).name
    shown = chromium.execute_script("return [...document.images].map(i => [i.naturalWidth, i.alt])")
    assert [width for width, _ in shown] == [128] * 14
    assert {alt for _, alt in shown if alt.startswith("input")} == {
        f"input: {name}" for name in [*NAMES, "caf\ufffd.png"]
    }
    links = chromium.execute_script(
        "return [...document.links].map(a => [a.protocol, a.firstChild.currentSrc == a.href])"
    )
    assert links == [["file:", True]] * 7
    assert chromium.execute_script("return document.querySelectorAll('script').length") == 0


@pytest.mark.parametrize(("name", "size"), [("desktop", (1200, 900)), ("phone", (390, 844))])
@pytest.mark.parametrize("targets", [False, True])
def test_the_page_fits_the_screen(name, size, targets, folder, out, model, chromium, artifacts):
    shapes = [(256, 256), (256, 256), (180, 320), (320, 200), (256, 256), (200, 900)]
    root = folder({f"facade_{number:03}.png": blots(*shape, number) for number, shape in enumerate(shapes)})
    target = folder({f"facade_{i:03}.png": soft(blots(*shapes[i], i)) for i in range(5)}, "true") if targets else None
    translate_folder(model, root, out, target)
    open_page(chromium, out, *size)
    kind = "target" if targets else "plain"
    chromium.save_screenshot(str(artifacts / f"gallery-{kind}-{name}.png"))
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= size[0]
    rows = chromium.execute_script(
        "return [...document.querySelectorAll('article')].map(a => [...a.children].slice(0, 2))"
    )
    tops = [[figure.rect["y"] for figure in row] for row in rows]
    assert all(max(row[:2]) - min(row[:2]) < 1 for row in tops)


def soft(image):
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(8)))


def test_a_thousand_images_are_loaded_as_they_come_into_view(folder, out, model, chromium):
    root = folder({"a.png": texture(32, 32)})
    for number in range(1000):
        os.link(f"{root}/a.png", f"{root}/{number:04}.png")
    translate_folder(model, root, out)
    start = time.monotonic()
    chromium.get(Path(out, "index.html").as_uri())
    assert len(chromium.find_elements("tag name", "img")) == 2002
    loaded = chromium.execute_script("return [...document.images].filter(i => i.complete && i.naturalWidth).length")
    assert 0 < loaded < 1000
    assert time.monotonic() - start < 60


# The tool itself


def start(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.translate", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate(timeout=240)  # One that hangs shall fail.
    return process.returncode, output, errors


def started_until(count, out, *arguments):
    """The tool's process when it has made `count` outputs."""
    process = start(*arguments)
    while len(list(Path(out).rglob("[!.]*.png"))) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes_as_an_unbroken_one(folder, tmp_path, run_dir):
    images = {f"{number:03}.png": texture(320, 320, number) for number in range(120)}
    root = folder(images | {"sub/large.png": texture(700, 800)})
    target = folder({f"{number:03}.jpg": texture(32, 32, number) for number in range(0, 120, 2)}, "true")

    def arguments(out):
        paths = [f"--model={run_dir}", f"--input={root}", f"--output={out}", f"--target={target}"]
        return [*paths, "--seed=5", "--tile_above=0.5"]

    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    status, output, errors = finish(start(*arguments(unbroken)))
    assert (status, errors) == (0, "")
    assert output.splitlines()[-2:] == [
        f"{unbroken}: translated 121 images, 0 were there already",
        f"gallery: {unbroken}/index.html",
    ]
    process = started_until(3, broken, *arguments(broken))
    process.send_signal(signal.SIGKILL)
    assert finish(process)[0] == -signal.SIGKILL
    (broken / ".tmp-0123abcd.png").write_bytes(b"cut short")  # What a kill leaves if it comes while a file is written.
    done = len([path for path in outputs(broken) if not Path(path).name.startswith(".")])
    assert 3 <= done < 121
    status, output, errors = finish(start(*arguments(broken)))
    assert (status, errors) == (0, "")
    assert f"translated {121 - done} images, {done} were there already" in output
    whole, mended = files(unbroken), files(broken)
    assert mended.keys() == whole.keys()
    assert not [name for name in whole if mended[name] != whole[name]]


@pytest.mark.slow
def test_ctrl_c_says_that_the_same_command_goes_on(folder, out, run_dir):
    root = folder({f"{number:03}.png": texture(320, 320, number) for number in range(200)})
    process = started_until(2, out, f"--model={run_dir}", f"--input={root}", f"--output={out}")
    process.send_signal(signal.SIGINT)
    status, output, errors = finish(process)
    assert status == 1
    assert "translated" not in output
    assert errors == f"interrupted; the same command resumes with what is missing in {out}\n"


@pytest.mark.slow
def test_the_exit_status_tells_of_bad_files(folder, out, model_base):
    root = folder({"a.png": texture(20, 30), "b.png": b"", "large.png": texture(100, 51)})
    status, output, errors = finish(start(f"--model={model_base}", f"--input={root}", f"--output={out}"))
    assert status == 1
    assert output == f"{out}: translated 1 images, 0 were there already\ngallery: {out}/index.html\n"
    first, second, last = errors.splitlines()
    assert first.startswith(f"{root}/b.png cannot be decoded")
    assert second.startswith(f"{root}/large.png is refused by the export")
    assert last == "error: 2 bad images, named above; repair or remove them, and run the same command again."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input=a", "--split=val"], "error: Give either --input=DIR or --split=val.\n"),
        (
            ["--input=a", "--tile_above=2"],
            "error: --checkpoint, --tile_above, --size, --weights and --compile need a run; an export has its own.\n",
        ),
    ],
)
def test_flags_that_contradict_each_other(arguments, message, out, model_base):
    assert finish(start(*arguments, f"--model={model_base}", f"--output={out}")) == (1, "", message)
    assert not os.path.exists(out)

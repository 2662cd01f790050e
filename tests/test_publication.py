"""Publishing an export: checked in a fresh process, renamed once, nothing overwritten, nothing half done in sight."""

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

import pix2pix_tf
from pix2pix_tf import Config, Translator, UserError, build_generator
from pix2pix_tf.exporting import card, export, publication, recording, signatures
from pix2pix_tf.runs import save_config
from pix2pix_tf.training.checkpoints import Checkpoints
from pix2pix_tf.utils.atomic import make_folder
from pix2pix_tf.utils.plain_paths import plain_path

REPOSITORY = Path(__file__).parents[1]


def make_run(folder, scale=1, **changes):
    """A run directory with a checkpoint of step 7 and one validation record; untrained weights times `scale`."""
    config = Config(**{"image_size": 32, "base_filters": 2, "receptive_field": 16, **changes})
    generator = build_generator(config)
    for variable in generator.variables:
        variable.assign(variable * scale)
    checkpoints = Checkpoints(str(folder), 1, {"generator": generator}, {})
    checkpoints.step.assign(7)
    checkpoints.save()
    save_config(config, str(folder))
    numbers = [{"step": 5, "val_l1": 0.5, "val_psnr": 12.0, "val_ssim": 0.25}, {"step": 6, "g_loss": 1.0}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in numbers))
    return str(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def run_export_py(*arguments):
    process = subprocess.run(
        [sys.executable, str(REPOSITORY / "export.py"), *arguments], capture_output=True, text=True, timeout=300
    )
    return process.returncode, process.stdout, process.stderr


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """One real export by export.py, checked in its fresh process: its folder, and what the command returned."""
    base = tmp_path_factory.mktemp("models") / "new [1]*" / "base"
    return base / "1", run_export_py(f"--model={run}", f"--export_dir={base}")


@pytest.fixture(scope="module")
def published(exported):
    """The folder of the real export; nobody writes to it."""
    return exported[0]


@pytest.fixture(scope="module")
def translator(run):
    """The run's `Translator`, loaded once."""
    return Translator.load(run)


@pytest.fixture
def quick(monkeypatch, translator):
    """Exports without the fresh process, graphs, and anything to load."""
    monkeypatch.setattr(publication.Translator, "load", lambda *_: translator)
    monkeypatch.setattr(publication, "_check", lambda *_: [PARITY])
    monkeypatch.setattr(signatures, "save", lambda *arguments: Path(arguments[3], "saved_model.pb").touch())
    monkeypatch.setattr(recording, "record_requests", lambda translator, folder: Path(folder, "assets.extra").mkdir())


PARITY = {"signature": "translate", "equal": 1.0, "largest": 0}


def test_requests_are_recorded_under_any_path(tmp_path):
    def same(image, seed=None):
        return image

    same.config = Config(image_size=32)
    folder = tmp_path / os.fsdecode(b"models [1]* \xff")
    recording.record_requests(same, str(folder))
    assert (folder / recording.WARMUP_FILE).stat().st_size > 32 * 32 * 3


def test_requests_that_cannot_be_written_are_a_sentence(tmp_path, full_disk):
    def same(image, seed=None):
        return image

    same.config = Config(image_size=32)
    (tmp_path / "2").write_text("a file")
    for folder, reason in ((tmp_path / "1", "File too large"), (tmp_path / "2", "Not a directory")):
        with full_disk(1000), pytest.raises(UserError) as caught:
            recording.record_requests(same, str(folder))
        assert str(caught.value) == f"{tmp_path} cannot be written ({reason}); check the folder and its disk."


def visible(base):
    return sorted(name for name in os.listdir(base) if not name.startswith("."))


def test_the_first_version_is_1_and_holds_what_a_server_needs(published):
    assert published.name == "1"
    assert visible(published.parent) == ["1"]
    assert (published / "saved_model.pb").stat().st_size > 0
    assert {path.name for path in (published / "assets.extra").iterdir()} == {
        "tf_serving_warmup_requests",
        "model_card.json",
        "MODEL_CARD.md",
    }


def test_other_users_may_read_it(published):
    """A server seldom runs as the user who exports."""
    for path in (published, *published.rglob("*")):
        needed = 0o555 if path.is_dir() else 0o444
        assert stat.S_IMODE(path.stat().st_mode) & needed == needed, path


def test_its_outputs_are_those_of_the_run(published, translator):
    image = np.random.default_rng(0).integers(0, 256, (1, 45, 70, 3), dtype=np.uint8)
    output = tf.saved_model.load(plain_path(published)).signatures["translate"](image=image)["image"]
    distance = np.abs(output.numpy().astype(int) - translator(image).astype(int))
    assert distance.max() <= 1 and np.mean(distance == 0) >= 0.999


def test_the_warm_up_file_holds_prediction_logs_of_every_signature(published, translator):
    records = tf.data.TFRecordDataset(plain_path(published / recording.WARMUP_FILE))
    logs = [prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log for record in records]
    signatures_called = [log.request.model_spec.signature_name for log in logs]
    assert signatures_called == ["translate", "serving_default", "sample", "translate", "translate"]
    first = tf.make_ndarray(logs[0].request.inputs["image"])
    assert first.shape == (1, 32, 32, 3)
    np.testing.assert_array_equal(tf.make_ndarray(logs[0].response.outputs["image"]), translator(first))
    noisy = tf.make_ndarray(logs[2].response.outputs["image"])
    np.testing.assert_array_equal(noisy, translator(first, seed=recording.SEED))


def test_the_model_card_describes_the_export(published):
    described = json.loads((published / "assets.extra" / "model_card.json").read_text())
    assert described["step"] == 7
    assert described["validation"] == {"step": 5, "val_l1": 0.5, "val_psnr": 12.0, "val_ssim": 0.25}
    assert described["limits"] == {"images_in_a_request": 64, "pixels_in_an_image": 16_000_000}
    assert described["versions"]["tensorflow"] == tf.__version__
    assert Config(**described["config"]) == Config(image_size=32, base_filters=2, receptive_field=16)
    assert [record["signature"] for record in described["parity"]] == [
        "translate",
        "serving_default",
        "sample",
        "translate",
        "translate",
    ]
    assert all(record["equal"] >= 0.999 and record["largest"] <= 1 for record in described["parity"])
    text = (published / "assets.extra" / "MODEL_CARD.md").read_text()
    assert "for\n7 steps at 32 pixels" in text
    assert "L1 0.5000 on [-1, 1], PSNR 12.00 dB, SSIM 0.2500" in text


@pytest.mark.parametrize(
    ("changes", "dataset", "expected"),
    [
        ({"direction": "b_to_a"}, "", (0, 128, 255)),
        ({"direction": "a_to_b"}, "", None),
        ({"dataset": "maps", "direction": "b_to_a"}, "", None),
        ({"data_dir": "mine", "direction": "b_to_a"}, "", None),
        ({"data_dir": "mine", "direction": "a_to_b"}, "facades", (0, 128, 255)),
        ({"task": "colorize", "direction": "b_to_a"}, "", None),
    ],
)
def test_the_card_has_the_palette_where_the_input_is_a_label_map(tmp_path, changes, dataset, expected):
    palette = card.model_card(str(tmp_path), Config(**changes), 1, 10, [], dataset)["palette"]
    assert (palette and tuple(palette["window"])) == expected


def test_the_card_has_the_newest_whole_validation(tmp_path):
    whole = {"step": 1, "val_l1": 0.5, "val_psnr": 9, "val_ssim": 0.25}
    lines = [whole, {"step": 2, "val_l1": 0.4}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    about = card.model_card(str(tmp_path), Config(), 2, 10, [{"equal": 1.0, "largest": 0}])
    assert about["validation"] == whole
    (tmp_path / "assets.extra").mkdir()
    card.write_card(about, str(tmp_path))
    assert "at step 1: L1 0.5000" in (tmp_path / "assets.extra" / "MODEL_CARD.md").read_text()


def test_a_palette_that_does_not_exist_is_refused_before_the_work_begins(run, tmp_path):
    with pytest.raises(UserError, match="no palette of label maps for 'maps'"):
        export(run, str(tmp_path / "base"), palette="maps")
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize(
    ("there", "version"),
    [
        ([], "1"),
        (["1"], "2"),
        (["9", "10"], "11"),
        (["3", "latest", ".export-x", "5.bak"], "4"),
        (["007"], "8"),
        (["2", str(2**63)], "3"),  # No server loads the latter, nor what would follow it.
    ],
)
def test_the_version_is_the_next_integer(quick, run, tmp_path, there, version):
    for name in there:
        (tmp_path / name).mkdir()
    assert export(run, str(tmp_path)) == str(tmp_path / version)


def test_a_file_named_like_a_version_counts(quick, run, tmp_path):
    (tmp_path / "4").write_text("mine")
    assert export(run, str(tmp_path)) == str(tmp_path / "5")
    assert (tmp_path / "4").read_text() == "mine"


def test_after_the_last_possible_version_the_export_is_refused_before_the_work_begins(run, tmp_path):
    (tmp_path / str(2**63 - 1)).mkdir()
    with pytest.raises(UserError, match="the last there can be; export to another folder"):
        export(run, str(tmp_path))
    assert os.listdir(tmp_path) == [str(2**63 - 1)]


@pytest.mark.parametrize(
    "broken", ["recording.record_requests", "_check", "card.model_card", "card.write_card", "_publish", "os.rename"]
)
def test_a_failure_at_any_point_leaves_nothing(quick, run, tmp_path, monkeypatch, broken):
    def fail(*_):
        raise RuntimeError("the power failed")

    owner, name = publication, broken
    if "." in broken:
        module, name = broken.split(".")
        owner = getattr(publication, module)
    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(RuntimeError, match="the power failed"):
        export(run, str(tmp_path))
    assert os.listdir(tmp_path) == [".lock"]


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.0, 0.5, 2.0])
def test_a_process_that_is_killed_leaves_nothing_that_a_server_sees(run, tmp_path, after):
    command = [sys.executable, str(REPOSITORY / "export.py"), f"--model={run}", f"--export_dir={tmp_path}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not list(tmp_path.glob(".export-*/*")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    assert visible(tmp_path) == (["1"] if output else [])


def test_what_a_killed_export_left_behind_is_removed_by_the_next(quick, run, tmp_path):
    (tmp_path / ".export-left" / "variables").mkdir(parents=True)
    export(run, str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == [".lock", "1"]


def test_two_exports_at_once_are_refused(quick, run, tmp_path, monkeypatch):
    def meanwhile(*_):
        with pytest.raises(UserError, match=r"another process is exporting to .*; wait for it\."):
            export(run, str(tmp_path))

    monkeypatch.setattr(recording, "record_requests", meanwhile)
    monkeypatch.setattr(card, "write_card", lambda card, folder: None)
    export(run, str(tmp_path))
    assert visible(tmp_path) == ["1"]


def test_an_export_with_other_outputs_than_the_run_is_not_published(published, tmp_path, monkeypatch):
    """A wrong network in the graph, found by the fresh process."""
    run = make_run(tmp_path / "run", scale=5)
    monkeypatch.setattr(
        signatures, "save", lambda *arguments: shutil.copytree(published, arguments[3], dirs_exist_ok=True)
    )
    with pytest.raises(UserError, match=r"the export's translate differs .* not published; please report this\."):
        export(run, str(tmp_path / "base"))
    assert visible(tmp_path / "base") == []


@pytest.mark.parametrize(
    ("record", "accepted"),
    [
        ({"equal": 0.999, "largest": 1}, True),
        ({"equal": 0.9989, "largest": 1}, False),
        ({"equal": 0.9999, "largest": 2}, False),
    ],
)
def test_the_bound_of_float32(monkeypatch, record, accepted):
    replayed = json.dumps({"signature": "translate", **record})
    done = subprocess.CompletedProcess([], 0, stdout=replayed + "\n", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    if accepted:
        assert publication._check("folder", "float32") == [{"signature": "translate", **record}]
    else:
        with pytest.raises(UserError, match="differs from the run's generator"):
            publication._check("folder", "float32")


def test_weights_that_were_imported_with_precision_auto_are_checked_as_float32():
    assert publication.PARITY[Config(precision="auto").precision] == publication.PARITY["float32"]


def test_the_check_runs_without_the_project_and_with_every_folder_of_the_path(published, monkeypatch):
    """An export that needs pix2pix_tf cannot pass; TensorFlow may lie where `python -I` does not look."""
    commands = []
    done = subprocess.CompletedProcess([], 0, stdout="", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command) or done)
    monkeypatch.setattr(sys, "path", ["", "/user/site", *sys.path])
    publication._check(str(published), "float32")
    monkeypatch.undo()
    isolated, program, export, first, *_ = commands[0][1:]
    assert (isolated, export, first) == ("-I", plain_path(published), "/user/site")
    script = f"import sys, runpy; sys.argv = ['replay', 'no export', {str(REPOSITORY)!r}]\n"
    script += f"try: runpy.run_path({program!r}, run_name='__main__')\n"
    script += f"except Exception: assert sys.path == [{str(REPOSITORY)!r}]; import pix2pix_tf"
    process = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True)
    assert "ModuleNotFoundError: import of pix2pix_tf halted; None in sys.modules" in process.stderr


def test_a_damaged_export_does_not_pass_the_check(published, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(published, damaged)
    (damaged / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(UserError, match=r"could not be used in a fresh process, so it was not published: \w+"):
        publication._check(str(damaged), "float32")


def test_batch_statistics_are_refused(tmp_path):
    run = make_run(tmp_path / "run", inference_statistics="batch")
    with pytest.raises(UserError, match="inference_statistics=batch, with which an output depends on the other images"):
        export(run, str(tmp_path / "base"))
    assert not (tmp_path / "base").exists()


def test_a_base_that_is_a_file_is_refused(run, tmp_path):
    (tmp_path / "base").write_text("mine")
    with pytest.raises(UserError, match=r"base cannot be made a folder .*; give another --export_dir\."):
        export(run, str(tmp_path / "base"))
    assert (tmp_path / "base").read_text() == "mine"
    with pytest.raises(UserError, match=r"cannot be made a folder \(embedded null byte\); give another --export_dir\."):
        make_folder("a\0b", "--export_dir")


def test_a_disk_that_is_full_at_the_last_moment_is_a_sentence(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "unfinished").mkdir()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError, match=rf"^{tmp_path} cannot be written \(No space left on device\); check"):
        publication._publish(str(tmp_path / "unfinished"), str(tmp_path))


@pytest.mark.parametrize("size", [0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_allows_no_image_or_has_no_end_is_refused(run, tmp_path, size):
    with pytest.raises(UserError, match="max_megapixels must be above 0 and finite"):
        export(run, str(tmp_path), max_megapixels=size)


def test_export_py_prints_the_new_version_and_nothing_else(exported):
    folder, outcome = exported
    assert outcome == (0, f"{folder}\n", "")
    assert pix2pix_tf.__version__ in (folder / "assets.extra" / "MODEL_CARD.md").read_text()


def test_export_py_says_what_is_missing(tmp_path):
    status, output, errors = run_export_py(f"--model={tmp_path}", f"--export_dir={tmp_path}/base")
    assert (status, output) == (1, "")
    assert (
        errors == f"error: {tmp_path} holds no config.json, so it is no run directory; give one that train.py made.\n"
    )

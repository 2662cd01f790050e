"""What a run tells people: metrics.jsonl, TensorBoard, sample grids, loss curves and lines of text."""

import glob
import io
import json
import os
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_tf import UserError
from pix2pix_tf.runs import read_metrics, training_seconds
from pix2pix_tf.training import loss_curves, reporting
from pix2pix_tf.training.metrics_log import MetricsLog
from pix2pix_tf.training.timing import StepTimer

RECORDS = [
    {"step": 50, "epoch": 1, "d_loss": 0.5, "g_gan": 0.75, "g_l1": 0.25, "seconds_per_step": 0.5},
    {"step": 100, "epoch": 2, "d_loss": 0.25, "g_gan": 1.5, "g_l1": 0.125, "seconds_per_step": 0.25, "val_ssim": 0.5},
]


def lines(workdir):
    return (workdir / "metrics.jsonl").read_text().splitlines()


def write(workdir, records, start=0):
    metrics = MetricsLog(str(workdir), start)
    for record in records:
        metrics.write(record)
    return metrics


# metrics.jsonl


def test_metrics_are_one_json_object_a_line(tmp_path):
    write(tmp_path, RECORDS)
    assert [json.loads(line) for line in lines(tmp_path)] == RECORDS
    assert read_metrics(str(tmp_path)) == RECORDS


def test_a_run_without_metrics_has_none(tmp_path):
    assert read_metrics(str(tmp_path)) == []


def test_lines_beyond_the_restored_step_are_dropped(tmp_path):
    write(tmp_path, RECORDS)
    write(tmp_path, [{"step": 60}], start=50)
    assert read_metrics(str(tmp_path)) == [RECORDS[0], {"step": 60}]


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    write(tmp_path, RECORDS)
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text()[:-30])
    assert read_metrics(str(tmp_path)) == RECORDS[:1]
    write(tmp_path, RECORDS[1:], start=50)
    assert [json.loads(line) for line in lines(tmp_path)] == RECORDS


def test_numbers_of_each_channel_are_kept(tmp_path):
    records = [{"step": 50, "val_psnr": float("inf"), "val_psnr_by_channel": [20.5, 3, float("inf")]}]
    write(tmp_path, records)
    write(tmp_path, [], start=50)
    assert read_metrics(str(tmp_path)) == records


def test_a_record_without_its_time_counts_with_the_next(tmp_path):
    write(tmp_path, [RECORDS[0], {"step": 60}, RECORDS[1]])
    assert training_seconds(str(tmp_path)) == 50 * 0.5 + 50 * 0.25


# TensorBoard


def board_values(workdir):
    """All values in a run's event files, as {(tag, step): array}."""
    found = {}
    for path in glob.glob(f"{workdir}/tensorboard/events.out.tfevents.*"):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag.startswith("_hparams_/"):
                    continue
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


def test_tensorboard_shows_the_same_numbers_in_groups(tmp_path):
    write(tmp_path, RECORDS)
    values = board_values(tmp_path)
    assert values.pop(("validation/ssim", 100)) == 0.5
    groups = {
        "discriminator/loss": "d_loss",
        "generator/gan": "g_gan",
        "generator/l1": "g_l1",
        "speed/seconds_per_step": "seconds_per_step",
    }
    assert values == {(tag, r["step"]): r[name] for r in RECORDS for tag, name in groups.items()}


def test_tensorboard_shows_the_samples(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    metrics = MetricsLog(str(tmp_path), 0)
    metrics.image(1000, image)
    metrics.write({"step": 1000})
    width, height, png = board_values(tmp_path)["samples", 1000]
    assert (width, height) == (b"9", b"6")
    np.testing.assert_array_equal(Image.open(io.BytesIO(png)), image)


def test_a_run_that_goes_back_to_its_last_checkpoint_shows_each_step_once(tmp_path):
    images = {step: np.full((6, 9, 3), step, np.uint8) for step in (50, 100)}
    metrics = write(tmp_path, RECORDS)
    for step, image in images.items():
        reporting.save_samples(str(tmp_path), step, image)
        metrics.image(step, image)
    (tmp_path / "samples" / "step_favorite.png").write_text("a user's own")
    metrics.write({"step": 110, "g_l1": 0.5})
    again = MetricsLog(str(tmp_path), 60)
    again.image(100, images[100])
    again.write(RECORDS[1])
    values = board_values(tmp_path)
    assert {tag for tag, step in values if step == 50} == {tag for tag, step in values if step == 100} - {
        "validation/ssim"
    }
    assert {step for _, step in values} == {50, 100}
    for step, image in images.items():
        np.testing.assert_array_equal(Image.open(io.BytesIO(values["samples", step][2])), image)
    assert values["generator/l1", 50] == 0.25


def test_a_run_that_was_stopped_keeps_its_event_files(tmp_path):
    write(tmp_path, RECORDS[:1])
    before = os.listdir(tmp_path / "tensorboard")
    write(tmp_path, RECORDS[1:], start=50)
    assert set(before) < set(os.listdir(tmp_path / "tensorboard"))
    assert {step for _, step in board_values(tmp_path)} == {50, 100}


NO_RECORDS = ["null", "[1]", '{"step": "50"}', '{"g_l1": 1}', "[" * 99_999, '{"step": 1e999}', "\xff", '{"step": -5}']
NO_RECORDS += [f'{{"step": 5, "g_l1": {value}}}' for value in ("null", '"x"', "[1]", "{}", "true")]
NO_RECORDS += ['{"step": 9223372036854775808}', '{"step": 5, "val_psnr_by_channel": [1, null]}']


@pytest.mark.parametrize("line", NO_RECORDS)
def test_lines_that_are_no_records_are_dropped_with_a_warning(tmp_path, capsys, line):
    write(tmp_path, RECORDS)
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(f"{line}\n".encode("latin-1") + path.read_bytes())
    write(tmp_path, [], start=100)
    assert [json.loads(line) for line in lines(tmp_path)] == RECORDS
    assert capsys.readouterr().err == f"warning: {path} has 1 line without a sound record, left out here.\n"


def test_metrics_that_cannot_be_written_are_a_sentence(tmp_path):
    metrics = write(tmp_path, RECORDS)
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match=r"metrics.jsonl and tensorboard/ cannot be written \(Is a directory\); check"):
        metrics.write({"step": 200})


# Samples and loss curves


def test_samples_are_named_by_their_step(tmp_path):
    grid = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = reporting.save_samples(str(tmp_path), 1000, grid)
    assert path == str(tmp_path / "samples" / "step_00001000.png")
    np.testing.assert_array_equal(Image.open(path), grid)


def test_loss_curves_show_the_numbers(tmp_path, monkeypatch):
    figures, save = [], loss_curves.Figure.savefig
    monkeypatch.setattr(
        loss_curves.Figure, "savefig", lambda figure, *a, **k: figures.append(figure) or save(figure, *a, **k)
    )
    write(tmp_path, RECORDS)
    path = loss_curves.save_loss_curves(str(tmp_path))
    assert path == str(tmp_path / "losses.png")
    assert Image.open(path).size[0] > 1000
    drawn = {line.get_label(): line.get_xydata().tolist() for axis in figures[0].axes for line in axis.lines}
    assert drawn == {
        "d_loss": [[50, 0.5], [100, 0.25]],
        "g_gan": [[50, 0.75], [100, 1.5]],
        "g_l1": [[50, 0.25], [100, 0.125]],
        "val_ssim": [[100, 0.5]],
    }


def test_a_run_without_a_discriminator_has_loss_curves_too(tmp_path):
    write(tmp_path, [{"step": 50, "g_l2": 0.25}])
    assert Image.open(loss_curves.save_loss_curves(str(tmp_path))).format == "PNG"


# Time


def test_the_time_of_a_step_leaves_out_the_first_one_and_pauses(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    timer = StepTimer()
    for seconds in (60.0, 1.0, 2.0):
        now[0] += seconds
        timer.step()
    with timer.paused():
        now[0] += 100.0
    assert timer.seconds() == 1.5
    timer.restart()
    now[0] += 5.0
    timer.step()
    assert timer.seconds() == 5.0


def test_the_first_step_counts_where_it_is_the_only_one(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    timer = StepTimer()
    now[0] = 60.0
    timer.step()
    assert timer.seconds() == 60.0


# Text


def record(step, seconds):
    speed = {"seconds_per_step": seconds, "images_per_second": 1 / seconds}
    return {"step": step, "epoch": 2, "d_loss": 0.5, "g_l1": 0.12345, **speed}


def test_without_a_terminal_progress_is_a_line_a_record(capsys):
    progress = reporting.Progress(total=200, start=0)
    progress.step()
    progress.record(record(50, 0.125))
    progress.record(record(100, 73.0))
    progress.close()
    assert capsys.readouterr() == (
        "step 50/200, epoch 2, 8.00 images/s, 0:00:19 left: d_loss 0.500 g_l1 0.123\n"
        "step 100/200, epoch 2, 0.01 images/s, 2:01:40 left: d_loss 0.500 g_l1 0.123\n",
        "",
    )


def test_progress_tells_of_the_validation(capsys):
    validation = {"val_l1": 0.12345, "val_psnr": 20.126, "val_ssim": 0.5}
    reporting.Progress(total=200, start=0).record(record(50, 0.125) | validation)
    assert "step 50: validation L1 0.1235, PSNR 20.13 dB, SSIM 0.5000\n" in capsys.readouterr().out


@pytest.mark.parametrize("start, shown", [(0, "1/200"), (150, "151/200")])
def test_on_a_terminal_progress_is_a_bar(capsys, monkeypatch, start, shown):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = reporting.Progress(total=200, start=start)
    progress.step()
    progress.record(record(50, 0.125))
    progress.close()
    output, errors = capsys.readouterr()
    assert output == ""
    assert shown in errors
    assert "d_loss 0.500" in errors

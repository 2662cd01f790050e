"""Where numbers go beside metrics.jsonl: TensorBoard's HParams, CSV, and wandb and mlflow where they are installed."""

import csv
import glob
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import Config, UserError
from pix2pix_tf.training import boards
from pix2pix_tf.training.metrics_log import MetricsLog

RECORDS = [
    {"step": 50, "epoch": 1, "d_loss": 0.5, "g_l1": 0.25, "learning_rate": 0.001},
    {"step": 100, "epoch": 2, "d_loss": 0.25, "g_l1": 0.125, "learning_rate": 0.001, "val_mae": [3.0, 4.0]},
]
IMAGE = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def write(workdir, records, start=0, **fields):
    log = MetricsLog(str(workdir), start, Config(**fields))
    for record in records:
        log.write(record)
    return log


def rows(workdir):
    with open(workdir / "metrics.csv") as file:
        return list(csv.DictReader(file))


def test_settings_are_shown_as_hparams(tmp_path):
    write(tmp_path, RECORDS, log_to="tensorboard", norm="instance", base_filters=8).close()
    (path,) = glob.glob(f"{tmp_path}/tensorboard/events*")
    from tensorboard.plugins.hparams import plugin_data_pb2

    found = [
        plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content).session_start_info.hparams
        for event in tf.compat.v1.train.summary_iterator(path)
        for value in event.summary.value
        if value.tag == "_hparams_/session_start_info"
    ]
    assert len(found) == 1
    assert found[0]["norm"].string_value == "instance"
    assert found[0]["base_filters"].number_value == 8
    assert found[0]["mirror"].bool_value is True


def test_csv_has_a_row_a_record_and_a_column_a_number(tmp_path):
    write(tmp_path, RECORDS, log_to="csv")
    first, second = rows(tmp_path)
    assert not (tmp_path / "tensorboard").exists()
    assert list(first) == [
        *("step", "epoch", "discriminator/loss", "generator/l1", "learning/rate"),
        *("validation/mae/0", "validation/mae/1"),
    ]
    assert (first["step"], first["generator/l1"], first["validation/mae/1"]) == ("50", "0.25", "")
    assert (second["epoch"], second["discriminator/loss"], second["validation/mae/1"]) == ("2", "0.25", "4.0")


def test_csv_may_be_asked_for_later_and_goes_back_with_the_run(tmp_path):
    write(tmp_path, RECORDS, log_to="")
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl"}
    write(tmp_path, [RECORDS[1] | {"step": 70}], start=50, log_to="csv")
    assert [row["step"] for row in rows(tmp_path)] == ["50", "70"]


def test_names_are_stored_in_one_order():
    assert Config(log_to="csv, tensorboard").log_to == "tensorboard,csv"
    assert Config(log_to="").log_to == ""


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_package_that_is_missing_is_a_sentence(tmp_path, monkeypatch, name):
    def missing(module):
        raise ImportError(module)

    monkeypatch.setattr(boards.importlib, "import_module", missing)
    with pytest.raises(
        UserError, match=f"^log_to {name} needs the package {name}, .*; pip install {name}, or give another --log_to"
    ):
        write(tmp_path, [], log_to=name)


def test_wandb_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for start, record in ((0, RECORDS[0]), (50, RECORDS[1])):
        log = write(tmp_path, [record], start, log_to="wandb")
        log.image(record["step"], IMAGE)
        log.close()
    runs = glob.glob(f"{tmp_path}/wandb/offline-run-*/run-*.wandb")
    assert len(runs) == 2 and len({path.rpartition("/run-")[2] for path in runs}) == 1
    assert len(glob.glob(f"{tmp_path}/wandb/offline-run-*/files/media/images/samples_*.png")) == 2
    content = b"".join(Path(path).read_bytes() for path in runs)
    assert b"generator/l1" in content and b"learning_rate" in content


def test_mlflow_in_a_file(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(f"file:{tmp_path}/mlruns")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for start, record in ((0, RECORDS[0]), (50, RECORDS[1])):
        log = write(tmp_path, [record], start, log_to="mlflow", norm="instance")
        log.image(record["step"], IMAGE)
        log.close()
    (run,) = mlflow.search_runs(experiment_names=["pix2pix_tf"], output_format="list")
    assert run.data.params["norm"] == "instance"
    assert run.data.metrics["generator/l1"] == 0.125
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "generator/l1")
    assert [(one.step, one.value) for one in history] == [(50, 0.25), (100, 0.125)]
    assert len(mlflow.MlflowClient().list_artifacts(run.info.run_id, "images")) == 4  # Each has a small copy.


def test_metrics_jsonl_is_the_same_whatever_is_logged(tmp_path):
    for name in ("tensorboard", ""):
        (tmp_path / f"to-{name}").mkdir()
        write(tmp_path / f"to-{name}", RECORDS, log_to=name)
        lines = (tmp_path / f"to-{name}" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == RECORDS

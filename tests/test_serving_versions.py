"""Which version is served: the newest, swapped between two requests, the old one unloaded after its last request."""

import errno
import os
import sys
import threading
import types
from pathlib import Path

import pytest
from serving_process import wait_until

from pix2pix_tf import UserError
from pix2pix_tf.serving import versions
from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.versions import ModelVersions
from pix2pix_tf.utils.version_folders import version_folders


class Stub:
    """Stands for a `SavedModel`: a folder with a file `broken` cannot be loaded."""

    def __init__(self, folder):
        if os.path.exists(os.path.join(folder, "broken")):
            raise ValueError("it is broken\nin many ways")
        self.folder, self.closed = folder, False

    def close(self):
        self.closed = True


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A model's folder with version 1."""
    monkeypatch.setattr(versions, "SavedModel", Stub)
    (tmp_path / "1").mkdir()
    return tmp_path


@pytest.fixture
def models(base):
    """Version 1, served."""
    models = ModelVersions("m", str(base))
    assert models.refresh()
    return models


def states(models):
    return [(status.version, status.State.Name(status.state)) for status in models.status("m").model_version_status]


def test_the_newest_number_is_served_and_nothing_else_is_a_version(base):
    for name in ("9", "10", "00000011", ".export-12", "13 copy", "v14", "²", str(2**63)):
        (base / name).mkdir()
    (base / "15").write_text("a file")
    models = ModelVersions("m", str(base))
    models.refresh()
    assert models.serving.number == 11
    assert models.serving.model.folder == str(base / "00000011")


def test_a_new_version_takes_over_and_the_old_one_is_unloaded(models, base):
    old = models.serving.model
    assert not models.refresh()
    (base / "2").mkdir()
    assert models.refresh()
    with models.use("m") as version:
        assert version.number == 2
        assert not version.model.closed
    assert old.closed
    assert states(models) == [(2, "AVAILABLE"), (1, "END")]


def test_a_request_in_flight_is_finished_on_the_old_version(models, base):
    (base / "2").mkdir()
    with models.use("m") as old:
        refreshing = threading.Thread(target=models.refresh)
        refreshing.start()
        wait_until(lambda: states(models) == [(2, "AVAILABLE"), (1, "UNLOADING")])
        with models.use("m") as new:
            assert new.number == 2
        assert not old.model.closed
    refreshing.join()
    assert old.model.closed
    assert states(models) == [(2, "AVAILABLE"), (1, "END")]


def test_a_version_that_cannot_be_loaded_leaves_the_old_one(models, base):
    (base / "2").mkdir()
    (base / "2" / "broken").touch()
    with pytest.raises(UserError, match=r"version 2 in .* cannot be loaded \(it is broken\)$"):
        models.refresh()
    assert models.serving.number == 1
    assert states(models) == [(2, "END"), (1, "AVAILABLE")]
    (status,) = models.status("m", 2).model_version_status
    assert status.status.error_message == "it is broken"
    assert status.status.error_code != 0
    assert not models.refresh()  # It is not tried again as it is,
    (base / "2" / "broken").unlink()
    assert models.refresh()  # but when somebody has done something about it.
    assert models.serving.number == 2


def test_a_start_with_a_newest_version_that_is_broken_serves_an_older_one(base, capsys):
    for name, file in (("2", "sound"), ("3", "broken"), (str(2**64), "sound"), ("4", None)):
        (base / name).mkdir()
        if file:
            (base / name / file).touch()
    os.mkfifo(base / "4" / "saved_model.pb")  # Whoever opened it would wait for ever.
    models = ModelVersions("m", str(base))
    assert models.refresh()
    assert models.serving.number == 2
    assert states(models) == [(4, "END"), (3, "END"), (2, "AVAILABLE")]
    fifo, broken = capsys.readouterr().err.splitlines()
    assert fifo.startswith(f"version 4 in {base} cannot be loaded ({base}/4/saved_model.pb is no regular file;")
    assert broken == f"version 3 in {base} cannot be loaded (it is broken); version 2 is served"
    assert not models.refresh()
    (base / "3" / "broken").unlink()
    assert models.refresh()
    assert models.serving.number == 3


def test_a_start_without_a_sound_version(base):
    (base / "1" / "broken").touch()
    with pytest.raises(UserError, match=r"version 1 in .* cannot be loaded \(it is broken\)$"):
        ModelVersions("m", str(base)).refresh()


def test_removing_the_newest_version_goes_back(models, base):
    (base / "2").mkdir()
    models.refresh()
    (base / "2").rmdir()
    assert models.refresh()
    assert models.serving.number == 1


def test_removing_the_old_or_every_version_does_no_harm(models, base):
    (base / "2").mkdir()
    models.refresh()
    (base / "1").rmdir()
    assert not models.refresh()
    (base / "2").rmdir()
    assert not models.refresh()
    base.rmdir()
    assert not models.refresh()
    with models.use("m") as version:
        assert version.number == 2


@pytest.mark.parametrize(
    ("asked_for", "sentence"),
    [
        (("n",), "model 'n' does not exist; 'm' is served here"),
        (("m", 2), "version 2 of m is not served; version 1 is"),
    ],
)
def test_what_is_not_there_is_not_found(models, asked_for, sentence):
    with pytest.raises(Refused, match=sentence) as refused, models.use(*asked_for):
        pass
    assert refused.value.code.name == "NOT_FOUND"
    with pytest.raises(Refused) as refused:
        models.status(*asked_for)
    assert refused.value.code.name == "NOT_FOUND"


def test_the_folder_is_watched(models, base, monkeypatch, capsys):
    monkeypatch.setattr(versions, "POLL_SECONDS", 0.01)
    with models.watched():
        (base / ".2").mkdir()
        (base / ".2" / "broken").touch()
        (base / ".2").rename(base / "2")
        wait_until(lambda: states(models) == [(2, "END"), (1, "AVAILABLE")])
        (base / "3").mkdir()
        wait_until(lambda: states(models)[0] == (3, "AVAILABLE"))
    output, errors = capsys.readouterr()
    assert output == "version 3 is served now\n"
    assert errors == f"version 2 in {base} cannot be loaded (it is broken); version 1 is still served\n"


def test_the_folder_is_watched_when_nobody_reads_the_lines_any_more(models, base, monkeypatch):
    monkeypatch.setattr(versions, "POLL_SECONDS", 0.01)
    closed = types.SimpleNamespace(write=lambda text: os.write(-1, b""))  # Raises OSError, as a closed terminal does.
    monkeypatch.setattr(sys, "stdout", closed)
    with models.watched():
        for number in (2, 3):
            (base / str(number)).mkdir()
            wait_until(lambda number=number: states(models)[0] == (number, "AVAILABLE"))


def test_a_folder_without_a_version(tmp_path):
    for base in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match=r"holds no version of a model; make one with python export.py --model=RUN"):
            ModelVersions("m", str(base))


def test_a_folder_that_cannot_be_searched_holds_no_version(models, base, monkeypatch):
    def fails(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", fails)
    assert version_folders(base) == {}
    assert not models.refresh()
    assert models.serving.number == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[", "is no sound JSON"),
        ('{"config": null}', "must hold an object as config, not null"),
        ('{"palette": []}', r"must hold an object or null as palette, not \[\]"),
        ('{"input": {"channels": "3"}}', "must hold a whole number as input.channels"),
    ],
)
def test_a_version_whose_card_is_damaged_is_not_loaded(models, base, monkeypatch, content, reason):
    (base / "2" / "assets.extra").mkdir(parents=True)
    (base / "2" / "assets.extra" / "model_card.json").write_text(content)
    monkeypatch.setattr(versions, "SavedModel", None)  # Nothing is loaded that nobody would unload.
    with pytest.raises(UserError, match=rf"version 2 in .* cannot be loaded \(.*model_card.json {reason}"):
        models.refresh()
    assert models.serving.number == 1


def test_the_card_is_there_if_the_export_has_one(models, base):
    assert models.serving.card == {}
    (base / "2" / "assets.extra").mkdir(parents=True)
    (base / "2" / "assets.extra" / "model_card.json").write_text('{"palette": {"wall": [1, 2, 3]}}')
    models.refresh()
    assert models.serving.card == {"palette": {"wall": [1, 2, 3]}}

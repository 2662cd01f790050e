"""What a path holds: a run, an export, a folder of exports, or none of them."""

import os
import socket

import pytest

from pix2pix_tf import UserError
from pix2pix_tf.model_paths import base_of_export, check_regular, is_run, newest_export
from pix2pix_tf.utils.version_folders import version_folders


@pytest.fixture
def model(tmp_path):
    """A model's folder with the exports 9 and 10, and something that is no version."""
    for name in ("9", "10", ".export-11"):
        (tmp_path / "model" / name / "variables").mkdir(parents=True)
        (tmp_path / "model" / name / "saved_model.pb").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").touch()
    return tmp_path / "model"


def test_a_run_and_exports_are_told_apart(model):
    assert is_run(str(model.parent / "run"))
    assert not is_run(str(model))
    assert not is_run(str(model / "9"))
    for path in (model.parent, model.parent / "missing"):
        with pytest.raises(UserError, match=rf"^{path} is no run directory \(.*\) and no export \("):
            is_run(str(path))


def test_the_newest_export(model):
    assert newest_export(str(model)) == str(model / "10")
    assert newest_export(str(model / "9")) == str(model / "9")
    with pytest.raises(UserError, match=r"holds no saved_model\.pb and no version with one, so it is no export"):
        newest_export(str(model.parent))


def test_a_single_export_is_served_as_its_version(model, monkeypatch):
    with base_of_export(str(model)) as base:
        assert base == str(model)
    monkeypatch.chdir(model)
    for path, number in (("9", 9), (str(model / ".export-11"), 1)):
        with base_of_export(path) as base:
            ((found, folder),) = version_folders(base).items()
            assert found == number
            assert os.path.samefile(folder, path)
            assert os.path.exists(folder / "saved_model.pb")


def test_what_would_be_waited_for_is_refused(model):
    check_regular(model / "9")
    os.mkfifo(model / "9" / "variables" / "variables.index")
    with pytest.raises(UserError, match=r"9/variables/variables\.index is no regular file; remove it, or"):
        check_regular(model / "9")


@pytest.mark.parametrize("kind", ["a named pipe", "a socket", "a device"])
def test_what_would_be_waited_for_is_found_behind_links_too(tmp_path, kind):
    """Links that lead back, of which two would make endless many paths, are followed once."""
    version, elsewhere = tmp_path / "1", tmp_path / "elsewhere"
    version.mkdir()
    elsewhere.mkdir()
    for name in ("a", "b"):
        (elsewhere / name).symlink_to(tmp_path)
    (version / "assets").symlink_to(elsewhere)
    (version / "nowhere").symlink_to(tmp_path / "missing")
    check_regular(version)
    path = elsewhere / "x"
    with socket.socket(socket.AF_UNIX) as bound:
        if kind == "a named pipe":
            os.mkfifo(path)
        elif kind == "a socket":
            bound.bind(os.path.relpath(path))
        else:
            path.symlink_to("/dev/zero")
        with pytest.raises(UserError, match=r"1/assets/.*x is no regular file; remove it, or"):
            check_regular(version)

"""utils: atomic writes, locks, image lists, JSON, version folders."""

import errno
import fcntl
import json
import os
import tempfile
import threading

import pytest

from pix2pix_tf import UserError
from pix2pix_tf.utils import plain_paths
from pix2pix_tf.utils.atomic import atomic_path, write_text
from pix2pix_tf.utils.image_files import list_images, match_by_stem
from pix2pix_tf.utils.json_files import ANY, NUMBER, parse_json, read_json
from pix2pix_tf.utils.locks import exclusive_lock
from pix2pix_tf.utils.plain_paths import plain_path
from pix2pix_tf.utils.version_folders import MAX_NUMBER, next_version, version_folders


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        with open(temporary, "w") as file:
            file.write("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]
    write_text(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("name", ["長" * 83 + ".png", "x" * 255, "a." + "x" * 253, os.fsdecode(b"a\xff.png")])
def test_names_of_every_length_and_encoding_are_written(tmp_path, name):
    path = os.path.join(tmp_path, name)
    with atomic_path(path) as temporary:
        assert len(os.fsencode(os.path.basename(temporary))) <= 32
        with open(temporary, "w") as file:
            file.write("x")
    assert os.listdir(tmp_path) == [name]


def test_two_writers_of_one_file_have_two_temporary_files(tmp_path):
    with atomic_path(tmp_path / "a.png") as one, atomic_path(tmp_path / "a.png") as other:
        assert one != other
        assert one.endswith(".png")
        for path in (one, other):
            with open(path, "w") as file:
                file.write("x")


def test_what_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"nowhere/a cannot be written \(No such file or directory\)"):
        write_text(tmp_path / "nowhere" / "a", "x")


def test_bytes_of_names_that_are_no_utf8_are_kept(tmp_path):
    write_text(tmp_path / "list", os.fsdecode(b"a\xff"))
    assert (tmp_path / "list").read_bytes() == b"a\xff"


def test_one_process_holds_a_lock(tmp_path):
    again = exclusive_lock(tmp_path / "lock", "it is in use")
    with exclusive_lock(tmp_path / "lock", "held"), pytest.raises(UserError, match="it is in use"), again:
        pass
    with exclusive_lock(tmp_path / "lock", "in use"):
        pass


def test_a_second_process_may_wait_for_the_lock(tmp_path, capsys):
    events = []

    def second():
        with exclusive_lock(tmp_path / "lock", "waiting for it", wait=True):
            events.append("second")

    with exclusive_lock(tmp_path / "lock", "held"):
        thread = threading.Thread(target=second)
        thread.start()
        while "waiting for it" not in capsys.readouterr().out:
            assert thread.is_alive()
        events.append("first")
    thread.join()
    assert events == ["first", "second"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_gets_a_warning(tmp_path, monkeypatch, capsys, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    entered = False
    with exclusive_lock(tmp_path / "lock", "in use"):
        entered = True
    assert entered
    assert capsys.readouterr().err.startswith(f"warning: {tmp_path / 'lock'} cannot be locked ({os.strerror(number)})")


def test_a_lock_file_that_cannot_be_made_is_a_sentence(tmp_path):
    lock = exclusive_lock(tmp_path / "nowhere" / "lock", "in use")
    with pytest.raises(UserError, match="nowhere/lock cannot be written"), lock:
        pass


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    for name in ("b.png", "a.JPG", "note.txt", ".hidden.png", "sub/c.png", ".git/d.png", "val/e.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_images_are_listed_by_path(folder):
    assert list_images(folder) == ["a.JPG", "b.png", "sub/c.png", "val/e.png"]
    assert list_images(folder, leave_out=("val",)) == ["a.JPG", "b.png", "sub/c.png"]
    assert list_images(folder, subfolders=False) == ["a.JPG", "b.png"]


def test_thumbnails_of_a_translated_folder_are_not_its_images(folder):
    for name in ("gallery/input/a.JPG.jpg", "gallery/target/sub/c.png.jpg", "gallery/mine.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert len(list_images(folder)) == 7
    (folder / "translate.json").touch()
    assert list_images(folder) == ["a.JPG", "b.png", "gallery/mine.png", "sub/c.png", "val/e.png"]
    assert len(list_images(folder.parent)) == 5


def test_samples_of_a_run_are_not_the_images_that_it_learns_from(folder):
    for name in ("runs/a/samples/step_1.png", "runs/a/losses.png", "runs/a/config.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert len(list_images(folder)) == 6
    (folder / "runs" / "a" / "metrics.jsonl").touch()
    assert list_images(folder) == ["a.JPG", "b.png", "sub/c.png", "val/e.png"]
    assert list_images(folder / "runs" / "a") == ["losses.png", "samples/step_1.png"]


def test_each_file_is_listed_once_whatever_links_there_are(folder, tmp_path):
    (folder / "sub" / "up").symlink_to("..")
    (folder / "above").symlink_to(tmp_path)
    (folder / "again").symlink_to("sub")  # Before `sub` in the order of names.
    assert list_images(folder) == ["a.JPG", "b.png", "sub/c.png", "val/e.png"]


def test_a_linked_folder_is_listed(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "f.png").touch()
    for name in ("one", "two"):
        (folder / name).symlink_to(tmp_path / "elsewhere")
    assert list_images(folder) == ["a.JPG", "b.png", "one/f.png", "sub/c.png", "val/e.png"]


def test_files_match_by_their_path_without_the_ending():
    assert match_by_stem(["b.png", "a.x.jpg"], ["a.x.png", "a.x.gif", "sub/b.png"]) == {
        "a.x": (["a.x.jpg"], ["a.x.png", "a.x.gif"]),
        "b": (["b.png"], []),
        "sub/b": ([], ["sub/b.png"]),
    }


UNSOUND = {
    "cut short": b'{"step": 1',
    "nothing": b"",
    "no UTF-8": b'{"a": "\xff"}',
    "nested without end": b'{"a":' * 100_000,
    "null": b"null",
    "an array": b"[null, 1]",
    "a name twice": b'{"a": 1, "b": [{"c": 1, "c": 1}]}',
    "a large float": b'{"a": 1e400}',
    "a large integer": b'{"a": 1%s}' % (b"0" * 400),
    "a very large integer": b'{"a": 1%s}' % (b"0" * 5000),
}


@pytest.mark.parametrize("content", UNSOUND.values(), ids=UNSOUND)
def test_unsound_json_is_one_sentence(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_json(path, advice="write it anew")
    assert str(caught.value).startswith(f"{path} ")
    assert str(caught.value).endswith("; write it anew.")
    assert len(str(caught.value)) < 200 + len(str(path))
    with pytest.raises(UserError, match=r"^it "):
        parse_json(content, "it")


KIND = {"step": int, "rows": {ANY: {"iou": NUMBER | None}}, "about?": str}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"rows": {}}, "holds no step"),
        ({"step": True, "rows": {}}, "must hold a whole number as step, not true"),
        ({"step": 1.0, "rows": {}}, "must hold a whole number as step, not 1.0"),
        ({"step": 1, "rows": []}, "must hold an object as rows, not []"),
        ({"step": 1, "rows": {"a": {"iou": 1}, "b": {}}}, "holds no rows.*.iou"),
        (
            {"step": 1, "rows": {"a": {"iou": [1]}}},
            "must hold a number or null as rows.*.iou, not [1]",
        ),
        ({"step": 1, "rows": {}, "about": None}, "must hold a text as about, not null"),
        ([], "must hold an object of JSON, not []"),
    ],
)
def test_json_of_another_kind_is_one_sentence(value, reason):
    with pytest.raises(UserError) as caught:
        parse_json(json.dumps(value), "it", KIND, "write it anew")
    assert str(caught.value) == f"it {reason}; write it anew."


def test_json_of_a_kind_may_hold_more():
    for value in (
        {"step": 1, "rows": {}},
        {"step": 1, "rows": {"a": {"iou": None}, "b": {"iou": 0.5}}, "about": "", "x": 1},
    ):
        assert parse_json(json.dumps(value), "it", KIND) == value


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(UserError, match=r"config\.json cannot be read \(Is a named pipe\); restore it from a copy\.$"):
        read_json(tmp_path / "config.json")


def test_sound_json_is_read(tmp_path):
    path = tmp_path / "a.json"
    value = {"a": [1, 2.5, 2**70, "é", None, float("inf")]}
    path.write_text(json.dumps(value))
    assert read_json(path) == value
    assert parse_json("[1]", "it", list) == [1]
    assert parse_json("null", "it", object) is None
    with pytest.raises(UserError, match=r"missing.json cannot be read \(No such file"):
        read_json(tmp_path / "missing.json")


def test_versions_are_numbered_folders(tmp_path):
    for name in ("1", "10", "9", ".export-1", "new", "٣", str(MAX_NUMBER + 1), "9" * 255):
        (tmp_path / name).mkdir()
    (tmp_path / "11").touch()
    assert list(version_folders(tmp_path)) == [10, 9, 1]
    assert version_folders(tmp_path)[9] == tmp_path / "9"
    assert next_version(tmp_path) == 12
    (tmp_path / str(MAX_NUMBER)).mkdir()
    with pytest.raises(UserError, match="the last there can be"):
        next_version(tmp_path)
    assert version_folders(tmp_path / "nowhere") == {}
    assert next_version(tmp_path / "nowhere") == 1


@pytest.mark.parametrize("name", ["a[1]", "a*b?", "{x}", "back\\slash", "new\nline", os.fsdecode(b"\xff")])
def test_tensorflow_is_given_plain_paths(tmp_path, name):
    folder = tmp_path / name / "sub"
    folder.mkdir(parents=True)
    (folder / "step-1").write_text("one")
    assert plain_path(tmp_path / "step-1") == f"{tmp_path}/step-1"
    for path, content in ((folder / "step-1", folder / "step-1"), (tmp_path / name, tmp_path / name)):
        plain = plain_path(path)
        assert plain.isprintable() and not set(plain) & set("*?[]{}\\")
        assert os.path.samefile(plain, content)


def test_a_link_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t[1]"))
    (tmp_path / "t[1]").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert "[" not in plain_path(tmp_path / "t[1]" / "x")  # Not under this TMPDIR.
    monkeypatch.setattr(plain_paths, "_TEMPORARY_FOLDERS", ["/proc"])
    with pytest.raises(UserError, match=r"t\[2\] has a name that TensorFlow cannot read, and no link .* TMPDIR to a"):
        plain_path(tmp_path / "t[2]" / "x")

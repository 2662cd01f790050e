"""The answers file: whole lines or none, one study, one server."""

import concurrent.futures
import contextlib
import json
import os
import resource

import pytest

from pix2pix_tf import UserError
from pix2pix_tf.study.answers_file import open_answers, read_answers

SETTINGS = {"real": "/photos", "fake": {"cgan": "/out"}, "practice": 1, "trials": 40, "fingerprint": "f00"}


def participant(token):
    return {"participant": token, "algorithm": "cgan"}


A = participant("a")
SEEN = {"practice": True, "fake_side": "left", "answer": "left", "hidden": False, "loads": 1, "exposure_ms": 1001.5}
ANSWER = A | {"trial": 0} | SEEN


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "study" / "answers.jsonl")


@pytest.fixture
def two_lines(path):
    """An answers file with two records; its path."""
    with open_answers(path, SETTINGS) as answers:
        answers.append(A)
        answers.append(ANSWER)
    return path


def content(path):
    with open(path, "rb") as file:
        return file.read()


def test_what_was_appended_is_there_again(two_lines):
    with open_answers(two_lines, SETTINGS) as answers:
        assert answers.records == [A, ANSWER]
        answers.append(participant("ä"))
    settings, records = read_answers(two_lines)
    assert records[2] == participant("ä")
    assert settings.items() >= SETTINGS.items()


def test_a_study_gets_a_name_and_a_seed_of_its_own(tmp_path):
    drawn = set()
    for name in "abc":
        for _ in range(2):  # They stay.
            with open_answers(str(tmp_path / name), SETTINGS) as answers:
                drawn.add((answers.settings["study"], answers.settings["seed"]))
    assert len(drawn) == 3


def test_a_line_is_on_the_disk_before_append_returns(path, monkeypatch):
    synced = []
    with open_answers(path, SETTINGS) as answers:
        monkeypatch.setattr(os, "fsync", lambda number: synced.append((os.fstat(number).st_ino, content(path))))
        answers.append({"trial": 7})
        assert synced == [(os.stat(path).st_ino, content(path))]
        monkeypatch.undo()
    assert json.loads(content(path).splitlines()[-1]) == {"trial": 7}


# Crashes


@pytest.mark.parametrize("rest", [b'{"participant": "b', b'{"whole": "but without its end of line"}', b"\x00\x00\x00"])
def test_a_line_that_was_cut_short_is_dropped(two_lines, rest):
    whole = content(two_lines)
    with open(two_lines, "ab") as file:
        file.write(rest)
    assert read_answers(two_lines)[1] == [A, ANSWER]
    assert content(two_lines) == whole + rest  # Reading changes nothing.
    with open_answers(two_lines, SETTINGS) as answers:
        assert len(answers.records) == 2
        answers.append({"participant": "c"})
    assert content(two_lines) == whole + b'{"participant": "c"}\n'


def test_a_full_disk_leaves_no_part_of_a_line(two_lines):
    before = content(two_lines)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_answers(two_lines, SETTINGS) as answers:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 9, limits[1]))
            with pytest.raises(OSError, match="part of a line"):
                answers.append({"participant": "too long for it"})
            assert len(content(two_lines)) == len(before) + 9
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        answers.append({"participant": "b"})
    assert content(two_lines) == before + b'{"participant": "b"}\n'


def test_lines_of_many_threads_do_not_mix(path):
    with open_answers(path, SETTINGS) as answers, concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: answers.append(participant(f"{i}") | {"text": "x" * (i % 50)}), range(400)))
    assert sorted(int(record["participant"]) for record in read_answers(path)[1]) == list(range(400))


def test_damage_elsewhere_is_told_with_its_line(two_lines):
    lines = content(two_lines).splitlines(keepends=True)
    with open(two_lines, "wb") as file:
        file.writelines([lines[0], b"{broken\n", lines[2]])
    with pytest.raises(
        UserError, match=r"answers\.jsonl, line 2, is no sound JSON .*; repair it or give another --answ"
    ):
        read_answers(two_lines)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "holds no participant"),
        ({"participant": ["b"], "algorithm": "cgan"}, 'must hold a text as participant, not ["b"]'),
        ({"participant": "b", "algorithm": None}, "must hold a text as algorithm, not null"),
        ({"participant": "b", "algorithm": "none"}, "contradicts the lines before it"),
        (participant("a"), "contradicts the lines before it"),
        (ANSWER | {"participant": "b"}, "contradicts the lines before it"),
        (ANSWER | {"exposure_ms": "1"}, 'must hold a number as exposure_ms, not "1"'),
        (ANSWER | {"trial": None}, "must hold a whole number as trial, not null"),
        (A | {"trial": 1}, "holds no practice"),
    ],
)
def test_a_record_that_no_study_writes_is_named_by_its_line(two_lines, record, reason):
    with open(two_lines, "a") as file:
        file.write(json.dumps(record) + "\n")
    before = content(two_lines)
    for opened in (read_answers, lambda path: open_answers(path, SETTINGS).__enter__()):
        with pytest.raises(UserError) as caught:
            opened(two_lines)
        assert str(caught.value) == f"{two_lines}, line 4, {reason}; repair it or give another --answers."
    assert content(two_lines) == before


# One study, one server


@pytest.mark.parametrize(
    "change, words",
    [
        ({"trials": 30}, r"belongs to a study with trials 40, not 30; go back to that, or give another --answers\.$"),
        ({"real": "/other"}, r"belongs to a study with real '/photos', not '/other'; go back"),
        ({"same_input": True}, r"belongs to a study with same_input None, not True; go back"),
        ({"fingerprint": "bad"}, r"belongs to a study of other images; put them back, or give another --answers\.$"),
    ],
)
def test_other_settings_are_refused(two_lines, change, words):
    before = content(two_lines)
    with pytest.raises(UserError, match=words), open_answers(two_lines, SETTINGS | change):
        pass
    assert content(two_lines) == before


@pytest.mark.parametrize(
    "text",
    ["notes on the study", "notes\nmore\n", '{"step": 1}\n', "[]\n", "3\n", '{\n"a": 1}\n', '{"study": null}\n'],
)
def test_another_file_is_neither_taken_nor_changed(tmp_path, text):
    path = tmp_path / "file.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=r"file\.jsonl is no answers file of a study; give another --answers\.$"):
        open_answers(str(path), SETTINGS).__enter__()
    assert path.read_text() == text


def test_two_servers_on_one_file_are_refused(two_lines):
    with open_answers(two_lines, SETTINGS), contextlib.ExitStack() as second:
        with pytest.raises(UserError, match=r"answers\.jsonl is in use by another server; stop it, or give another"):
            second.enter_context(open_answers(two_lines, SETTINGS))
        assert len(read_answers(two_lines)[1]) == 2  # A report may be made meanwhile.
    with open_answers(two_lines, SETTINGS) as answers:
        assert len(answers.records) == 2


def test_a_path_that_cannot_be_opened(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/answers\.jsonl cannot be opened \(.*\); give another --answers\.$"):
        open_answers(str(tmp_path / "file" / "answers.jsonl"), SETTINGS).__enter__()


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "answers.jsonl")
    with pytest.raises(UserError, match=r"answers\.jsonl is no regular file; give another --answers\.$"):
        open_answers(str(tmp_path / "answers.jsonl"), SETTINGS).__enter__()


def test_a_report_of_no_study(tmp_path):
    with pytest.raises(
        UserError, match=r"none\.jsonl does not exist; give the --answers of a study that was served\.$"
    ):
        read_answers(str(tmp_path / "none.jsonl"))

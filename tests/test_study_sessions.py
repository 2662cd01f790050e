"""Where each participant is: nobody answers twice or ahead, and a server that starts anew knows everything."""

import concurrent.futures
import contextlib
import time
from collections import Counter

import pytest

from pix2pix_tf.study.answers_file import open_answers, read_answers
from pix2pix_tf.study.sessions import Refused, Sessions
from pix2pix_tf.study.study_images import StudyImages

NAMES = [f"{i:02}" for i in range(8)]
IMAGES = StudyImages(
    {name: f"/real/{name}.jpg" for name in NAMES},
    {algorithm: {name: f"/{algorithm}/{name}.png" for name in NAMES} for algorithm in ("cgan", "l1")},
)
SETTINGS = {"fake": {"cgan": "/cgan", "l1": "/l1"}, "same_input": False, "practice": 2, "trials": 4}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "answers.jsonl")


@pytest.fixture
def start(path):
    """start(): the sessions of a server that has just opened the answers file; an older one has ended."""
    with contextlib.ExitStack() as stack:

        def start():
            stack.close()
            return Sessions(stack.enter_context(open_answers(path, SETTINGS)), IMAGES)

        yield start


@pytest.fixture
def sessions(start):
    """Sessions with one participant, "ann"."""
    sessions = start()
    sessions.begin("ann")
    return sessions


def reply(side="left"):
    return {"answer": side, "exposure_ms": 1001.0, "response_ms": 400.0, "hidden": False}


def stored(path):
    return [record for record in read_answers(path)[1] if "trial" in record]


def refused(status, words):
    """Expects a refusal with this status and these words."""

    @contextlib.contextmanager
    def expectation():
        with pytest.raises(Refused, match=words) as caught:
            yield
        assert caught.value.status == status

    return expectation()


def test_participants_are_spread_over_the_algorithms(path, start):
    sessions = start()
    for token in "abcde":
        sessions.begin(token)
        sessions.begin(token)  # The page may ask twice, when it got no answer.
    assert Counter(record["algorithm"] for record in read_answers(path)[1]) == {"cgan": 3, "l1": 2}


def test_each_participant_has_trials_of_their_own_algorithm(path, sessions):
    sessions.begin("bob")
    for token in ("ann", "bob"):
        for number in range(6):
            sessions.answer(token, number, reply())
    for token, algorithm in (("ann", "cgan"), ("bob", "l1")):
        mine = [record for record in stored(path) if record["participant"] == token]
        assert {record["algorithm"] for record in mine} == {algorithm}
        assert [record["practice"] for record in mine] == [True] * 2 + [False] * 4


def test_the_images_are_where_the_answers_file_says(path, sessions):
    for number in range(6):
        shown = {side: sessions.image("ann", number, side) for side in ("left", "right")}
        sessions.answer("ann", number, reply())
        record = stored(path)[-1]
        other = {"left": "right", "right": "left"}[record["fake_side"]]
        assert shown[record["fake_side"]] == f"/cgan/{record['fake']}.png"
        assert shown[other] == f"/real/{record['real']}.jpg"


def test_an_answer_is_stored_whole(path, sessions):
    sessions.image("ann", 0, "left")
    trial = sessions.answer("ann", 0, reply("right"))
    (record,) = stored(path)
    assert record.pop("time").endswith("+00:00")
    assert record == {
        "participant": "ann",
        "trial": 0,
        "practice": True,
        "algorithm": "cgan",
        "real": trial.real,
        "fake": trial.fake,
        "fake_side": trial.fake_side,
        "answer": "right",
        "exposure_ms": 1001.0,
        "response_ms": 400.0,
        "hidden": False,
        "loads": 1,
    }


def test_how_often_a_trial_was_loaded_is_counted_anew_for_each(path, sessions):
    for number, loads in enumerate([1, 3, 1]):
        for _ in range(loads):
            for side in ("left", "right"):
                sessions.image("ann", number, side)
        sessions.answer("ann", number, reply())
    assert [record["loads"] for record in stored(path)] == [1, 3, 1]


# Refusals


def test_nobody_answers_twice_and_the_first_answer_stays(path, sessions):
    sessions.answer("ann", 0, reply("left"))
    with refused(409, r"^Trial 0 is answered already\.$"):
        sessions.answer("ann", 0, reply("right"))
    assert [record["answer"] for record in stored(path)] == ["left"]
    assert sessions.answered("ann") == 1


def test_of_answers_that_arrive_at_once_one_counts(path, sessions, monkeypatch):
    append = sessions._answers.append
    monkeypatch.setattr(sessions._answers, "append", lambda record: (time.sleep(0.05), append(record)))  # a slow disk

    def attempt(side):
        try:
            return sessions.answer("ann", 0, reply(side))
        except Refused as refusal:
            return refusal.status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, ["left", "right"] * 8))
    assert Counter(map(type, outcomes))[int] == 15
    assert set(outcomes) - {409} == {outcome for outcome in outcomes if outcome != 409}
    assert len(stored(path)) == 1


def test_nobody_answers_or_sees_a_trial_before_its_turn(path, sessions):
    with refused(409, r"^Trial 1 is not to be answered yet\.$"):
        sessions.answer("ann", 1, reply())
    with refused(409, "Trial 5 is not"):
        sessions.image("ann", 5, "left")
    assert stored(path) == []


def test_what_was_answered_is_not_shown_again(sessions):
    sessions.answer("ann", 0, reply())
    with refused(409, "Trial 0 is answered already"):
        sessions.image("ann", 0, "left")


def test_unknown_trials_sides_and_people(path, sessions):
    with refused(404, r"^There is no trial 6\.$"):
        sessions.answer("ann", 6, reply())
    with refused(404, r"^There is no side fake\.$"):
        sessions.image("ann", 0, "fake")
    with refused(403, "takes no part in the study; cookies must be allowed"):
        sessions.answer("eve", 0, reply())
    with refused(403, "takes no part"):
        sessions.image(None, 0, "left")
    assert sessions.answered("eve") is None
    assert stored(path) == []


# Crashes


def test_a_new_server_goes_on_where_the_old_one_was(path, start, sessions):
    sessions.begin("bob")
    sessions.answer("ann", 0, reply())
    sessions.answer("ann", 1, reply())
    expected = {token: sessions.image(token, number, "left") for token, number in (("ann", 2), ("bob", 0))}
    again = start()
    assert (again.answered("ann"), again.answered("bob")) == (2, 0)
    assert expected == {token: again.image(token, number, "left") for token, number in (("ann", 2), ("bob", 0))}
    with refused(409, "answered already"):
        again.answer("ann", 1, reply())
    for number in range(2, 6):
        again.answer("ann", number, reply())
    assert [record["trial"] for record in stored(path)] == list(range(6))
    assert len({record["fake"] for record in stored(path)}) == 6
    assert start().answered("ann") == 6


def test_an_answer_that_could_not_be_stored_may_be_sent_again(path, sessions, monkeypatch):
    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(sessions._answers, "append", full)
    with pytest.raises(OSError, match="No space"):
        sessions.answer("ann", 0, reply())
    with pytest.raises(OSError, match="No space"):
        sessions.begin("bob")
    monkeypatch.undo()
    assert (sessions.answered("ann"), sessions.answered("bob")) == (0, None)
    sessions.answer("ann", 0, reply())
    assert len(stored(path)) == 1

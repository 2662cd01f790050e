"""The real server as a second process: the way through a study, what its answers give away, crashes, and a crowd."""

import concurrent.futures
import contextlib
import importlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
import requests
from study_process import Participant, recognize, served

from pix2pix_tf import UserError
from pix2pix_tf.study import study_server

PRACTICE, TRIALS = 2, 4
SHORT = (f"--practice={PRACTICE}", f"--trials={TRIALS}")
SIDES = ("left", "right")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of two algorithms that many tests take part in."""
    with served(tmp_path_factory.mktemp("study"), *SHORT, fakes=("cgan", "l1")) as study:
        yield study


@pytest.fixture
def ann(study):
    """A new participant who has begun."""
    ann = Participant(study.url)
    ann.begin()
    return ann


def run(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.study", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def token_of(participant):
    (cookie,) = participant.browser.cookies.values()
    return cookie.partition(".")[0]


# The way through


def test_a_whole_session(study):
    ann = Participant(study.url)
    start = {"practice": PRACTICE, "trials": TRIALS, "exposure_ms": 1000}
    assert ann.session() == {**start, "trial": None}
    assert ann.begin() == {**start, "trial": 0}
    seen = []
    for number in range(PRACTICE + TRIALS):
        shown = {side: recognize(ann.image(number, side).content) for side in SIDES}
        (fake_side,) = [side for side, (is_fake, _) in shown.items() if is_fake]
        seen += shown.values()
        reply = ann.answer(number, "left")
        assert reply.status_code == 200
        assert reply.json() == ({"fake_side": fake_side} if number < PRACTICE else {})
        assert ann.session() == {**start, "trial": number + 1}
    assert len(set(seen)) == 2 * (PRACTICE + TRIALS)
    mine = [line for line in study.lines() if line["participant"] == token_of(ann)]
    assert [line.get("trial") for line in mine] == [None, *range(PRACTICE + TRIALS)]
    assert mine[1]["exposure_ms"] == 1003.4
    assert mine[1]["response_ms"] == 512


def test_whoever_comes_back_goes_on(study, ann):
    ann.answer(0)
    again = Participant(study.url)
    again.browser.cookies.update(ann.browser.cookies)
    assert again.session()["trial"] == again.begin()["trial"] == 1
    assert again.answer(1).status_code == 200
    assert sum(line["participant"] == token_of(ann) and "trial" not in line for line in study.lines()) == 1


# What gives the fake away: nothing


def test_images_differ_in_nothing_but_their_pixels(ann):
    for number in range(PRACTICE + TRIALS):
        left, right = (ann.image(number, side) for side in SIDES)
        assert recognize(left.content)[0] != recognize(right.content)[0]
        assert len(left.content) == len(right.content) == int(left.headers["Content-Length"]) == 54 + 8 * 24
        assert left.content[:54] == right.content[:54]
        headers = [{**response.headers, "date": ""} for response in (left, right)]
        assert headers[0] == headers[1]
        assert headers[0]["cache-control"] == "no-store, no-transform"
        assert headers[0]["content-type"] == "image/bmp"
        assert not {"etag", "last-modified", "set-cookie", "content-disposition"} & set(headers[0])
        ann.answer(number)


def test_replies_to_trials_that_count_do_not_depend_on_the_answer(study):
    replies = set()
    for _ in range(4):
        participant = Participant(study.url)
        participant.begin()
        for number in range(PRACTICE + TRIALS):
            is_fake, _ = recognize(participant.image(number, "left").content)
            reply = participant.answer(number, "left")
            if number >= PRACTICE:
                headers = {name: value for name, value in reply.headers.items() if name != "date"}
                replies.add((is_fake, reply.text, json.dumps(headers)))
    assert {is_fake for is_fake, *_ in replies} == {True, False}
    assert len({tuple(rest) for _, *rest in replies}) == 1


# Refusals


def test_the_second_answer_is_refused_and_the_first_one_kept(study, ann):
    assert ann.answer(0, "left").status_code == 200
    second = ann.answer(0, "right")
    assert (second.status_code, second.json()) == (409, {"error": "Trial 0 is answered already."})
    assert [line["answer"] for line in study.lines() if line["participant"] == token_of(ann) and "trial" in line] == [
        "left"
    ]


def test_of_answers_that_arrive_at_once_one_is_taken(study, ann):
    cookies = ann.browser.cookies.get_dict()
    together = threading.Barrier(12)

    def attempt(number):
        together.wait()
        body = {"answer": SIDES[number % 2], "exposure_ms": 1000, "response_ms": 1, "hidden": False}
        return requests.post(f"{study.url}trials/0", json=body, cookies=cookies).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert Counter(pool.map(attempt, range(12))) == {200: 1, 409: 11}
    assert sum(line["participant"] == token_of(ann) and "trial" in line for line in study.lines()) == 1


@pytest.mark.parametrize("number, status", [(1, 409), (5, 409), (6, 404), (10**30, 404), (-1, 405), ("x", 405)])
def test_no_trial_before_its_turn_and_no_unknown_one(study, ann, number, status):
    before = len(study.lines())
    assert ann.answer(number).status_code == status
    assert ann.image(number, "left").status_code in (status, 404, 405)
    assert len(study.lines()) == before


def test_images_of_the_present_trial_only(ann):
    assert [ann.image(0, side).status_code for side in ("left", "right", "fake", "left.png")] == [200, 200, 404, 404]
    ann.answer(0)
    assert ann.image(0, "left").status_code == 409
    assert ann.image(2, "left").status_code == 409


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 400),
        (b"{", 400),
        (b"[1, 2]", 400),
        (b"\xff", 400),
        (b"{" + b" " * 2000 + b"}", 413),
        ({"answer": "both"}, 400),
        ({"answer": ["left"]}, 400),
        ({"exposure_ms": None}, 400),
        ({"exposure_ms": "1000"}, 400),
        ({"exposure_ms": True}, 400),
        ({"response_ms": -1}, 400),
        ({"response_ms": float("nan")}, 400),
        ({"response_ms": 10**400}, 400),
        ({"hidden": 0}, 400),
    ],
)
def test_answers_that_are_none(study, ann, body, status):
    if isinstance(body, dict):
        whole = {"answer": "left", "exposure_ms": 1000, "response_ms": 1, "hidden": False}
        body = json.dumps(whole | body).encode()
    before = len(study.lines())
    reply = ann.browser.post(f"{study.url}trials/0", data=body)
    assert reply.status_code == status
    assert reply.json()["error"].endswith(".")
    assert len(study.lines()) == before
    assert ann.answer(0).status_code == 200


def test_more_than_an_answer_holds_is_not_stored(study, ann):
    assert ann.answer(0, fake_side="left", participant="eve", note="x").status_code == 200
    assert study.lines()[-1]["participant"] == token_of(ann)
    assert "note" not in study.lines()[-1]


def test_only_the_studys_own_ids_take_part(study):
    name = cookie_name(study)
    ann = Participant(study.url)
    ann.session()
    genuine = ann.browser.cookies[name]
    token, _, signature = genuine.partition(".")
    before = len(study.lines())
    for value in (
        "y" * 22,
        f"{'y' * 22}.{signature}",
        f"{token}.{'0' * len(signature)}",
        token,
        f"{token}.",
        f"{token}.\xe4",
    ):
        reply = requests.post(study.url + "session", cookies={name: value})
        assert reply.status_code == 403
    assert len(study.lines()) == before
    assert requests.post(study.url + "session", cookies={name: genuine}).json()["trial"] == 0
    assert study.lines()[-1]["participant"] == token


def test_whoever_takes_part_since_ids_were_not_signed_goes_on(study, ann):
    cookies = {cookie_name(study): token_of(ann)}
    assert requests.get(study.url + "session", cookies=cookies).json()["trial"] == 0


def test_another_host_name_is_not_answered(study):
    assert requests.get(study.url + "session", headers={"Host": "evil.example"}).status_code == 400


def cookie_name(study):
    return f"study-{json.loads(study.answers.read_text().splitlines()[0])['study']}"


@pytest.mark.parametrize("cookies", [{}, {"study": "x" * 22}])
def test_a_browser_without_cookies_is_told(study, cookies):
    for method, path in (("post", "session"), ("get", "trials/0/left")):
        reply = requests.request(method, study.url + path, cookies=cookies)
        assert reply.status_code == 403
        assert "cookie" in reply.json()["error"]


def test_a_cookie_of_another_make_is_replaced(study):
    name = cookie_name(study)
    for value in ("x", "y" * 22, "y" * 23, "../" * 7 + "z", '"'):
        reply = requests.get(study.url + "session", headers={"Cookie": f"{name}={value}"})
        assert name in reply.cookies
    ann = Participant(study.url)
    ann.session()
    assert "set-cookie" not in ann.browser.get(study.url + "session").headers


# The page


def test_the_page_is_strict_and_needs_nothing_from_elsewhere(study):
    text = ""
    for path in ("", "study.js", "study.css", "icon.svg"):
        reply = requests.get(study.url + path)
        assert reply.status_code == 200
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        text += reply.text
    assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("\n//", "").replace("; //", "")
    assert "style=" not in text
    assert "onclick" not in text


def test_the_cookie_is_for_this_study_and_no_script(study):
    cookie = requests.get(study.url + "session").headers["set-cookie"].lower()
    settings = json.loads(study.answers.read_text().splitlines()[0])
    assert cookie.startswith(f"study-{settings['study']}=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    proxied = requests.get(study.url + "session", headers={"X-Forwarded-Proto": "https"})
    assert "secure" in proxied.headers["set-cookie"].lower()


# Starting, going on and ending


def test_an_image_that_is_gone_is_told_to_the_one_who_can_put_it_back(study, ann):
    folder = study.answers.parents[1] / "real"
    folder.rename(folder.with_name("elsewhere"))
    try:
        replies = [ann.image(0, side) for side in SIDES]
    finally:
        folder.with_name("elsewhere").rename(folder)
    (failed,) = [reply for reply in replies if reply.status_code == 503]
    assert failed.json() == {"error": "The study is not available at the moment."}
    assert study.process.stderr.readline().startswith(f"error: {folder}/")
    assert [ann.image(0, side).status_code for side in SIDES] == [200, 200]


def test_what_the_server_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "pix2pix_tf.study.study_server")
    with pytest.raises(UserError, match=r"not installed: pip install 'pix2pix_tf\[serve\]'\.$"):
        importlib.import_module("pix2pix_tf.study.study_server")


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])  # The second is nobody's.
def test_an_address_that_cannot_be_had(host):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"^Nothing can listen on {host}:{port} \(.*\); give another --port or"):
            study_server.serve(None, host, port)


@pytest.mark.slow
def test_ctrl_c_ends_it_and_another_server_goes_on(tmp_path):
    with served(tmp_path, *SHORT) as study:
        ann = Participant(study.url)
        ann.begin()
        ann.answer(0)
        study.process.send_signal(signal.SIGINT)  # The participant's connection is still open.
        output, errors = study.process.communicate(timeout=30)
        assert (study.process.returncode, errors) == (0, "")
        assert output == f"stopped; all answers are in {study.answers}\n"
    with served(tmp_path, *SHORT) as study:
        ann.url = study.url
        assert ann.session()["trial"] == 1
        assert [ann.answer(number).status_code for number in range(1, 6)] == [200] * 5
        status, output, errors = run(f"--answers={study.answers.parent}", "--report")
    assert (status, errors) == (0, "")
    assert output.splitlines()[2].startswith("| cgan | 1 | 4 | ")
    written = ["answers-report.json", "answers-report.md", "answers-report.png", "answers.jsonl"]
    assert sorted(path.name for path in study.answers.parent.iterdir()) == written


@pytest.mark.slow
def test_a_second_server_on_the_same_answers_is_refused(study):
    root = study.answers.parents[1]
    fakes = [f"--fake={name}:{root / name}" for name in ("cgan", "l1")]
    outcome = run(f"--real={root / 'real'}", *fakes, *SHORT, f"--answers={study.answers}", "--port=0")
    sentence = f"error: {study.answers} is in use by another server; stop it, or give another --answers.\n"
    assert outcome == (1, "", sentence)


@pytest.mark.slow
def test_mistakes_are_one_sentence(tmp_path):
    answers = f"--answers={tmp_path / 'answers'}"
    for arguments, words in (
        ([answers], "A study needs --real=DIR and at least one --fake=NAME:DIR; --report needs only --answers."),
        (
            [answers, "--report"],
            f"{tmp_path}/answers/answers.jsonl does not exist; give the --answers of a study that ",
        ),
        ([answers, f"--real={tmp_path}", "--fake=x"], "--fake must be NAME:DIR, such as cgan:out/cgan, with a NAME"),
    ):
        status, output, errors = run(*arguments)
        assert (status, output, errors.count("\n")) == (1, "", 1)
        assert errors.startswith(f"error: {words}")
    assert not (tmp_path / "answers").exists()


# Crashes and crowds


def take_part(url, session_length, acknowledged):
    """Answers everything, one trial after the other, as a page would; adds (token, trial) of what was acknowledged."""
    participant = Participant(url)
    participant.begin()
    token = token_of(participant)
    for number in range(session_length):
        assert participant.session()["trial"] == number
        shown = {side: recognize(participant.image(number, side).content) for side in SIDES}
        assert sorted(is_fake for is_fake, _ in shown.values()) == [False, True]
        reply = participant.answer(number, SIDES[number % 2])
        assert reply.status_code == 200
        acknowledged.append((token, number))


def stored(study):
    return Counter((line["participant"], line["trial"]) for line in study.lines() if "trial" in line)


@pytest.mark.slow
def test_a_killed_server_loses_no_acknowledged_answer(tmp_path):
    acknowledged = []

    def until_it_dies(url):
        with contextlib.suppress(requests.RequestException):
            take_part(url, 50, acknowledged)

    with served(tmp_path, count=50) as study, concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(until_it_dies, study.url)
        while len(acknowledged) < 100:
            time.sleep(0.01)
        study.process.kill()
    assert 100 <= len(acknowledged) < 400
    with served(tmp_path, count=50) as study:
        kept = stored(study)
        assert set(kept.values()) == {1}
        assert set(acknowledged) <= set(kept)
        assert len(kept) <= len(acknowledged) + 8  # Each may have been stored without an acknowledgement.
        name = f"study-{json.loads(study.answers.read_text().splitlines()[0])['study']}"
        for token in {token for token, _ in acknowledged}:
            ann = Participant(study.url)
            ann.browser.cookies.set(name, token)
            assert ann.session()["trial"] == sum(token == other for other, _ in kept)


@pytest.mark.slow
def test_fifty_participants_at_once(tmp_path, artifacts):
    acknowledged = []
    with served(tmp_path, count=50, fakes=("cgan", "l1")) as study, concurrent.futures.ThreadPoolExecutor(50) as pool:
        start = time.monotonic()
        for session in [pool.submit(take_part, study.url, 50, acknowledged) for _ in range(50)]:
            session.result()
        seconds = time.monotonic() - start
    assert len(acknowledged) == len(set(acknowledged)) == 2500
    assert stored(study) == Counter(acknowledged)
    began = Counter(line["algorithm"] for line in study.lines() if "trial" not in line)
    assert began == {"cgan": 25, "l1": 25}
    (artifacts / "study-load.txt").write_text(f"2,500 answers of 50 participants in {seconds:.1f} s\n")

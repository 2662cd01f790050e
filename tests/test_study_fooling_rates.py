"""The numbers of tables 4 and 5 from answers: by hand, and the interval by going through all resamples there are."""

import itertools
import json
import re

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf.study import fooling_rates

SETTINGS = {"study": "0a", "seed": 1, "fake": {"cgan": "/cgan", "l1": "/l1"}, "practice": 1, "trials": 4}


def session(token, algorithm, fooled, practice_fooled=True, **changes):
    """The records of a participant who was fooled in these trials."""
    yield {"participant": token, "algorithm": algorithm}
    for number, was_fooled in enumerate([practice_fooled, *fooled]):
        yield {
            "participant": token,
            "trial": number,
            "practice": number < 1,
            "algorithm": algorithm,
            "fake_side": "right",
            "answer": "left" if was_fooled else "right",
            "exposure_ms": 1000 + number,
            "hidden": False,
            "loads": 1,
            **changes,
        }


@pytest.fixture
def records():
    """Two participants who finished with cgan, one with l1, one of each who did not."""
    return [
        *session("a", "cgan", [True, False, False, False]),
        *session("b", "l1", [False, False, True, False]),
        *session("c", "cgan", [True, True, True, False]),
        *session("d", "l1", [True, True, True]),
        {"participant": "e", "algorithm": "cgan"},
    ]


def test_shares_by_hand(records):
    results = fooling_rates.summarize(SETTINGS, records)
    assert list(results) == ["cgan", "l1"]
    assert results["cgan"] == {
        "participants": 2,
        "unfinished": 1,
        "trials": 8,
        "fooled": 0.5,
        "low": 0.25,  # Of four equally likely resamples, one has mean 0.25 and one has 0.75.
        "high": 0.75,
        "fooled_by_participant": [0.25, 0.75],
        "median_exposure_ms": 1002.5,
        "disturbed": 0.0,
    }
    assert results["l1"]["fooled"] == 0.25
    assert results["l1"]["low"] is results["l1"]["high"] is None
    assert (results["l1"]["participants"], results["l1"]["unfinished"], results["l1"]["trials"]) == (1, 1, 4)


def test_practice_does_not_count(records):
    others = [{**record, "answer": "right"} if record.get("practice") else record for record in records]
    assert fooling_rates.summarize(SETTINGS, others) == fooling_rates.summarize(SETTINGS, records)


@pytest.mark.parametrize(
    "change, share", [({"hidden": True}, 1), ({"loads": 2}, 1), ({"exposure_ms": 1101}, 1), ({}, 0)]
)
def test_disturbed_trials_are_counted_and_kept(change, share):
    numbers = fooling_rates.summarize(SETTINGS, [*session("a", "l1", [True, True, False, False], **change)])["l1"]
    assert (numbers["disturbed"], numbers["fooled"], numbers["trials"]) == (share, 0.5, 4)


def test_the_interval_is_that_of_drawing_participants_anew():
    fooled = [[False] * 4, [False] * 4, [True] + [False] * 3, [True] * 2 + [False] * 2, [True] * 4]
    records = [record for number, trials in enumerate(fooled) for record in session(f"{number}", "cgan", trials)]
    numbers = fooling_rates.summarize(SETTINGS, records)["cgan"]
    shares = [0, 0, 0.25, 0.5, 1]
    means = [sum(drawn) / 5 for drawn in itertools.product(shares, repeat=5)]  # all resamples that there are
    assert numbers["fooled"] == 0.35
    assert [numbers["low"], numbers["high"]] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.03)
    trials = np.ravel(fooled)
    by_trial = np.random.default_rng(0).choice(trials, (10_000, 20)).mean(axis=1)
    assert numbers["high"] - numbers["low"] > 1.3 * np.ptp(np.percentile(by_trial, [2.5, 97.5]))


def test_the_table(records):
    lines = fooling_rates.markdown(SETTINGS, fooling_rates.summarize(SETTINGS, records)).splitlines()
    assert lines[2:4] == [
        "| cgan | 2 | 8 | 50.0 % ± 25.0 % | 25.0 % to 75.0 % | 1002 ms | 0.0 % |",
        "| l1 | 1 | 4 | 25.0 % | – | 1002 ms | 0.0 % |",
    ]
    assert {line.count("|") for line in lines[:4]} == {8}
    assert "the share of 4 trials a participant" in lines[-1]
    assert "bootstrap over participants" in lines[-1]
    assert "1 practice trials a participant, and 2 participants who have not finished" in lines[-1]


def test_the_table_before_anybody_has_finished():
    text = fooling_rates.markdown(SETTINGS, fooling_rates.summarize(SETTINGS, []))
    assert "| cgan | 0 | 0 | – | – | – | – |" in text


def test_everything_is_written_beside_the_answers(tmp_path, records):
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in [SETTINGS, *records]))
    before = path.read_bytes()
    text = fooling_rates.write_report(str(path))
    assert (tmp_path / "answers-report.md").read_text() == text
    assert json.loads((tmp_path / "answers-report.json").read_text()) == fooling_rates.summarize(SETTINGS, records)
    assert path.read_bytes() == before
    assert re.match(r"\| algorithm \| participants \|", text)


def test_the_plot_shows_shares_and_chance(tmp_path, records, monkeypatch, artifacts):
    drawn, save = [], fooling_rates.Figure.savefig
    monkeypatch.setattr(
        fooling_rates.Figure, "savefig", lambda figure, *a, **k: drawn.append(figure) or save(figure, *a, **k)
    )
    path = artifacts / "study-report.png"
    fooling_rates.plot(fooling_rates.summarize(SETTINGS, records), str(path))
    (axis,) = drawn[0].axes
    lines = [np.asarray(line.get_xdata(), float).tolist() for line in axis.lines]
    assert [np.round(line, 6).tolist() for line in lines] == [[50], [25, 75], [25], [50, 50]]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["cgan", "l1"]
    assert Image.open(path).width > 900

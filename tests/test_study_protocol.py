"""What participants see: the same from the same seed, no image twice, sides and algorithms in balance."""

import collections

import numpy as np
import pytest

from pix2pix_tf.study.protocol import choose_algorithm, draw_trials

NAMES = [f"{i:02}" for i in range(60)]


def trials_of(participant, seed=1, real=NAMES, fake=NAMES, same_input=False, count=50):
    return draw_trials(seed, participant, real, fake, same_input, count)


def test_seed_and_participant_decide_everything():
    assert trials_of(3) == trials_of(3)
    assert trials_of(3) != trials_of(4)
    assert trials_of(3) != trials_of(3, seed=2)


@pytest.mark.parametrize("same_input", [False, True])
@pytest.mark.parametrize("available", [50, 60])
def test_nobody_sees_an_image_twice(same_input, available):
    names = NAMES[:available]
    for participant in range(40):
        trials = trials_of(participant, real=names, fake=names, same_input=same_input)
        assert len(trials) == 50
        for names_seen in ([trial.real for trial in trials], [trial.fake for trial in trials]):
            assert len(set(names_seen)) == 50
            assert set(names_seen) <= set(names)


def test_the_two_of_a_trial_come_from_the_same_input_or_deliberately_do_not():
    for participant in range(40):
        assert all(trial.real == trial.fake for trial in trials_of(participant, same_input=True))
        assert all(trial.real != trial.fake for trial in trials_of(participant))


def test_two_images_are_enough():
    (first, second) = trials_of(0, real=["a", "b"], fake=["a", "b"], count=2)
    assert {(first.real, first.fake), (second.real, second.fake)} == {("a", "b"), ("b", "a")}


def test_algorithms_may_have_images_of_their_own():
    trials = trials_of(0, fake=[f"x{i}" for i in range(55)])
    assert all(trial.fake.startswith("x") and not trial.real.startswith("x") for trial in trials)


def test_names_are_plain_strings():
    assert {type(value) for trial in trials_of(0) for value in vars(trial).values()} == {str}


def test_sides_and_images_are_balanced_in_the_long_run():
    participants = 400
    trials = [trials_of(participant) for participant in range(participants)]
    left = np.array([[trial.fake_side == "left" for trial in session] for session in trials])
    assert {trial.fake_side for session in trials for trial in session} == {"left", "right"}
    assert abs(left.mean() - 0.5) < 4 * 0.5 / np.sqrt(left.size)
    assert np.abs(left.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(participants)  # at each place of a session
    assert np.abs(left.mean(axis=1) - 0.5).max() < 5 * 0.5 / np.sqrt(50)  # for each participant
    for kind in ("real", "fake"):
        shown = collections.Counter(getattr(trial, kind) for session in trials for trial in session)
        expected, share = participants * 50 / 60, 50 / 60
        assert len(shown) == 60
        assert max(abs(count - expected) for count in shown.values()) < 5 * np.sqrt(participants * share * (1 - share))


def test_each_algorithm_gets_as_many_participants():
    taken = []
    for _ in range(8):
        taken.append(choose_algorithm(["a", "b", "c"], taken))
    assert taken == ["a", "b", "c", "a", "b", "c", "a", "b"]
    assert choose_algorithm(["a", "b", "c"], ["a", "a", "c"]) == "b"

"""Learning rates by step, against numbers worked out by hand."""

import math

import pytest

from pix2pix_tf import Config
from pix2pix_tf.training.schedules import changes, discriminator_factor, learning_rate


def rates(total=20, **changes):
    config = Config(**{"learning_rate": 1e-3} | changes)
    return [learning_rate(config, step, total, per_epoch=5) for step in range(total)]


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_the_rate_is_constant_unless_a_decay_is_asked_for(schedule):
    assert rates(lr_schedule=schedule) == [1e-3] * 20


def test_linear_falls_over_the_last_epochs_and_is_never_zero():
    found = rates(decay_epochs=2)
    assert found[:11] == [1e-3] * 11
    assert found[11:] == pytest.approx([9e-4, 8e-4, 7e-4, 6e-4, 5e-4, 4e-4, 3e-4, 2e-4, 1e-4])


def test_cosine_falls_as_half_a_wave_over_the_last_epochs():
    found = rates(lr_schedule="cosine", decay_epochs=2)
    assert found[:11] == [1e-3] * 11
    assert found[15] == pytest.approx(5e-4)
    assert found[11:] == pytest.approx([(1 + math.cos(math.pi * i / 10)) / 2 * 1e-3 for i in range(1, 10)])


def test_step_divides_by_ten():
    assert rates(lr_schedule="step", decay_epochs=2) == pytest.approx([1e-3] * 10 + [1e-4] * 10)


def test_warm_up_rises_linearly_and_goes_with_a_decay():
    assert rates(warmup_steps=4)[:6] == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3, 1e-3])
    found = rates(total=5, warmup_steps=4, decay_epochs=1)
    assert found == pytest.approx([2.5e-4, 4e-4, 4.5e-4, 4e-4, 2e-4])


def test_the_discriminators_own_rate_is_a_factor():
    assert discriminator_factor(Config()) == 1.0
    assert discriminator_factor(Config(learning_rate=1e-4, discriminator_learning_rate=4e-4)) == pytest.approx(4.0)


def test_what_changes_the_rates_is_told():
    old = Config(learning_rate=1e-4)
    assert changes(old, old.replace(learning_rate=2e-4, epochs=300)) == [("learning_rate", 1e-4, 2e-4)]
    old = Config(decay_epochs=100)  # It falls to 0 at the end of the run, which moves.
    assert changes(old, old.replace(epochs=300, seed=1)) == [("epochs", 200, 300)]

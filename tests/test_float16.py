"""float16: scaled losses, steps that are skipped, and runs that change their precision."""

import math

import numpy as np
import pytest
import tensorflow as tf

from pix2pix_tf import UserError
from pix2pix_tf.runs import load_config, read_metrics
from pix2pix_tf.training import loop, loss_scale, precision, totals
from pix2pix_tf.training.adam import Adam
from pix2pix_tf.training.devices import Devices
from pix2pix_tf.training.loss_scale import LossScale
from pix2pix_tf.training.state import new_loss_scales, new_state
from pix2pix_tf.training.step import loss_names, make_train_step

SEEDS = tf.constant([[1, 2], [3, 4]], tf.int64)


def test_the_scale_halves_on_overflow_and_doubles_after_good_steps(monkeypatch):
    monkeypatch.setattr(loss_scale, "DOUBLED_AFTER", 3)
    scale = LossScale()
    seen = []
    for is_finite in (False, True, True, False, True, True, True, True):
        scale.update(tf.constant(is_finite))
        seen.append((float(scale.scale) / 2**15, int(scale.good_steps)))
    assert seen == [(0.5, 0), (0.5, 1), (0.5, 2), (0.25, 0), (0.25, 1), (0.25, 2), (0.5, 0), (0.5, 1)]


def test_the_scale_never_falls_below_1():
    scale = LossScale()
    for _ in range(20):
        scale.update(tf.constant(False))
    assert float(scale.scale) == 1.0


def test_gradients_are_unscaled_and_checked():
    scale = LossScale()
    gradients, is_finite = scale.unscaled([tf.constant([2.0**16, 2.0**15]), tf.constant(0.0)])
    np.testing.assert_array_equal(gradients[0], [2.0, 1.0])
    assert bool(is_finite)
    assert not bool(scale.unscaled([tf.constant([1.0]), tf.constant([math.inf, 1.0])])[1])


def test_adam_leaves_everything_as_it_is_in_a_skipped_step():
    variable = tf.Variable([1.0, 2.0])
    adam = Adam([variable], 0.5)
    adam.apply([tf.constant([1.0, -1.0])], [variable], 0.1, unless_skipped=tf.constant(True))
    before = [value.numpy() for value in (variable, adam.momentums[0], adam.velocities[0], adam.iterations)]
    adam.apply([tf.constant([math.nan, 1.0])], [variable], 0.1, unless_skipped=tf.constant(False))
    for ours, theirs in zip((variable, adam.momentums[0], adam.velocities[0], adam.iterations), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert int(adam.iterations) == 1


def make_step(config):
    networks, optimizers = new_state(config)
    scales = new_loss_scales(config)
    step = make_train_step(config, *networks.values(), *optimizers.values(), scales)
    return networks, scales, step


def batch():
    images = [tf.image.resize(tf.random.stateless_uniform([2, 8, 8, 3], [i, 0], -1, 1), (32, 32)) for i in range(2)]
    return (*images, SEEDS, tf.constant(2e-4))


def test_a_step_in_float16_is_that_of_float32_within_its_rounding(tiny):
    results = {}
    for name in ("float32", "float16"):
        networks, scales, step = make_step(tiny(precision=name, base_filters=4))
        for scale in scales.values():
            scale.scale.assign(2.0**8)
        logs = step(*batch())
        results[name] = logs, [weight.numpy() for weight in networks["generator"].weights]
    exact, rounded = results["float32"][0], results["float16"][0]
    assert float(rounded.pop("skipped")) == 0
    for name, value in exact.items():
        assert float(rounded[name]) == pytest.approx(float(value), rel=2e-2), name
    moved = [np.abs(one - other).max() for one, other in zip(results["float32"][1], results["float16"][1], strict=True)]
    assert max(moved) <= 2 * 2e-4 + 1e-6  # Adam's first step moves each weight by the rate at most.


def test_an_overflow_skips_the_step_of_its_network_alone(tiny):
    networks, scales, step = make_step(tiny(precision="float16"))
    scales["discriminator"].scale.assign(2.0**60)
    scales["generator"].scale.assign(2.0**8)
    before = {name: [weight.numpy() for weight in network.weights] for name, network in networks.items()}
    logs = step(*batch())
    assert float(logs["skipped"]) == 1
    changed = {
        name: any(np.any(old != new) for old, new in zip(before[name], networks[name].weights, strict=True))
        for name in networks
    }
    assert changed == {"generator": True, "discriminator": False}
    assert float(scales["discriminator"].scale) == 2.0**59
    assert float(scales["generator"].scale) == 2.0**8


def test_skipped_steps_are_counted_and_no_nan():
    names = ("d_loss", "g_l1")
    result = totals.no_steps(names)
    for losses, skipped in (([1.0, 2.0], 0.0), ([math.nan, math.inf], 1.0), ([3.0, 4.0], 0.0)):
        result = totals.add(result, tf.constant(losses), tf.constant(skipped))
    assert totals.read(result, names) == totals.Reading({"d_loss": 2.0, "g_l1": 3.0}, 1, None)


def test_fifty_skipped_steps_in_a_row_are_as_bad_as_a_nan():
    names = ("g_l1",)
    result = totals.no_steps(names)
    for step in range(1, 51):
        if step == 30:
            result = totals.no_steps(names, before=result)  # A record in between.
        assert totals.read(result, names).bad is None
        result = totals.add(result, tf.constant([1.0]), tf.constant(1.0))
    assert totals.read(result, names).bad == (21, "the gradient of 50 steps in a row", math.inf)


def test_a_run_may_be_resumed_in_another_precision_and_keeps_its_scales(tiny, tmp_path, capsys):
    def scales():
        reader = tf.train.load_checkpoint(str(tmp_path / "run" / "checkpoints"))
        names = [name for name in reader.get_variable_to_shape_map() if "_loss_scale/" in name]
        return {name.split("/")[0]: float(reader.get_tensor(name)) for name in names if "/scale/" in name}

    run = str(tmp_path / "run")
    steps, stored = 0, []
    for name in ("float32", "float16", "float16", "float32"):
        steps += 2
        loop.train(tiny(precision=name, steps=steps, log_every=1), run)
        assert load_config(run).precision == name
        stored += [scales()] if name == "float16" else []
        assert set(scales()) == ({"generator_loss_scale", "discriminator_loss_scale"} if name == "float16" else set())
    records = read_metrics(run)
    assert [record["step"] for record in records] == list(range(1, 9))
    assert ["skipped_steps" in record for record in records] == [False] * 2 + [True] * 4 + [False] * 2
    assert all(math.isfinite(record["g_l1"]) for record in records)
    kept = [scale["generator_loss_scale"] for scale in stored]
    assert kept[1] <= kept[0] <= 2.0**15  # Not begun anew.
    assert f"{run} was trained in float32 so far and is resumed in float16\n" in capsys.readouterr().out


def test_auto_takes_the_fastest_and_says_why(tiny, monkeypatch, capsys):
    times = {"float32": 0.010, "bfloat16": 0.004, "float16": 0.1}
    monkeypatch.setattr(precision, "measure", lambda config, names: {name: times[name] for name in names})
    config = tiny(precision="auto")
    assert precision.decide(config, Devices(config)).precision == "bfloat16"
    assert (
        "precision bfloat16: one convolution and its gradients take float32 10.0 ms, bfloat16 4.0"
        in capsys.readouterr().out
    )
    times["bfloat16"] = 0.0099
    assert precision.decide(config, Devices(config)).precision == "float32"


def test_auto_never_takes_float16_with_r1(tiny, monkeypatch):
    monkeypatch.setattr(precision.tf.config, "list_physical_devices", lambda kind: ["a GPU"])
    times = {"float32": 0.010, "bfloat16": 0.004, "float16": 0.001}
    monkeypatch.setattr(precision, "measure", lambda config, names: {name: times[name] for name in names})
    chosen = [
        precision.decide(config, Devices(config)).precision
        for config in (tiny(precision="auto"), tiny(precision="auto", r1_weight=1.0))
    ]
    assert chosen == ["float16", "bfloat16"]


def test_a_slow_precision_gets_a_warning_with_the_factor(tiny, monkeypatch, capsys):
    times = {"float32": 0.010, "bfloat16": 0.090}
    monkeypatch.setattr(precision, "measure", lambda config, names: {name: times[name] for name in names})
    config = tiny(precision="bfloat16")
    assert precision.decide(config, Devices(config)) == config
    sentence = "warning: bfloat16 is 9.0 times slower than float32 on this device; try --precision=auto.\n"
    assert capsys.readouterr().err == sentence
    times["bfloat16"] = 0.005
    precision.decide(config, Devices(config))
    assert capsys.readouterr().err == ""


def test_the_measurement_computes_in_each_precision(tiny):
    times = precision.measure(tiny(), ("float32", "bfloat16"))
    assert set(times) == {"float32", "bfloat16"} and all(0 < seconds < 60 for seconds in times.values())


# XLA


def test_a_step_compiled_by_xla_has_the_same_losses(tiny):
    """Without dropout, as XLA draws other noise from the same seed."""
    results = {}
    for compile in ("none", "xla"):
        config = tiny(compile=compile, base_filters=4, dropout=0.0)
        _, _, step = make_step(config)
        names = loss_names(config)
        counted, result = totals.counting(step, names, compile), totals.no_steps(names)
        results[compile] = []
        for _ in range(4):
            result = counted(*batch(), totals.no_steps(names))
            results[compile].append(totals.read(result, names).means)
    for ours, theirs in zip(results["xla"], results["none"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("strategy", ["mirrored", "multi_worker"])
def test_xla_on_many_devices_is_refused(tiny, strategy):
    with pytest.raises(
        UserError, match=f"compile xla works on one device, but strategy is {strategy}; take compile none"
    ):
        tiny(compile="xla", strategy=strategy)

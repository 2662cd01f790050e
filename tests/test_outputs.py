"""The 8-bit outputs of a run for a split: which pairs, which noise, which statistics."""

import numpy as np
import pytest

from pix2pix_tf import Translator, UserError, build_generator
from pix2pix_tf.data.sources import open_splits
from pix2pix_tf.evaluation.outputs import of_another, outputs_of


@pytest.fixture
def untrained(tiny):
    """untrained(task=…): a Translator of the tiny network on the textured pairs, with its random weights."""

    def untrained(**changes):
        config = tiny(**changes)
        return Translator(config, build_generator(config, image_size=(None, None)))

    return untrained


def levels_apart(first, second):
    """The largest difference of two uint8 arrays; 1 where two programs round a float32 that lies between two levels."""
    return np.abs(np.int16(first) - np.int16(second)).max()


def test_val_is_the_validation_split_and_train_what_was_trained_on(tiny):
    assert len(open_splits(tiny(), "val")[0]) == 2
    assert len(open_splits(tiny(), "train")[0]) == 7


def test_without_a_validation_split_val_is_what_training_held_out(draw, tiny):
    config = tiny(data_dir=draw("train", range(20)))
    assert [name[-6:] for name in open_splits(config, "val")[0].names] == ["09.png", "19.png"]
    assert len(open_splits(config, "train")[0]) == 18


def test_other_splits_are_there_under_their_names(draw, tiny):
    draw("train", range(4)), draw("val", [4, 5])
    config = tiny(data_dir=draw("test", [6, 7, 8]))
    assert len(open_splits(config, "val")[0]) == 2
    assert [len(split) for split in open_splits(config, "test")] == [3, 4]


def test_a_split_that_is_missing(tiny, textured_pairs):
    with pytest.raises(UserError) as error:
        open_splits(tiny(), "test")
    assert str(error.value) == f"{textured_pairs} has no split 'test'; --split must be one of train, val."


def test_each_image_has_the_noise_of_its_number(untrained, tiny):
    translator = untrained()
    split = open_splits(tiny(), "train")[0]
    found = outputs_of(translator, split, [6, 2, 3], noise_seed=5)
    for output, target, i in zip(found.outputs, found.targets, [6, 2, 3], strict=True):
        a, b = split.read(i)
        assert levels_apart(output, translator(a, seed=(5, i))) <= 1
        np.testing.assert_array_equal(target, b)
    assert found.clipped == []


def test_without_a_seed_there_is_no_noise(untrained, tiny):
    translator = untrained()
    split = open_splits(tiny(), "train")[0]
    (quiet,), (noisy,) = (outputs_of(translator, split, [4], seed).outputs for seed in (None, 0))
    assert levels_apart(quiet, translator(split.read(4)[0])) <= 1
    assert levels_apart(quiet, noisy) > 1


def test_batch_statistics_are_those_of_batch_size_images(untrained, tiny):
    translator = untrained(inference_statistics="batch", batch_size=2)
    split = open_splits(tiny(), "train")[0]
    found = outputs_of(translator, split, range(3), noise_seed=1)
    sources = np.stack([split.read(i)[0] for i in range(3)])
    assert levels_apart(found.outputs[:2], translator(sources[:2], seed=[(1, 0), (1, 1)])) <= 1
    assert levels_apart(found.outputs[2], translator(sources[2], seed=(1, 2))) <= 1
    assert levels_apart(found.outputs[0], translator(sources[0], seed=(1, 0))) > 1


def test_colorize_counts_the_pixels_that_it_clips(untrained, tiny):
    translator = untrained(task="colorize")
    chroma = np.zeros((2, 32, 32, 2), np.float32)  # Gray, but for a quarter of the second image.
    chroma[1, :16, :16] = 5.0
    translator.generate = lambda source, seeds: chroma
    found = outputs_of(translator, open_splits(tiny(), "val")[0], range(2))
    assert found.clipped == [0.0, 0.25]
    red, green, blue = np.moveaxis(found.outputs[0].astype(int), -1, 0)
    assert np.abs(red - green).max() <= 1 >= np.abs(green - blue).max()


def test_of_another_moves_each_by_one():
    assert of_another([1, 2, 3]) == [2, 3, 1]

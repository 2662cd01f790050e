"""The pretrained generator in the repository: everything that takes a run takes it, and its pixels stay."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf import Translator
from pix2pix_tf.palettes import palette_of

REPOSITORY = Path(__file__).parents[1]
PRETRAINED = REPOSITORY / "pretrained" / "facades"
RECORDED = Path(__file__).parent / "pretrained"


@pytest.fixture(scope="module")
def translator():
    """The pretrained generator."""
    return Translator.load(str(PRETRAINED))


def test_it_gives_the_recorded_pixels(translator):
    labels = np.asarray(Image.open(RECORDED / "labels.png").convert("RGB"))
    recorded = np.asarray(Image.open(RECORDED / "output.png").convert("RGB")).astype(int)
    difference = np.abs(translator(labels) - recorded)
    # The weights are the same everywhere; float32 convolutions sum in another order on another processor.
    assert difference.max() <= 2
    assert difference.mean() < 0.01


def test_it_paints_another_facade_for_other_labels(translator):
    labels = np.asarray(Image.open(RECORDED / "labels.png").convert("RGB"))
    wall = np.full_like(labels, palette_of("facades").colors[1])
    outputs = [translator(image).astype(int) for image in (labels, wall)]
    assert np.abs(outputs[0] - outputs[1]).mean() > 20


def test_it_is_small_and_its_card_tells_its_step(translator):
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) < 20e6
    assert f"{translator.step:,} steps" in (PRETRAINED / "README.md").read_text()

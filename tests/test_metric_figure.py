"""What the figure shows, read back from matplotlib."""

import numpy as np
import pytest
from PIL import Image

from pix2pix_tf.evaluation.metric_figure import draw, save_figure


@pytest.fixture
def results():
    """Histograms with a few counts, and two confusion matrices of three classes, of which the last never occurs."""

    def counts(**values):
        lengths, lowest = {"L": 101, "a": 221, "b": 221}, {"L": 0, "a": -110, "b": -110}
        filled = {name: [0] * length for name, length in lengths.items()}
        for name, bins in values.items():
            for value, count in bins.items():
                filled[name][value - lowest[name]] = count
        return filled

    return {
        "colors": {"intersection": {"L": 0.25, "a": 0.5, "b": 1.0}},
        "histograms": {
            "truth": counts(L={20: 3, 60: 1}, a={-7: 4}, b={0: 4}),
            "outputs": counts(L={60: 8}, a={-7: 4, 30: 4}, b={0: 8}),
        },
        "confusion": {
            "classes": ["wall", "door", "window"],
            "rows": {"real photos": [[3, 1, 0], [0, 5, 0], [0, 0, 0]], "outputs": [[4, 0, 0], [5, 0, 0], [0, 0, 0]]},
        },
    }


@pytest.fixture
def axes_of():
    """axes_of(results): {title: axes} of the figure."""
    return lambda results: {axes.get_title(): axes for part in draw(results).subfigs for axes in part.axes}


def test_panels_show_log_probabilities(results, axes_of):
    axes = axes_of(results)["intersection 0.25"]
    targets, outputs = axes.lines
    assert axes.get_yscale() == "log"
    assert (targets.get_label(), outputs.get_label()) == ("ground truth", "outputs")
    assert targets.get_ydata()[[20, 60]].tolist() == [0.75, 0.25]
    assert outputs.get_ydata()[60] == 1.0
    assert targets.get_xdata()[[0, -1]].tolist() == [0, 100]
    assert axes.get_xlim() == (19, 61)


def test_a_and_b_are_shown_where_they_occur(results, axes_of):
    axes = axes_of(results)["intersection 0.50"]
    assert axes.get_xlim() == (-8, 31)
    assert axes.lines[1].get_ydata()[axes.lines[1].get_xdata() == 30] == 0.5


def test_confusions_are_in_per_cent_of_each_true_class(results, axes_of):
    axes = axes_of(results)
    shown = np.ma.filled(axes["real photos"].images[0].get_array(), np.nan)
    np.testing.assert_array_equal(shown, [[75, 25, 0], [0, 100, 0], [np.nan] * 3])
    texts = {text.get_position(): text.get_text() for text in axes["outputs"].texts}
    assert texts == {(0, 0): "100", (0, 1): "100"}
    assert [label.get_text() for label in axes["outputs"].get_xticklabels()] == ["wall", "door", "window"]


@pytest.mark.parametrize("part", ["histograms", "confusion"])
def test_each_part_may_stand_alone(results, part, tmp_path):
    path = tmp_path / "evaluation.png"
    save_figure({name: value for name, value in results.items() if name in ("colors", part)}, str(path))
    width, height = Image.open(path).size
    assert width == 1440 and height > 400
    assert [file.name for file in tmp_path.iterdir()] == ["evaluation.png"]

"""utils: seeds, tables, spreading, TensorFlow's messages, the console."""

import io

import pytest

from pix2pix_tf import UserError
from pix2pix_tf.utils import console
from pix2pix_tf.utils.markdown import table
from pix2pix_tf.utils.seeds import seed_pair
from pix2pix_tf.utils.spread import evenly_spread
from pix2pix_tf.utils.tf_errors import assertion_text, sentence_of


def test_a_seed_becomes_two_of_int32():
    assert seed_pair(7) == (0, 7)
    assert seed_pair(2**31 - 1) == (0, 2**31 - 1)
    seeds = [0, 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**33, 2**63 - 1]
    pairs = [seed_pair(seed) for seed in seeds]
    assert len(set(pairs)) == len(seeds)
    assert all(-(2**31) <= number < 2**31 for pair in pairs for number in pair)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_other_seeds_are_refused(seed):
    with pytest.raises(UserError, match=f"Received: {seed}"):
        seed_pair(seed)


def test_a_table():
    assert table(["", "L1"], [["a|b", "0.1"], ["c", 2]]) == "|  | L1 |\n|---|---|\n| a\\|b | 0.1 |\n| c | 2 |"


def test_even_spreading():
    assert evenly_spread(10, 4) == [0, 2, 5, 7]
    assert evenly_spread(3, 5) == [0, 1, 2]
    assert evenly_spread(0, 5) == []


def test_the_text_of_an_assertion():
    failed = "assertion failed: [image [N, H, W] is too large: 9] [Condition x]"
    message = f"Graph execution error:\n\n{failed}\n\t [[{{{{node a}}}}]]"
    assert assertion_text(message) == "image [N, H, W] is too large: 9"
    assert assertion_text("assertion failed: [too large]") == "too large"
    assert assertion_text("Incompatible shapes: [1] vs. [2]") is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("it is broken\nin many ways"), "it is broken"),
        (MemoryError(), "MemoryError"),
        (ValueError("Graph execution error:\n\n\tin line 3\nit failed\n\t [[node]]"), "it failed"),
        (
            ValueError("{{function_node __x__device_/job:localhost}} corrupted record at 0 [Op:Next] name: "),
            "corrupted record at 0",
        ),
        (ValueError("(0) INVALID_ARGUMENT: assertion failed: [too large]\n\t [[node]]"), "too large"),
    ],
)
def test_what_an_error_says(error, sentence):
    assert sentence_of(error) == sentence


@pytest.mark.parametrize("stream, say", [("stdout", console.log), ("stderr", console.warn)])
def test_what_the_console_cannot_show_is_escaped(monkeypatch, stream, say):
    for encoding, shown in (("ascii", r"\u2192 \udcff"), ("utf-8", r"→ \udcff")):
        raw = io.BytesIO()
        monkeypatch.setattr(f"sys.{stream}", io.TextIOWrapper(raw, encoding))
        say("→ \udcff")
        assert raw.getvalue().decode(encoding).removeprefix("warning: ") == shown + "\n"

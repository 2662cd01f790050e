"""Runs beside each other: what differs, their numbers, and one page with their samples."""

import base64
import json

import pytest
from tool_process import run_tool

from pix2pix_tf import Config, UserError
from pix2pix_tf.comparison import compare, page, read_run
from pix2pix_tf.runs import save_config

RECORDS = [
    {"step": 50, "seconds_per_step": 0.5, "val_l1": 0.4, "val_psnr": 12.0, "val_ssim": 0.1},
    {"step": 100, "seconds_per_step": 0.25, "val_l1": 0.3, "val_psnr": 13.5, "val_ssim": 0.2},
    {"step": 150, "seconds_per_step": 0.3},
]
GRIDS = {"step_99999999.png": b"old", "step_100000000.png": b"new <&>", "step_none.png": b"a user's own"}


@pytest.fixture
def runs(tmp_path):
    """Two run directories: a with records, an evaluation and samples; b, wider and of L1 alone, with none of these."""
    save_config(Config(), str(tmp_path / "a"))
    save_config(Config(base_filters=32, gan_weight=0.0), str(tmp_path / "b"))
    (tmp_path / "a" / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    scores = {"per_pixel": 0.5, "per_class": 0.25, "iou": 0.125}
    (tmp_path / "a" / "evaluation.json").write_text(json.dumps({"fcn": {"rows": {"outputs": scores}}}))
    (tmp_path / "a" / "samples").mkdir()
    for name, content in GRIDS.items():
        (tmp_path / "a" / "samples" / name).write_bytes(content)
    return [str(tmp_path / name) for name in "ab"]


def test_what_differs_and_the_numbers(runs):
    assert compare([read_run(path) for path in runs]) == [
        ["", *runs],
        ["base_filters", "64", "32"],
        ["gan_weight", "1.0", "0.0"],
        ["steps", "150", "–"],
        ["seconds a step", "0.300", "–"],
        ["validation L1 on [-1, 1]", "0.3000", "–"],
        ["validation PSNR, dB", "13.5000", "–"],
        ["validation SSIM", "0.2000", "–"],
        ["FCN per-pixel accuracy", "0.5000", "–"],
        ["FCN per-class accuracy", "0.2500", "–"],
        ["FCN class IOU", "0.1250", "–"],
    ]


@pytest.mark.parametrize("content", [{"fcn": None}, {"fcn": {"rows": {"outputs": {"iou": "x"}}}}, {"fcn": {}}])
def test_odd_values_of_an_evaluation_are_one_sentence(runs, content):
    path = f"{runs[0]}/evaluation.json"
    with open(path, "w") as file:
        json.dump(content, file)
    with pytest.raises(
        UserError, match=rf"^{path} (must hold|holds no) .*; remove it, or run tools\.evaluate again\.$"
    ):
        read_run(runs[0])


def test_a_score_that_is_not_defined_is_left_out(runs):
    with open(f"{runs[0]}/evaluation.json", "w") as file:
        json.dump({"fcn": {"rows": {"outputs": {"iou": None, "per_pixel": 0.5}}}}, file)
    assert "FCN class IOU" not in read_run(runs[0]).numbers
    assert read_run(runs[0]).numbers["FCN per-pixel accuracy"] == "0.5000"


def test_the_page_holds_the_newest_grid_of_each_run(runs):
    read = [read_run(path) for path in runs]
    text = page(read, [["", "<a>", "b"], ["x", "1", "2"]])
    assert "<tr><td></td><td>&lt;a&gt;</td><td>b</td></tr><tr><td>x</td><td>1</td><td>2</td></tr>" in text
    assert f"base64,{base64.b64encode(GRIDS['step_100000000.png']).decode()}" in text
    assert base64.b64encode(GRIDS["step_99999999.png"]).decode() not in text
    assert text.count("<figure>") == 2 and "no sample grid yet" in text


def test_one_run_is_nothing_to_compare(runs):
    with pytest.raises(UserError, match=r"give at least two run directories\.$"):
        compare([read_run(runs[0])])
    with pytest.raises(UserError, match=r"samples holds no config\.json"):
        read_run(f"{runs[0]}/samples")


def test_the_command(runs, tmp_path):
    status, output, errors = run_tool("compare", *runs, f"--output={tmp_path}/page.html")
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0] == f"|  | {runs[0]} | {runs[1]} |" and "| gan_weight | 1.0 | 0.0 |" in lines
    assert lines[-1] == f"written to {tmp_path}/page.html"
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")

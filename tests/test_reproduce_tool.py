"""The command that reruns the paper's tables, as a user calls it."""

import json
import subprocess
import sys

import pytest


def run(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.reproduce", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_table_of_one_row_and_then_the_same_again(toy_facades, tmp_path):
    tiny = ["--image_size=64", "--base_filters=2", "--steps=2", "--validation_images=2", f"--workdir={tmp_path}"]
    status, output, errors = run("--table=6", "--rows=l1", *tiny)
    assert status == 0, errors
    lines = output.splitlines()
    assert lines[-1] == f"written to {tmp_path}/table6.md, {tmp_path}/table6.json and {tmp_path}/table6.png"
    table = (tmp_path / "table6.md").read_text()
    assert "\n".join(lines[:-1]).strip().endswith(table.strip())
    stored = json.loads((tmp_path / "table6.json").read_text())
    accuracy = stored["rows"]["l1"]["numbers"][0]["per_pixel"]
    assert f"| L1 | {accuracy:.3f} |" in table
    assert stored["rows"]["l1"]["config"]["deterministic"] is True

    status, output, errors = run("--table=6", "--rows=l1", *tiny)
    assert status == 0, errors
    assert "training" not in output and (tmp_path / "table6.md").read_text() == table


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([], "Give either --table=1, 2, 3, 6 or rgb_vs_lab, or --figure=7, 7_photos or 8."),
        (["--table=1", "--figure=7"], "Give either --table=1, 2, 3, 6 or rgb_vs_lab, or --figure=7, 7_photos or 8."),
        (
            ["--table=1", "--data=no/folder"],
            "There is no folder no/folder; --data must be a folder of pairs or the name of a data set.",
        ),
    ],
)
def test_mistakes(arguments, sentence, tmp_path):
    assert run(*arguments, "--steps=1", f"--workdir={tmp_path}") == (1, "", f"error: {sentence}\n")

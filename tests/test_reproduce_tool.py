"""The command that reruns the paper's tables, as a user calls it."""

import json

from tool_process import run_tool, run_tool_often

EITHER = "Give either --table=1, 2, 3, 6 or rgb_vs_lab, or --figure=7, 7_photos or 8."
MISTAKES = [
    ([], EITHER),
    (["--table=1", "--figure=7"], EITHER),
    (["--table=1", "--data_dir=no/folder"], "There is no folder no/folder; --data_dir must be a folder of pairs."),
]


def test_a_table_of_one_row(toy_facades, tmp_path):
    tiny = ["--image_size=32", "--base_filters=2", "--steps=2", "--validation_images=2", f"--workdir={tmp_path}"]
    status, output, errors = run_tool("reproduce", "--table=6", "--rows=l1", "--data=toy_facades", *tiny)
    assert (status, errors) == (
        0,
        "warning: --data is called --dataset now; the old name goes with the next release.\n",
    )
    lines = output.splitlines()
    assert lines[-1] == f"written to {tmp_path}/table6.md, {tmp_path}/table6.json and {tmp_path}/table6.png"
    table = (tmp_path / "table6.md").read_text()
    assert "\n".join(lines[:-1]).strip().endswith(table.strip())
    stored = json.loads((tmp_path / "table6.json").read_text())
    accuracy = stored["rows"]["l1"]["numbers"][0]["per_pixel"]
    assert f"| L1 | {accuracy:.3f} |" in table
    assert stored["rows"]["l1"]["config"]["deterministic"] is True


def test_mistakes(tmp_path):
    (tmp_path / "scratch").mkdir()
    cases = [[*arguments, "--steps=1", f"--workdir={tmp_path}/runs"] for arguments, _ in MISTAKES]
    found = run_tool_often("reproduce", cases, tmp_path / "scratch")
    assert found == [(1, "", f"error: {sentence}\n") for _, sentence in MISTAKES]

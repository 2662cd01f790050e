"""python -m pix2pix_tf.tools.evaluate, as a process."""

import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from tool_process import run_tool, run_tool_often

pytestmark = pytest.mark.slow

WRITTEN = ["evaluation.json", "evaluation.md", "evaluation.png"]


@pytest.fixture(scope="module")
def run_dir(untrained_run, textured_pairs, tmp_path_factory):
    return shutil.copytree(
        untrained_run(data_dir=textured_pairs, batch_size=2), tmp_path_factory.mktemp("evaluate") / "run"
    )


def test_it_writes_and_prints(run_dir):
    before = {path.name for path in run_dir.iterdir()}
    status, output, errors = run_tool("evaluate", f"--model={run_dir}")
    assert (status, errors) == (0, "")
    assert sorted({path.name for path in run_dir.iterdir()} - before) == WRITTEN
    results = json.loads((run_dir / "evaluation.json").read_text())
    assert f"| its own input | {results['quality']['its own input']['l1']['mean']:.4f} (" in output
    assert output.startswith((run_dir / "evaluation.md").read_text())
    assert output.endswith(f"written to {', '.join(f'{run_dir}/{name}' for name in WRITTEN)}\n")
    assert Image.open(run_dir / "evaluation.png").format == "PNG"


def test_settings_and_another_folder(run_dir, tmp_path):
    """Under the old name of --model, which still works."""
    other = tmp_path / "new" / "folder"
    flags = ["--noise=off", "--split=train", "--seed=2", "--statistics=batch", "--checkpoint=step-1"]
    before = {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()}
    status, output, errors = run_tool("evaluate", f"--workdir={run_dir}", f"--output={other}", *flags)
    assert (status, errors) == (
        0,
        "warning: --workdir is called --model now; the old name goes with the next release.\n",
    )
    assert sorted(path.name for path in other.iterdir()) == WRITTEN
    settings = json.loads((other / "evaluation.json").read_text())["settings"]
    wanted = {"noise": False, "split": "train", "seed": 2, "statistics": "batch", "checkpoint": "step-1"}
    assert wanted.items() <= settings.items()
    assert "7 images of split train, noise off, batch statistics of 2, seed 2" in output
    assert {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()} == before


def test_output_that_nobody_reads_is_no_traceback(run_dir, tmp_path):
    command = [sys.executable, "-m", "pix2pix_tf.tools.evaluate", f"--model={run_dir}", f"--output={tmp_path}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()  # As `| head` does, though sooner.
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (1, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == WRITTEN


MISTAKES = [
    ([], "{0} holds no config.json, so it is no run directory; give one that train.py made."),
    (["--output={0}/file"], "{0}/file cannot be written to (File exists); give another --output."),
    (["--output=/proc/self"], "/proc/self cannot be written to (No such file or directory); give another --output."),
    (["--noise=maybe"], "flag --noise=maybe: value should be one of <on|off> (--help lists the flags)"),
]


def test_mistakes_are_told_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    cases = [[f"--model={tmp_path}", *(argument.format(tmp_path) for argument in given)] for given, _ in MISTAKES]
    (tmp_path / "scratch").mkdir()
    found = run_tool_often("evaluate", cases, tmp_path / "scratch")
    assert found == [(1, "", f"error: {message.format(tmp_path)}\n") for _, message in MISTAKES]

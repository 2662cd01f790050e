"""python -m pix2pix_tf.tools.evaluate, as a process."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from pix2pix_tf.training.loop import train

pytestmark = pytest.mark.slow


@pytest.fixture
def run_dir(tiny, tmp_path):
    train(tiny(steps=1), str(tmp_path / "run"))
    return tmp_path / "run"


def evaluate(*arguments):
    command = [sys.executable, "-m", "pix2pix_tf.tools.evaluate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)  # One that hangs shall fail.


def test_it_writes_and_prints_and_may_be_rerun(run_dir, tmp_path):
    before = {path.name for path in run_dir.iterdir()}
    done = evaluate(f"--workdir={run_dir}")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in run_dir.iterdir()} - before == {f"evaluation.{end}" for end in ("json", "md", "png")}
    results = json.loads((run_dir / "evaluation.json").read_text())
    assert f"| its own input | {results['quality']['its own input']['l1']['mean']:.4f} (" in done.stdout
    assert done.stdout.startswith((run_dir / "evaluation.md").read_text())
    assert done.stdout.endswith(f"written to {', '.join(f'{run_dir}/evaluation.{e}' for e in ('json', 'md', 'png'))}\n")
    assert Image.open(run_dir / "evaluation.png").format == "PNG"

    done = evaluate(f"--workdir={run_dir}", "--noise=off", "--split=train", "--seed=2", "--statistics=batch")
    assert done.returncode == 0
    again = json.loads((run_dir / "evaluation.json").read_text())
    assert {"noise": False, "split": "train", "seed": 2, "statistics": "batch"}.items() <= again["settings"].items()
    assert "7 images of split train, noise off, batch statistics of 2, seed 2" in done.stdout

    other = tmp_path / "new" / "folder"
    assert evaluate(f"--workdir={run_dir}", f"--output={other}").returncode == 0
    assert sorted(path.name for path in other.iterdir()) == ["evaluation.json", "evaluation.md", "evaluation.png"]
    assert json.loads((run_dir / "evaluation.json").read_text()) == again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "{0} holds no config.json, so it is no run directory; give one that train.py made."),
        (["--output={0}/file"], "{0}/file cannot be written to (File exists); give another --output."),
        (
            ["--output=/proc/self"],
            "/proc/self cannot be written to (No such file or directory); give another --output.",
        ),
        (["--noise=maybe"], "flag --noise=maybe: value should be one of <on|off> (--help lists the flags)"),
    ],
)
def test_mistakes_are_told_in_one_sentence(tmp_path, arguments, message):
    (tmp_path / "file").touch()
    done = evaluate(f"--workdir={tmp_path}", *(argument.format(tmp_path) for argument in arguments))
    assert (done.returncode, done.stderr) == (1, f"error: {message.format(tmp_path)}\n")

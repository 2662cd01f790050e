"""The commands of `pix2pix_tf.tools` as processes, of which many cost one import of TensorFlow."""

import json
import subprocess
import sys

_PROGRAM = """
import importlib, json, os, sys
import tensorflow
tool, folder, cases = importlib.import_module(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
codes = []
for number, arguments in enumerate(cases):
    child = os.fork()
    if not child:
        for stream, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(f"{folder}/{name}-{number}", os.O_WRONLY | os.O_CREAT), stream)
        sys.argv = [tool.__file__, *arguments]
        tool.command()
        sys.exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


def run_tool(name: str, *arguments: str) -> tuple[int, str, str]:
    """Runs a tool to its end → (exit status, output, errors)."""
    command = [sys.executable, "-m", f"pix2pix_tf.tools.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)  # One that hangs shall fail.
    return done.returncode, done.stdout, done.stderr


def run_tool_often(name: str, cases: list[list[str]], folder) -> list[tuple[int, str, str]]:
    """As `run_tool`, for many calls, each a process that is forked after TensorFlow's import; `folder` is scratch."""
    command = [sys.executable, "-c", _PROGRAM, f"pix2pix_tf.tools.{name}", str(folder), json.dumps(cases)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    codes = json.loads(done.stdout.splitlines()[-1])
    texts = [[(folder / f"{stream}-{n}").read_text() for stream in ("stdout", "stderr")] for n in range(len(cases))]
    return [(code, *text) for code, text in zip(codes, texts, strict=True)]

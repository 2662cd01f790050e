"""What all command lines share: files beside the flags, and output that nobody reads to its end."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
'''Prints lines.'''
import sys
from absl import flags
from pix2pix_tf import cli
_FOLDER = cli.define_path("folder", None, "a path")
cli.rename_flag("directory", "folder")
_KIND = flags.DEFINE_string("kind", "few", "what is printed")
flags.DEFINE_float("rate", 1.0, "a number")

def main(files=None):
    if _KIND.value == "socket":
        raise BrokenPipeError("a socket's")
    for number in range({"few": 2, "many": 100_000, "some": 1, "files": 0}[_KIND.value]):
        print("line", number)
    if _FOLDER.value:
        print(_FOLDER.value, "→")
    if files is not None:
        print(*files, sep="|")
    if _KIND.value == "some":
        sys.exit(3)

cli.start_tensorflow_quietly = lambda: None  # It takes a while, and is not what is tested.
cli.run(main, takes_files=%s)
"""


@pytest.fixture
def script(tmp_path):
    """script(takes_files): the command of a small tool."""

    def write(takes_files=False):
        path = tmp_path / f"tool_{takes_files}.py"
        path.write_text(SCRIPT % takes_files)
        return [sys.executable, str(path)]

    return write


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_files_may_stand_before_between_and_behind_flags(script):
    assert run(*script(True), "a b.jpg", "--kind=files", "--", "-c.jpg") == (0, "a b.jpg|-c.jpg\n", "")


def test_no_files_are_an_empty_list(script):
    assert run(*script(True), "--kind=files") == (0, "\n", "")


def test_files_are_refused_by_tools_that_take_none(script):
    sentence = "error: Unexpected argument 'a.jpg'; settings are flags such as --steps=200, see --help.\n"
    assert run(*script(), "--kind=few", "a.jpg", "--kind=many") == (1, "", sentence)


@pytest.mark.parametrize("value", ["inf", "nan"])
def test_a_number_that_is_not_finite_is_refused(script, value):
    sentence = f"error: --rate must be a finite number. Received: {value}.\n"
    assert run(*script(), f"--rate={value}") == (1, "", sentence)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("kind", ["--kind=few", "--kind=some", "--kind=many", "--help"])
def test_output_that_nobody_reads_is_no_error(script, kind, unbuffered):
    environment, pipe = os.environ | {"PYTHONUNBUFFERED": unbuffered}, subprocess.PIPE
    with subprocess.Popen([*script(), kind], env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_the_first_lines_can_be_had(script):
    with subprocess.Popen([*script(), "--kind=many"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"line 0\n"
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_pipe_that_breaks_elsewhere_is_an_error(script):
    status, _, errors = run(*script(), "--kind=socket")
    assert status == 1
    assert errors.endswith("BrokenPipeError: a socket's\n")


def test_the_exit_status_of_a_tool_is_kept(script):
    assert run(*script(), "--kind=some") == (3, "line 0\n", "")


def test_help_shows_purpose_and_flags_and_is_no_error(script):
    status, output, errors = run(*script(), "--help")
    assert (status, errors) == (0, "")
    assert output.startswith("Prints lines.\n")
    assert "\n  --folder: a path\n" in output
    assert "--directory" not in output


def test_an_old_flag_name_works_and_says_the_new_one(script):
    status, output, errors = run(*script(), "--directory=a", "--kind=files")
    assert (status, output) == (0, "a →\n")
    assert errors == "warning: --directory is called --folder now; the old name goes with the next release.\n"


def test_a_path_may_begin_with_the_users_home(script, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert run(*script(), "--folder=~/a b/~c", "--kind=files") == (0, "/home/somebody/a b/~c →\n", "")


def test_what_stdout_cannot_show_is_escaped(script, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert run(*script(), b"--folder=\xff", "--kind=files") == (0, "\\udcff \\u2192\n", "")

"""TensorFlow's start is quiet, from Python too, and nothing else that is written meanwhile is lost."""

import os
import subprocess
import sys

import pytest

import pix2pix_tf
from pix2pix_tf.utils import quiet_start

START = b"""WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1796066865.055305   22911 port.cc:153] oneDNN custom operations are on.
E0000 00:00:1796066872.264030   22911 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
"""


def test_only_lines_of_the_start_are_hidden(capfd):
    with quiet_start._stderr_kept_back():
        os.write(2, b"I am a user's line\n" + START + b"half a line")
    os.write(2, b", and more")
    assert capfd.readouterr().err == "I am a user's line\nhalf a line, and more"


def test_where_the_start_fails_everything_is_shown(capfd):
    with pytest.raises(ImportError), quiet_start._stderr_kept_back():
        os.write(2, START)
        raise ImportError
    assert capfd.readouterr().err == START.decode()


def test_a_process_without_stderr_starts_too(monkeypatch):
    def closed(_):
        raise OSError

    monkeypatch.setattr(os, "dup", closed)
    with quiet_start._stderr_kept_back():
        pass


@pytest.mark.parametrize("name", pix2pix_tf.__all__)
def test_names_that_bring_tensorflow_in_start_it_quietly(monkeypatch, name):
    started = []
    monkeypatch.setattr(quiet_start, "start_tensorflow_quietly", lambda: started.append(name))
    getattr(pix2pix_tf, name)
    assert bool(started) == (name not in ("Config", "UserError"))


@pytest.mark.slow
def test_a_users_script_shows_no_line_of_tensorflows():
    script = "import pix2pix_tf as p; print(p.build_generator(p.Config(image_size=32, base_filters=1)).output_shape)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(None, 32, 32, 3)\n", "")

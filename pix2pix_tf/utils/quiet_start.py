"""TensorFlow's start, without the lines that it writes to stderr before its log level counts."""

import contextlib
import os
import re
import sys

_OF_THE_START = re.compile(
    rb"(?:[IWE]\d{4} \d\d:|WARNING: All log messages before absl|To enable the following in).*\n"
)


def start_tensorflow_quietly() -> None:
    """Imports TensorFlow and looks for devices; does nothing where it is imported already."""
    if "tensorflow" not in sys.modules:
        with _stderr_kept_back():
            import tensorflow as tf

            tf.config.list_physical_devices()


@contextlib.contextmanager
def _stderr_kept_back():
    """Keeps the process's stderr, that of C++ code too, in memory, then shows all that is not of TensorFlow's start.

    If the block fails, everything is shown.
    """
    try:
        terminal = os.dup(2)
    except OSError:  # There is none, as in some services.
        yield
        return
    hidden = re.compile(rb"(?!)")
    with open(os.memfd_create("stderr"), "w+b") as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
            hidden = _OF_THE_START
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            kept.seek(0)
            os.write(2, hidden.sub(b"", kept.read()))

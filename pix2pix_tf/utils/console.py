"""What is printed for people, whatever characters the terminal or log file can show."""

import sys

from tqdm import tqdm


def log(text: str) -> None:
    """Prints a line on stdout at once, above a progress bar if there is one."""
    _write(text, sys.stdout)


def warn(text: str) -> None:
    """Prints `warning: …` on stderr at once, above a progress bar if there is one."""
    _write(f"warning: {text}", sys.stderr)


def _write(text, stream):
    encoding = getattr(stream, "encoding", None) or "utf-8"
    tqdm.write(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
    stream.flush()

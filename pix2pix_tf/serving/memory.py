"""Freed memory goes back to the system."""

import ctypes

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; other C libraries need no telling


def give_back() -> None:
    """Returns what was freed to the system. glibc would keep much of it, for each thread that ever asked for some."""
    if _trim:
        _trim(0)

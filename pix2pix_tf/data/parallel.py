"""Many images at once, in threads, which is enough: Pillow works without Python's lock."""

import concurrent.futures
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

_AT_ONCE = 1024  # Items that wait for a thread; a folder may hold millions.


def in_parallel(function: Callable[[Any], Any], items: Sequence, title: str | None = None) -> Iterator:
    """Yields function(item) in the order of the items; with a title, a progress bar is on the terminal."""
    hidden = None if title else True  # None: hidden where there is no terminal.
    with (
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(items), desc=title, unit="image", dynamic_ncols=True, disable=hidden) as bar,
    ):
        for start in range(0, len(items), _AT_ONCE):
            for result in pool.map(function, items[start : start + _AT_ONCE]):
                bar.update()
                yield result

"""How much the server takes on at a time."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

from grpc import StatusCode

from pix2pix_tf.serving.refusals import Refused

THREADS = 4  # Each prediction uses all cores by itself; a few at a time keep them busy.
MAX_REQUESTS = 512  # that are being answered or wait
MAX_BYTES = 64 * 2**20  # of a request: the largest image that is accepted, as PNG in base64
MAX_HELD = 8 * MAX_BYTES  # bytes of all requests that are being received, answered or wait
LARGE_BYTES = 2**22  # of a request over REST; larger ones wait for each other


class Workers:
    """A few threads in which requests of both interfaces are answered, and limits to those that wait.

    Large requests have one thread to themselves: they wait for each other, and no small one waits for them.
    """

    def __init__(self):
        self._small, self._large = ThreadPoolExecutor(THREADS, "predict"), ThreadPoolExecutor(1, "large")
        self._requests = self._held = 0

    async def run(self, function, *arguments, large: bool = False):
        """`function(*arguments)`, run in a thread; Refused if too many wait already."""
        if self._requests >= MAX_REQUESTS:
            raise Refused(StatusCode.UNAVAILABLE, f"{MAX_REQUESTS} requests are waiting already; try again later")
        self._requests += 1
        try:
            threads = self._large if large else self._small
            return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
        finally:
            self._requests -= 1

    @contextlib.contextmanager
    def holding(self):
        """Gives a function that counts bytes as held until the block ends, and is Refused if all hold too many."""
        own = 0

        def hold(size):
            nonlocal own
            if self._held + size > MAX_HELD:
                raise Refused(StatusCode.UNAVAILABLE, f"requests of {self._held} bytes are waiting; try again later")
            own += size
            self._held += size

        try:
            yield hold
        finally:
            self._held -= own

    def close(self) -> None:
        """Drops what waits; what is being answered goes on."""
        for threads in (self._small, self._large):
            threads.shutdown(wait=False, cancel_futures=True)


async def to_the_end(coroutine):
    """The result of a coroutine that goes on when the one who waits for it is cancelled, such as by a lost client.

    What a thread works on may so be kept until the thread is done with it.
    """
    task = asyncio.create_task(coroutine)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    return await asyncio.shield(task)

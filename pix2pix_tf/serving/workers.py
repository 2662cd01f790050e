"""How much the server takes on at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from grpc import StatusCode

from pix2pix_tf.serving.refusals import Refused

THREADS = 4  # Each prediction uses all cores by itself; a few at a time keep them busy.
MAX_REQUESTS = 512  # that are being answered or wait
MAX_BYTES = 64 * 2**20  # of a request: the largest image that is answered, as PNG in base64


class Workers:
    """A few threads in which requests of both interfaces are answered, and a limit to those that wait."""

    def __init__(self):
        self._threads = ThreadPoolExecutor(THREADS, "predict")
        self._requests = 0

    async def run(self, function, *arguments):
        """`function(*arguments)`, run in a thread; Refused if too many wait already."""
        if self._requests >= MAX_REQUESTS:
            raise Refused(StatusCode.UNAVAILABLE, f"{MAX_REQUESTS} requests are waiting already; try again later")
        self._requests += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._requests -= 1

    def close(self) -> None:
        """Drops what waits; what is being answered goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

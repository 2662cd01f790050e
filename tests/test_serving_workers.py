"""What the server takes on at a time: a few in threads, some more that wait, and no more."""

import asyncio
import threading

import pytest

from pix2pix_tf.serving import workers
from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.workers import Workers


def test_only_so_many_run_at_once_and_only_so_many_wait(monkeypatch):
    monkeypatch.setattr(workers, "THREADS", 2)
    monkeypatch.setattr(workers, "MAX_REQUESTS", 5)
    running, most, full, gate = [], [], threading.Semaphore(0), threading.Event()

    def work(number):
        running.append(number)
        most.append(len(running))
        full.release()
        assert gate.wait(60)
        running.remove(number)
        return number

    async def main():
        these = Workers()
        tasks = [asyncio.create_task(these.run(work, number)) for number in range(5)]
        await asyncio.to_thread(lambda: [full.acquire() for _ in range(2)])
        with pytest.raises(Refused, match="5 requests are waiting already; try again later") as refused:
            await these.run(work, 5)
        assert refused.value.code.name == "UNAVAILABLE"
        gate.set()
        assert await asyncio.gather(*tasks) == [0, 1, 2, 3, 4]
        assert await these.run(work, 6) == 6  # There is room again.
        these.close()

    asyncio.run(main())
    assert max(most) == 2


def test_an_error_reaches_the_one_who_asked():
    async def main():
        these = Workers()
        with pytest.raises(ZeroDivisionError):
            await these.run(lambda: 1 // 0)
        these.close()

    asyncio.run(main())

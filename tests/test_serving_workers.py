"""What the server takes on at a time: a few in threads, some more that wait, and no more."""

import asyncio
import threading

import pytest

from pix2pix_tf.serving import workers
from pix2pix_tf.serving.refusals import Refused
from pix2pix_tf.serving.workers import Workers, to_the_end


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


def test_large_requests_wait_for_each_other_and_no_small_one_waits_for_them():
    log, gate = [], threading.Event()

    def large(number):
        log.append(f"begin {number}")
        assert gate.wait(60)
        log.append(f"end {number}")

    async def main():
        these = Workers()
        tasks = [asyncio.create_task(these.run(large, number, large=True)) for number in range(3)]
        assert await these.run(lambda: "small") == "small"
        gate.set()
        await asyncio.gather(*tasks)
        these.close()

    asyncio.run(main())
    assert log == [f"{word} {number}" for number in range(3) for word in ("begin", "end")]


def test_only_so_many_bytes_are_held(monkeypatch):
    monkeypatch.setattr(workers, "MAX_HELD", 100)
    these = Workers()
    with these.holding() as hold:
        hold(60)
        with these.holding() as other:
            other(40)
            with pytest.raises(Refused, match="requests of 100 bytes are waiting; try again later") as refused:
                other(1)
            assert refused.value.code.name == "UNAVAILABLE"
        hold(40)
    with these.holding() as hold:
        hold(100)
    these.close()


def test_work_whose_client_is_gone_keeps_what_it_uses_until_it_is_done():
    released, gate = [], threading.Event()

    async def use(these):
        try:
            await these.run(gate.wait, 60)
        finally:
            released.append(gate.is_set())

    async def main():
        these = Workers()
        task = asyncio.create_task(to_the_end(use(these)))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert released == []
        gate.set()
        while not released:
            await asyncio.sleep(0.01)
        these.close()

    asyncio.run(main())
    assert released == [True]


def test_an_error_reaches_the_one_who_asked():
    async def main():
        these = Workers()
        with pytest.raises(ZeroDivisionError):
            await these.run(lambda: 1 // 0)
        these.close()

    asyncio.run(main())

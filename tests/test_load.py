"""The development server under load: many at once, some of them wrong, and a new version in the middle."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serving_process import Refusal, assert_same, decoded, encoded, serving, smooth_image

pytest_plugins = "serving_exports"

THREADS = 32
REQUESTS = 200  # at least; the load goes on until the new version has answered as many as half of them
WRONG = [
    ("serving_default", {"image_bytes": [b"hello"]}),
    ("serving_default", {"image_bytes": [encoded(smooth_image(64, 64), "JPEG")[:300]]}),
    ("translate", {"image": np.zeros((1, 0, 0, 3), np.uint8)}),
    ("translate", {"photo": smooth_image()[None]}),
    ("paint", {"image": smooth_image()[None]}),
]
IMAGES = [smooth_image(64, 64, seed) for seed in range(8)]


class Load:
    """Requests of every kind, and which version answered them.

    Attributes:
      answered: {version: how many right outputs it gave}.
      refused: how many wrong requests were refused.
    """

    def __init__(self, server, translators):
        self.server, self.answered, self.refused = server, {1: 0, 2: 0}, 0
        self.expected = [[translator(image) for image in IMAGES] for translator in translators]
        self.numbers, self.counting = itertools.count(), threading.Lock()

    def run(self, publish):
        """Asks, from one of the threads, until all is seen; the thread that asks number 50 publishes first."""
        while (number := next(self.numbers)) < REQUESTS or self.answered[2] < REQUESTS / 2:
            if number == 50:
                publish()
            ask = self.server.ask_rest if number % 2 else self.server.ask_grpc
            if number % 20 == 7:
                self.ask_wrongly(ask, number // 20)
            else:
                self.ask_rightly(ask, number)

    def ask_wrongly(self, ask, number):
        """A wrong request, which must be refused as such."""
        with pytest.raises(Refusal) as refusal:
            ask(*WRONG[number % len(WRONG)])
        assert refusal.value.status == 400
        with self.counting:
            self.refused += 1

    def ask_rightly(self, ask, number):
        """A right request, whose output must be that of one of the two runs."""
        which = number % len(IMAGES)
        if number % 3:
            output = ask("translate", {"image": IMAGES[which][None]})["image"][0]
        else:
            output = decoded(ask("serving_default", {"image_bytes": [encoded(IMAGES[which])]})["image_bytes"][0])
        distances = [np.abs(output.astype(int) - expected[which].astype(int)).max() for expected in self.expected]
        version = 1 + int(np.argmin(distances))
        assert_same(output, self.expected[version - 1][which])
        with self.counting:
            self.answered[version] += 1


@pytest.mark.slow
def test_two_hundred_requests_some_wrong_and_a_new_version(exports, tmp_path):
    exports.publish(exports.first, tmp_path, 1)
    with serving(tmp_path) as server:
        load = Load(server, exports.translators)
        with ThreadPoolExecutor(THREADS) as threads:
            running = [
                threads.submit(load.run, lambda: exports.publish(exports.second, tmp_path, 2)) for _ in range(THREADS)
            ]
        for future in running:
            future.result()
        assert load.answered[1] >= 40
        assert load.answered[2] >= REQUESTS / 2
        assert load.refused >= REQUESTS / 20
        assert server.process.poll() is None
        assert server.status_grpc() == {1: "END", 2: "AVAILABLE"}
        reply = server.post({"signature_name": "translate", "instances": IMAGES[0][None].tolist()}).json()
        assert_same(np.array(reply["predictions"][0]), load.expected[1][0])
        assert "Traceback" not in server.errors()
        print(f"{load.answered} answered, {load.refused} refused")

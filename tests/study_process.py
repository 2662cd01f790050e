"""What the tests of the study share: images that tell what they are, and the real server as a second process."""

import contextlib
import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import requests
from PIL import Image

REAL, FAKE = 40, 215  # red; green is the image's number


def draw(folder, numbers, red, size=(8, 8)):
    """Writes images 00.png, 01.png, …, of one color each, which tells what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(np.full((*size, 3), (red, number, 90), np.uint8)).save(folder / f"{number:02}.png")
    return str(folder)


def recognize(content):
    """The bytes of an image → (whether it is a fake, its number)."""
    red, green, _ = Image.open(io.BytesIO(content)).convert("RGB").getpixel((0, 0))
    return red == FAKE, green


@dataclasses.dataclass
class Served:
    """A study that a real process serves."""

    process: subprocess.Popen
    url: str
    answers: Path

    def lines(self):
        """What is in the answers file, without the settings."""
        return [json.loads(line) for line in self.answers.read_text().splitlines()[1:]]


@contextlib.contextmanager
def served(root, *flags, count=6, fakes=("cgan",), size=(8, 8), port=0):
    """Serves a study of `count` images of each kind below the folder `root`; kills the server in the end."""
    real = draw(root / "real", range(count), REAL, size)
    fakes = [f"--fake={name}:{draw(root / name, range(count), FAKE, size)}" for name in fakes]
    command = [sys.executable, "-m", "pix2pix_tf.tools.study", f"--real={real}", *fakes]
    command += [f"--answers={root / 'answers'}", f"--port={port}", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield Served(process, re.search(r"http\S+", line)[0], root / "answers" / "answers.jsonl")
        finally:
            process.kill()


class Participant:
    """Somebody who takes part through plain HTTP; the cookie jar is their browser."""

    def __init__(self, url):
        self.url, self.browser = url, requests.Session()

    def session(self):
        """Where they are."""
        return self.browser.get(self.url + "session").json()

    def begin(self):
        """Opens the page and starts."""
        self.session()
        return self.browser.post(self.url + "session").json()

    def image(self, trial, side):
        """The response with one image of a trial."""
        return self.browser.get(f"{self.url}trials/{trial}/{side}")

    def answer(self, trial, side="left", **changes):
        """The response to an answer."""
        body = {"answer": side, "exposure_ms": 1003.4, "response_ms": 512, "hidden": False, **changes}
        return self.browser.post(f"{self.url}trials/{trial}", json=body)

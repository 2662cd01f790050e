"""What the tests of the page share: a model server that answers with the negative, and a hand on the browser."""

import base64
import contextlib
import io
import json
import threading

import numpy as np
import pytest
import uvicorn
from PIL import Image

pytest.importorskip("selenium", reason="needs selenium, from the extra dev")

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pix2pix_tf.palettes import palette_of
from pix2pix_tf.serving import web_page

PATIENCE = 60  # seconds, for a machine that is busy with something else
SIDE = 256  # of the drawing, in pixels
LIVE_DELAY_MS = 200  # that the page waits with its request after a stroke
NAMES, COLORS = palette_of("toy_facades").names, palette_of("toy_facades").colors
PALETTE = {name: list(color) for name, color in zip(NAMES, COLORS, strict=True)}
WIDE = {"width": 1200, "height": 920, "deviceScaleFactor": 1, "mobile": False}  # The drawing is 512 pixels wide there.
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}

# The pixels of a canvas or an image on the page, as a PNG in a data: URL.
READ_PIXELS = """
const source = arguments[0], canvas = document.createElement("canvas");
canvas.width = source.naturalWidth ?? source.width;
canvas.height = source.naturalHeight ?? source.height;
canvas.getContext("2d").drawImage(source, 0, 0);
return canvas.toDataURL("image/png");
"""


class FakeModel:
    """TensorFlow Serving's REST routes of a model `negative`, which answers 255 - x and keeps what it was sent.

    Attributes:
      signatures, version, state: what it says of itself.
      sent: the JSON bodies of :predict, in order.
      failures: what the next calls of :predict answer instead, each a status and a body.
      holds: {number of a call of :predict: an event that its reply waits for}.
      finished: the numbers of the calls that were answered, in order.
    """

    def __init__(self):
        self.signatures = ["serving_default", "translate", "sample"]
        self.version, self.state = 3, "AVAILABLE"
        self.sent, self.failures, self.holds, self.finished = [], [], {}, []

    def routes(self):
        """Its Starlette routes."""
        return [
            Route("/v1/models/negative", self._status),
            Route("/v1/models/negative/metadata", self._metadata),
            Route("/v1/models/negative:predict", self._predict, methods=["POST"]),
        ]

    def sent_image(self, number=-1):
        """What `serving_default` was sent, RGB uint8 [H, W, 3]."""
        assert self.sent[number].keys() == {"instances"}
        (instance,) = self.sent[number]["instances"]
        assert instance.keys() == {"b64"}
        png = Image.open(io.BytesIO(base64.b64decode(instance["b64"], validate=True)))
        assert png.format == "PNG"
        assert png.mode == "RGB"
        return np.asarray(png)

    def _status(self, _):
        good = {"error_code": "OK", "error_message": ""}
        states = ((self.version - 1, "END"), (self.version, self.state), (self.version + 1, "LOADING"))
        versions = [{"version": str(version), "state": state, "status": good} for version, state in states]
        return JSONResponse({"model_version_status": versions})

    def _metadata(self, _):
        signatures = {name: {"inputs": {}, "outputs": {}, "method_name": ""} for name in self.signatures}
        spec = {"name": "negative", "signature_name": "", "version": str(self.version)}
        return JSONResponse({"model_spec": spec, "metadata": {"signature_def": {"signature_def": signatures}}})

    async def _predict(self, request):
        self.sent.append(json.loads(await request.body()))
        number = len(self.sent) - 1
        response = await run_in_threadpool(self._answer, number)
        self.finished.append(number)
        return response

    def _answer(self, number):
        if number in self.holds:
            assert self.holds[number].wait(PATIENCE)
        if self.failures:
            status, content = self.failures.pop(0)
            return Response(content, status, media_type="application/json")
        if "instances" in self.sent[number]:
            return JSONResponse({"predictions": [{"b64": base64.b64encode(self.png(number)).decode()}]})
        return JSONResponse({"outputs": (255 - np.array(self.sent[number]["inputs"]["image"])).tolist()})

    def png(self, number=-1):
        """The file that answers a call of `serving_default`."""
        file = io.BytesIO()
        Image.fromarray(255 - self.sent_image(number)).save(file, "PNG")
        return file.getvalue()


@contextlib.contextmanager
def served(routes, open_to_others=False):
    """Serves Starlette routes on a free port, to pages from elsewhere too if so asked; yields the address."""
    cors = Middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["POST", "GET"], allow_headers=["Content-Type"]
    )
    app = Starlette(routes=routes, middleware=[cors] if open_to_others else [])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def served_with_page(model, palette):
    """Serves a `FakeModel` and the page for it; yields the address."""
    return served(
        [
            *model.routes(),
            *web_page.routes("negative", lambda: {"palette": palette, "config": {"image_size": "256x512"}}),
        ]
    )


class Page:
    """The page in a browser; an element of it is `page[id]`."""

    def __init__(self, browser, url):
        self.browser = browser
        browser.get_log("browser")  # What other pages have left there.
        browser.get(url)

    def __getitem__(self, element_id):
        return self.browser.find_element(By.ID, element_id)

    def radio(self, name, value):
        """The label of a radio button, which is what is clicked."""
        return self.browser.find_element(By.XPATH, f"//label[input[@name='{name}'][@value='{value}']]")

    def swatch(self, name):
        """The label of a class of the palette."""
        return self.browser.find_element(By.XPATH, f"//*[@id='palette']/label[normalize-space()='{name}']")

    def until(self, condition):
        """Waits until `condition()` is true and returns its value."""
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.02).until(lambda _: condition())

    def until_quiet(self):
        """Waits until the page has nothing more to ask."""
        self.browser.execute_async_script(f"setTimeout(arguments[0], {LIVE_DELAY_MS + 1})")
        self.until(lambda: self["result"].get_attribute("aria-busy") == "false")

    def until_problem(self):
        """Waits for an error and returns its sentence."""
        return self.until(lambda: self["problem"].is_displayed() and self["sentence"].text)

    def pixels(self, element_id):
        """RGB uint8 [H, W, 3] of a canvas or an image."""
        return to_array(from_data_url(self.browser.execute_script(READ_PIXELS, self[element_id])))

    def download(self, folder):
        """Clicks the download link; returns the path of the file that it leaves in `folder`."""
        behavior = {"behavior": "allow", "downloadPath": str(folder)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
        self["download"].click()
        return self.until(lambda: next(folder.glob("*.png"), None))

    def choose(self, path):
        """Chooses an image file and waits for what comes of it."""
        self["file"].send_keys(str(path))
        self.until(lambda: self["image-name"].text == path.name or self["problem"].is_displayed())
        self.until_quiet()

    def press(self, keys):
        """Presses keys, one after another, where the focus is."""
        ActionChains(self.browser, duration=0).send_keys(keys).perform()

    def with_control(self, key):
        """Presses a key together with Ctrl."""
        ActionChains(self.browser, duration=0).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def drag(self, *points):
        """Drags the mouse over the drawing, from pixel (x, y) to pixel."""
        chain = ActionChains(self.browser, duration=0)
        for number, point in enumerate(points):
            chain.move_to_element_with_offset(self["canvas"], *self.offset(point))
            if number == 0:
                chain.click_and_hold()
        chain.release().perform()

    def offset(self, point):
        """Where the middle of a pixel of the drawing is, from the middle of the canvas, on the screen."""
        shown = self["canvas"].rect["width"]
        return [round((place + 0.5) * shown / SIDE - shown / 2) for place in point]

    def errors(self):
        """The errors in the browser's console since the last call."""
        return [line["message"] for line in self.browser.get_log("browser") if line["level"] == "SEVERE"]


def from_data_url(url):
    """The bytes in a data: URL."""
    return base64.b64decode(url.partition(",")[2])


def to_array(file):
    """An image file's bytes → RGB uint8 [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


def labels(image):
    """Class numbers [H, W] of an image [H, W, 3], which must have colors of the palette only."""
    distances = np.abs(image[..., None, :].astype(int) - np.array(COLORS)).sum(-1)
    assert distances.min(axis=-1).max() == 0
    return distances.argmin(axis=-1)


def quadrants(height=32, width=64):
    """A Pillow image of four colors, in blocks that JPEG keeps apart."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = 200, 30, 30
    image[: height // 2, width // 2 :] = 30, 200, 30
    image[height // 2 :, : width // 2] = 30, 30, 200
    image[height // 2 :, width // 2 :] = 240, 240, 40
    return Image.fromarray(image)

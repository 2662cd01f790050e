"""What the page shows of a model's outputs, in a real Chromium: slider, download, noise, errors, other servers."""

import json
import socket
import threading

import numpy as np
import pytest
from page_server import PALETTE, FakeModel, quadrants, served, to_array
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

pytest_plugins = ["page_fixtures"]


def shown(page):
    """What the screen shows of the result, RGB [H, W, 3]."""
    return to_array(page["compare"].screenshot_as_png).astype(int)


def test_the_slider_shows_input_on_its_left_and_output_on_its_right(page):
    page.browser.execute_script("arguments[0].focus()", page["split"])
    output = [255 - value for value in PALETTE["background"]]
    for key, share in ((Keys.END, 100), (Keys.HOME, 0), (Keys.ARROW_RIGHT * 40, 40)):
        page.press(key)
        assert page["split"].get_attribute("value") == str(share)
        assert page["split"].get_attribute("aria-valuetext") == f"{share} % input, {100 - share} % result"
        row = shown(page)[20]
        width = len(row)
        edge = width * share // 100
        inputs, outputs = row[: max(edge - 8, 0)], row[edge + 8 :]
        assert (inputs == PALETTE["background"]).all()
        assert (outputs == output).all()


def test_the_slider_can_be_dragged(page):
    chain = ActionChains(page.browser, duration=0)
    width = page["compare"].rect["width"]
    chain.move_to_element_with_offset(page["split"], round(-width / 4), 50).click_and_hold()
    chain.move_to_element_with_offset(page["split"], round(width / 4), 50).release().perform()
    assert page["split"].get_attribute("value") == "75"


@pytest.mark.parametrize(("height", "width"), [(32, 64), (64, 32)])
def test_the_slider_covers_exactly_the_image(visit, model, tmp_path, height, width):
    path = tmp_path / "image.png"
    quadrants(height, width).save(path)
    page = visit(model, None)
    page.choose(path)
    box = page["compare"].rect
    assert max(box["width"], box["height"]) == page["image-stage"].rect["width"]
    assert box["width"] / box["height"] == width / height
    assert page["after"].rect == page["before"].rect == box


def test_again_with_noise(page, model, tmp_path):
    page.drag((10, 10), (50, 50))
    page.until_quiet()
    drawn = page.pixels("canvas")
    seeds = []
    for _ in range(2):
        page["noise"].click()
        page.until_quiet()
        body = model.sent[-1]
        assert body.keys() == {"signature_name", "inputs"}
        assert body["signature_name"] == "sample"
        assert body["inputs"].keys() == {"image", "seed"}
        np.testing.assert_array_equal(body["inputs"]["image"], drawn[None])
        seeds.append(body["inputs"]["seed"])
        np.testing.assert_array_equal(page.pixels("before"), drawn)
        np.testing.assert_array_equal(page.pixels("after"), 255 - drawn)
        path = page.download(tmp_path)
        np.testing.assert_array_equal(to_array(path.read_bytes()), 255 - drawn)
        path.unlink()
        assert page["facts"].text.endswith(f"negative, version 3 · seed {seeds[-1][0]}, {seeds[-1][1]}")
    assert seeds[0] != seeds[1]
    assert all(-(2**31) <= value < 2**31 for seed in seeds for value in seed)


def test_a_model_without_noise_has_no_such_button(visit, model):
    model.signatures.remove("sample")
    page = visit(model)
    assert not page["noise"].is_displayed()


def test_a_new_version_is_shown_with_its_first_output(page, model):
    model.version = 4
    page["translate"].click()
    page.until_quiet()
    assert page["version"].text == "version 4"
    assert page["facts"].text.endswith("negative, version 4")
    assert page["download"].get_attribute("download") == "negative-4.png"


# What goes wrong


TENSORFLOW_WORDS = (
    "Graph execution error: assertion failed: [the image is 9000x9000 (height x width); from 1 to 16000000 pixels "
    "are allowed]\n"
    "\t [[{{node map/while/Assert}}]]"
)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (400, json.dumps({"error": "the request is bad"}), "the request is bad"),
        (
            400,
            json.dumps({"error": TENSORFLOW_WORDS}),
            "the image is 9000x9000 (height x width); from 1 to 16000000 pixels are allowed",
        ),
        (200, json.dumps({"error": "half of an answer"}), "half of an answer"),
        (503, "{}", "The server answered 503."),
        (502, "<h1>Bad gateway</h1>", " answers, but not as a model server."),
        (200, json.dumps({"predictions": [{"b64": "aGVsbG8="}]}), "The server’s output is not an image."),
    ],
    ids=["sentence", "tensorflow", "200", "empty", "html", "no-image"],
)
def test_errors_are_shown_and_may_be_gone_the_next_time(page, model, status, body, sentence):
    old = page.pixels("after")
    model.failures.append((status, body))
    page.drag((10, 10), (50, 50))
    assert page.until_problem().endswith(sentence)
    assert page["problem"].get_attribute("role") == "alert"
    assert page["result"].get_attribute("aria-busy") == "false"
    np.testing.assert_array_equal(page.pixels("after"), old)
    errors = page.errors()
    assert all(f"a status of {status}" in error for error in errors)
    assert len(errors) == (status != 200)
    page["again"].click()
    page.until_quiet()
    assert not page["problem"].is_displayed()
    np.testing.assert_array_equal(page.pixels("after"), 255 - page.pixels("canvas"))


def test_a_model_that_is_not_loaded_yet(visit, model):
    model.state = "LOADING"
    page = visit(model)
    assert page.until_problem() == "No version of negative is available yet."
    assert model.sent == []
    model.state = "AVAILABLE"
    page["again"].click()
    page.until_quiet()
    assert page["version"].text == "version 3"
    np.testing.assert_array_equal(page.pixels("after"), 255 - page.pixels("canvas"))


def test_it_is_busy_while_it_waits(page, model):
    hold = model.holds[len(model.sent)] = threading.Event()
    page["translate"].click()
    assert page["result"].get_attribute("aria-busy") == "true"
    page.until(lambda: page["progress"].value_of_css_property("opacity") == "1")
    hold.set()
    page.until_quiet()
    page.until(lambda: page["progress"].value_of_css_property("opacity") == "0")


def test_the_latest_request_wins(page, model):
    slow = len(model.sent)
    hold = model.holds[slow] = threading.Event()
    page["translate"].click()
    page.until(lambda: len(model.sent) == slow + 1)
    page.drag((10, 10), (50, 50))
    page.until_quiet()
    assert model.finished[-1] == slow + 1
    expected = 255 - page.pixels("canvas")
    np.testing.assert_array_equal(page.pixels("after"), expected)
    hold.set()
    page.until(lambda: model.finished[-1] == slow)
    page.until_quiet()
    np.testing.assert_array_equal(page.pixels("after"), expected)
    assert not page["problem"].is_displayed()


# Other servers


@pytest.fixture
def elsewhere():
    """A model on a server of its own, as TensorFlow Serving with --rest_api_enable_cors_support; its address."""
    other = FakeModel()
    other.version = 12
    with served(other.routes(), open_to_others=True) as url:
        yield other, url


@pytest.mark.parametrize("ending", ["", "/"])
def test_another_server_in_the_address(visit, model, elsewhere, ending):
    other, url = elsewhere
    page = visit(model, query=f"?server={url}{ending}&model=negative")
    assert model.sent == []
    np.testing.assert_array_equal(page.pixels("after"), 255 - other.sent_image())
    assert page["version"].text == f"version 12 at {url}"
    page["noise"].click()
    page.until_quiet()
    np.testing.assert_array_equal(page.pixels("after"), 255 - np.array(other.sent[-1]["inputs"]["image"][0]))


def test_another_server_in_the_form(page, elsewhere):
    other, url = elsewhere
    page["server"].find_element(By.TAG_NAME, "summary").click()
    page["server-address"].clear()
    page["server-address"].send_keys(url.removeprefix("http://") + Keys.ENTER)
    page.until(lambda: len(other.sent) == 1)
    page.until_quiet()
    assert page["version"].text == f"version 12 at {url}"
    assert not page["server-model"].is_displayed()
    page.browser.refresh()
    page.until(lambda: len(other.sent) == 2)
    page.until_quiet()


def test_a_server_that_does_not_answer(visit, model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    page = visit(model, query=f"?server=127.0.0.1:{port}")
    assert page.until_problem() == (
        f"The server http://127.0.0.1:{port} does not answer. Does it run, and with --rest_api_enable_cors_support?"
    )
    assert all("ERR_CONNECTION_REFUSED" in error for error in page.errors())


def test_a_server_that_is_not_open_to_others(visit, model):
    with served(FakeModel().routes()) as url:
        page = visit(model, query=f"?server={url}")
        assert page.until_problem().endswith("Does it run, and with --rest_api_enable_cors_support?")
        assert page.errors()


def test_a_model_that_is_not_there(visit, model):
    page = visit(model, query="?model=%3Cb%3E%2Fx")
    assert page["name"].text == "<b>/x"
    assert page.until_problem().endswith("answers, but not as a model server.")
    assert all("404" in error for error in page.errors())

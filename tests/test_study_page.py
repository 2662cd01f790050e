"""The page in a real Chromium: sessions by keyboard, mouse and touch, with reloads, on a phone, without a network."""

import re
import statistics
import time

import numpy as np
import pytest
from study_process import served

SIZE = (256, 256)
PHASES = ("cross", "images", "question")
# Notes in each frame what is on screen: how long two decoded images are visible, and where things are in each phase.
WATCH = """
window.seen = [];
window.places = {};
let since = null;
const look = () => {
  const phase = document.getElementById("pair")?.dataset.phase;
  if (phase) window.places[phase] = ["#left", "#right", "#count", "#bar", "#message", "#next"].map((selector) => {
    const place = document.querySelector(selector).getBoundingClientRect();
    return [place.x, place.y, place.width];
  });
  const shown = [...document.querySelectorAll(".image img")].filter(
    (img) => getComputedStyle(img).visibility === "visible" && img.complete && img.naturalWidth > 0);
  if (shown.length === 2 && since === null) since = performance.now();
  if (shown.length < 2 && since !== null) { window.seen.push(performance.now() - since); since = null; }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@pytest.fixture(scope="module", autouse=True)
def _watch(chromium):
    chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})


class Page:
    """The study's page as a participant has it before them."""

    def __init__(self, driver, study, screenshots):
        self.driver, self.study, self._screenshots = driver, study, screenshots
        driver.get(study.url)

    def find(self, selector):
        """The element of a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def run(self, script, *arguments):
        """What a piece of JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def state(self):
        """The stage that is shown, in a trial with its phase and number of pair: "welcome", "trial question 2"."""
        return self.run(
            """
            const stage = [...document.querySelectorAll("main > section")].find((section) => !section.hidden)?.id;
            if (stage !== "trial") return stage;
            const count = document.getElementById("count").textContent;
            return `trial ${document.getElementById("pair").dataset.phase} ${count.match(/\\d+/)?.[0]}`;
            """
        )

    def wait_for(self, *states):
        """Waits until the page is in one of these states; those that pass by may be missed."""
        deadline = time.monotonic() + 60
        while self.state() not in states:
            assert time.monotonic() < deadline, f"waited for {states}, got {self.state()!r}: {self.complaints()}"
            time.sleep(0.01)

    def wait_for_notice(self, text):
        """Waits until the bar at the bottom says this."""
        deadline = time.monotonic() + 60
        while self.find("#notice").text != text:
            assert time.monotonic() < deadline, f"waited for {text!r}, got {self.find('#notice').text!r}"
            time.sleep(0.01)

    def shoot(self, name):
        """Leaves a screenshot for people to look at."""
        self.driver.save_screenshot(str(self._screenshots / f"study-{name}.png"))

    def click(self, selector):
        """A real click, once the element is shown; it misses what is covered."""
        deadline = time.monotonic() + 60
        while not self.find(selector).is_displayed():
            assert time.monotonic() < deadline, f"waited for {selector}: {self.complaints()}"
            time.sleep(0.01)
        self.find(selector).click()

    def press(self, key):
        """A real key, wherever the focus is."""
        names = {"left": "\ue012", "right": "\ue014", "enter": "\ue007", "tab": "\ue004", "space": "\ue00d"}
        self.driver.switch_to.active_element.send_keys(names.get(key, key))

    def complaints(self):
        """What the browser has logged since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def open_page(chromium, artifacts):
    """open_page(study): the page at the size of a laptop's window."""
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    chromium.get("about:blank")
    chromium.get_log("browser")
    return lambda study: Page(chromium, study, artifacts)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A short study that several tests take part in."""
    with served(tmp_path_factory.mktemp("page"), "--practice=2", "--trials=4", size=SIZE) as study:
        yield study


@pytest.fixture
def newcomer(chromium, study, open_page):
    """The page of somebody new."""
    chromium.get(study.url)
    chromium.delete_all_cookies()
    return open_page(study)


def answers(study):
    return [line for line in study.lines() if "trial" in line]


def feedback_is_true(page):
    line = answers(page.study)[-1]
    right = "Correct" if line["answer"] == line["fake_side"] else "Not correct"
    return right in page.find("#message").text and f"on the {line['fake_side']}." in page.find("#message").text


def assert_measured(stored, watched):
    """Compares times on screen, in ms; on a busy machine a few of one's frames come late."""
    assert len(stored) == len(watched)
    assert np.median(np.abs(np.subtract(stored, watched))) < 20


def test_a_whole_session(newcomer):
    page, before = newcomer, len(answers(newcomer.study))
    page.wait_for("welcome")
    page.shoot("1-welcome")
    assert "2 pairs for practice" in page.find("#welcome").text
    assert "4 pairs without feedback" in page.find("#welcome").text
    assert page.driver.switch_to.active_element.text == "Begin"
    page.press("enter")

    for number, phase in enumerate(PHASES):
        page.wait_for(*(f"trial {later} 1" for later in PHASES[number:]))
        page.shoot(f"2-{phase}")
    assert page.find("#message").text == "Which one was the fake?"
    assert [page.find(f"#{side} .side").text.split() for side in ("left", "right")] == [["←", "Left"], ["Right", "→"]]
    page.press("left")
    page.wait_for("trial feedback 1")
    page.shoot("3-feedback")
    places = page.run("return window.places")
    assert set(places) >= {*PHASES, "feedback"}
    assert all(places[phase] == places["question"] for phase in (*PHASES, "feedback"))
    assert feedback_is_true(page)
    assert page.driver.switch_to.active_element.get_attribute("id") == "next"
    page.press("space")

    page.wait_for("trial question 2")
    page.press("x")  # No answer.
    page.click("#right")
    page.wait_for("trial feedback 2")
    assert feedback_is_true(page)
    page.click("#next")

    page.wait_for("break")
    page.shoot("4-break")
    page.click("#break .go")
    page.wait_for("trial question 1")
    page.press("f")
    page.wait_for("trial question 2")
    time.sleep(0.3)
    page.click("#right")
    page.wait_for("trial question 3")
    assert page.run("return document.activeElement === document.body")
    page.press("tab")
    page.shoot("5-focus")
    page.press("enter")
    page.wait_for("trial question 4")
    assert page.driver.switch_to.active_element.get_attribute("id") == "left"
    page.press("j")
    page.wait_for("done")
    page.shoot("6-done")

    lines = answers(page.study)[before:]
    assert [line["answer"] for line in lines] == ["left", "right", "left", "right", "left", "right"]
    assert [line["trial"] for line in lines] == list(range(6))
    assert all(line["exposure_ms"] >= 1000 and not line["hidden"] and line["loads"] == 1 for line in lines)
    assert lines[3]["response_ms"] >= 300
    watched = page.run("return window.seen")
    assert_measured([line["exposure_ms"] for line in lines], watched)
    page.driver.refresh()
    page.wait_for("done")
    assert page.complaints() == []


def test_a_reload_goes_on_with_the_same_trial(newcomer):
    page = newcomer
    page.click("#welcome .go")
    page.wait_for("trial question 1")
    page.press("left")
    page.wait_for("trial feedback 1")
    page.press("enter")
    page.wait_for("trial images 2", "trial question 2")
    page.driver.refresh()
    page.wait_for("return")
    page.shoot("7-return")
    assert "5 to go" in page.find("#return").text
    page.press("enter")
    page.wait_for("trial question 2")
    page.press("right")
    page.wait_for("trial feedback 2")
    page.driver.refresh()
    page.wait_for("break")
    first, second = answers(page.study)[-2:]
    assert first["participant"] == second["participant"]
    assert [(line["trial"], line["loads"]) for line in (first, second)] == [(0, 1), (1, 2)]
    assert page.complaints() == []


def test_answers_wait_for_the_end_of_the_second(newcomer):
    page, before = newcomer, len(answers(newcomer.study))
    page.click("#welcome .go")
    page.run(
        """
        const pair = document.getElementById("pair");
        new MutationObserver(() => {
          if (pair.dataset.phase !== "images") return;
          document.getElementById("left").click();
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "f" }));
        }).observe(pair, { attributes: true });
        """
    )
    page.wait_for("trial question 1")
    assert len(answers(page.study)) == before
    page.press("right")
    page.wait_for("trial feedback 1")
    assert [line["answer"] for line in answers(page.study)[before:]] == ["right"]


def test_a_second_tab_that_went_ahead_is_followed(newcomer):
    page, before = newcomer, len(answers(newcomer.study))
    page.click("#welcome .go")
    page.wait_for("trial question 1")
    page.run(
        "return fetch('trials/0', {method: 'POST', body: JSON.stringify("
        "{answer: 'right', exposure_ms: 1000, response_ms: 1, hidden: false})}).then((response) => response.ok)"
    )
    page.press("left")
    page.wait_for("trial question 2")
    assert [line["answer"] for line in answers(page.study)[before:]] == ["right"]


def test_a_tab_that_was_hidden_during_the_exposure_is_noted(newcomer):
    page, driver = newcomer, newcomer.driver
    (own,) = driver.window_handles
    page.click("#welcome .go")
    for number in (1, 2):  # A second try, should the second be over too soon.
        page.wait_for(f"trial images {number}", f"trial question {number}")
        driver.switch_to.new_window("tab")
        driver.close()
        driver.switch_to.window(own)
        page.wait_for(f"trial question {number}")
        page.press("left")
        page.wait_for(f"trial feedback {number}")
        page.press("enter")
    assert any(line["hidden"] for line in answers(page.study)[-2:])


def test_a_phone(newcomer):
    page = newcomer
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.driver.refresh()

    def tap(selector):
        """As a finger does."""
        x, y = page.run(
            "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]",
            selector,
        )
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def fits():
        width, height = page.run("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        return width <= 390 and height <= 844

    page.wait_for("welcome")
    page.shoot("phone-1-welcome")
    assert fits()
    assert "To answer, tap" in page.find("#welcome").text
    assert "keys" not in page.find("#welcome").text
    tap("#welcome .go")
    for number, phase in enumerate(PHASES):
        page.wait_for(*(f"trial {later} 1" for later in PHASES[number:]))
        page.shoot(f"phone-2-{phase}")
        assert fits()
    (left_x, _, left_width), (right_x, _, right_width), *_ = page.run("return window.places.question")
    assert left_width == right_width >= 170
    assert 0 <= left_x < left_x + left_width < right_x < right_x + right_width <= 390
    tap("#right")
    page.wait_for("trial feedback 1")
    page.shoot("phone-3-feedback")
    assert fits()
    assert answers(page.study)[-1]["answer"] == "right"
    tap("#next")
    page.wait_for("trial question 2")
    tap("#left")
    page.wait_for("trial feedback 2")
    tap("#next")
    page.wait_for("break")
    page.shoot("phone-4-break")
    assert page.complaints() == []


def test_a_browser_that_keeps_no_cookies_is_told(newcomer):
    page = newcomer
    page.wait_for("welcome")
    page.driver.delete_all_cookies()
    page.click("#welcome .go")
    page.wait_for("stop")
    page.shoot("8-no-cookies")
    assert "keeps no cookie" in page.find("#reason").text


@pytest.mark.slow
def test_an_answer_waits_for_the_network(open_page, tmp_path):
    flags = ("--practice=1", "--trials=2")
    with served(tmp_path, *flags, size=SIZE) as study:
        page = open_page(study)
        page.wait_for("welcome")
        page.click("#welcome .go")
        page.wait_for("trial question 1")
        study.process.kill()
        study.process.wait()
        page.press("left")
        page.wait_for_notice("No connection. Your answer is kept and sent again.")
        page.shoot("9-no-network")
        assert answers(study) == []
    with served(tmp_path, *flags, size=SIZE, port=int(re.search(r":(\d+)/", study.url)[1])) as study:
        page.wait_for("trial feedback 1")
        assert page.find("#notice").text == ""
        assert [(line["trial"], line["answer"]) for line in answers(study)] == [(0, "left")]
        page.press("enter")
        page.wait_for("break")
        study.process.kill()
        study.process.wait()
        page.press("enter")
        page.wait_for_notice("No connection. Trying again.")
    with served(tmp_path, *flags, size=SIZE, port=int(re.search(r":(\d+)/", study.url)[1])) as study:
        for number in (1, 2):
            page.wait_for(f"trial question {number}")
            page.press("right")
        page.wait_for("done")
        assert [line["trial"] for line in answers(study)] == [0, 1, 2]


@pytest.mark.slow
def test_the_papers_session_of_ten_and_forty(open_page, tmp_path, artifacts):
    with served(tmp_path, count=50, size=SIZE) as study:
        page = open_page(study)
        page.wait_for("welcome")
        page.press("enter")
        for number in range(1, 11):
            page.wait_for(f"trial question {number}")
            page.press("left")
            page.wait_for(f"trial feedback {number}")
            assert feedback_is_true(page)
            page.press("enter")
        page.wait_for("break")
        page.press("enter")
        for number in range(1, 41):
            page.wait_for(f"trial question {number}")
            if number == 21:
                page.shoot("middle")
            page.press("f") if number % 2 else page.click("#right")
        page.wait_for("done")
        lines = answers(study)
        watched = page.run("return window.seen")
        assert page.complaints() == []
    assert [line["trial"] for line in lines] == list(range(50))
    assert [line["practice"] for line in lines] == [True] * 10 + [False] * 40
    assert [line["answer"] for line in lines[10:]] == ["left", "right"] * 20
    for kind in ("real", "fake"):
        assert len({line[kind] for line in lines}) == 50
    exposures = [line["exposure_ms"] for line in lines]
    assert min(exposures) >= 1000
    assert_measured(exposures, watched)
    text = f"exposure: median {statistics.median(exposures)} ms, {min(exposures)} to {max(exposures)} ms\n"
    (artifacts / "study-exposure.txt").write_text(text)

"""The page as a whole, in a real Chromium: its files, its start, its looks. test_page_*.py test its parts."""

import html.parser
import itertools
import json

import numpy as np
import pytest
import requests
from page_server import PALETTE, PHONE, SIDE, WIDE, Page, labels, quadrants, served
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from serving_process import assert_same, serving, wait_until
from starlette.routing import Mount

from pix2pix_tf.palettes import palette_of
from pix2pix_tf.serving import web_page

pytest_plugins = ["page_fixtures", "serving_exports"]

# The routes


class ScriptText(html.parser.HTMLParser):
    """Collects what stands in the element with the settings, as a browser sees it."""

    text, tags, inside = "", 0, False

    def handle_starttag(self, tag, attributes):
        self.tags += 1
        self.inside = dict(attributes).get("id") == "settings"

    def handle_data(self, data):
        self.text += data if self.inside else ""

    def handle_endtag(self, tag):
        self.inside = False


@pytest.mark.parametrize("name", ["facades", "</script><script>alert(1)</script>", "<!--<script>", "é \\ \" ' &"])
def test_name_and_palette_are_in_the_page_whatever_they_hold(name):
    palette = {"wall": [0, 48, 255], name: [1, 2, 3]}
    parsers = [ScriptText(), ScriptText()]
    card = {"palette": palette, "config": {"image_size": "256x512"}}
    for parser, arguments in zip(parsers, [(name, lambda: card), ("a", dict)], strict=True):
        with served(web_page.routes(*arguments)) as url:
            parser.feed(requests.get(url).text)
    assert json.loads(parsers[0].text) == {"model": name, "palette": palette, "size": "256x512"}
    assert json.loads(parsers[1].text) == {"model": "a", "palette": None, "size": None}
    assert parsers[0].tags == parsers[1].tags > 20


@pytest.mark.parametrize("config", [{}, {"image_size": None}])
def test_a_card_may_lack_the_training_size(config):
    parser = ScriptText()
    with served(web_page.routes("a", lambda: {"config": config})) as url:
        parser.feed(requests.get(url).text)
    assert json.loads(parser.text) == {"model": "a", "palette": None, "size": None}


def test_the_page_is_that_of_the_version_that_is_served_now():
    cards = [{"config": {"image_size": 64}}, {"config": {"image_size": 128}}]
    parsers = [ScriptText(), ScriptText()]
    with served(web_page.routes("a", lambda: cards.pop(0))) as url:
        for parser in parsers:
            parser.feed(requests.get(url).text)
    assert [json.loads(parser.text)["size"] for parser in parsers] == [64, 128]


def test_headers():
    with served(web_page.routes("a", dict)) as url:
        for path, kind in (
            ("", "text/html; charset=utf-8"),
            ("page/page.js", "text/javascript; charset=utf-8"),
            ("page/page.css", "text/css; charset=utf-8"),
        ):
            response = requests.get(f"{url}/{path}")
            assert response.status_code == 200
            assert response.headers["content-type"] == kind
            policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert policy["img-src"] == "'self' blob: data:"
            assert policy["connect-src"] == "http: https:"
            assert response.headers["cache-control"] == "no-cache"
            assert response.headers["x-content-type-options"] == "nosniff"
        unchanged = requests.get(url + "/page/page.js", headers={"If-None-Match": response.headers["etag"]})
        assert unchanged.status_code == 200  # That was the tag of another file.
        again = requests.get(url + "/page/page.css", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["cache-control"] == "no-cache"
        assert requests.get(url + "/page/none.js").status_code == 404
        assert requests.get(url + "/page/..%2fweb_page.py").status_code == 404


# Start


def test_it_starts_with_a_drawing_and_its_output(visit, model, tmp_path):
    page = visit(model)
    assert page["name"].text == "negative"
    assert page["version"].text == "version 3"
    assert page.browser.title == "negative"
    assert len(model.sent) == 1
    sent = model.sent_image()
    assert len(np.unique(labels(sent))) >= 8
    np.testing.assert_array_equal(page.pixels("canvas"), sent)
    np.testing.assert_array_equal(page.pixels("before"), sent)
    np.testing.assert_array_equal(page.pixels("after"), 255 - sent)
    size, time, name = page["facts"].text.split(" · ")
    assert (size, name) == ("256 × 256", "negative, version 3")
    assert 0 <= float(time.removesuffix(" s")) < 20
    path = page.download(tmp_path)
    assert path.name == "negative-3.png"
    assert path.read_bytes() == model.png()


def test_all_examples_have_colors_of_the_palette(visit, model):
    page = visit(model)
    for _ in range(3):
        page["example"].click()
        page.until_quiet()
    maps = [labels(model.sent_image(number)) for number in range(4)]
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(maps[:3], 2))
    np.testing.assert_array_equal(maps[0], maps[3])


def test_streets_for_cityscapes(visit, model):
    palette = palette_of("pix2pix_cityscapes")
    page = visit(model, dict(zip(palette.names, map(list, palette.colors), strict=True)))
    colors = {tuple(color) for color in model.sent_image().reshape(-1, 3).tolist()}
    assert colors < set(palette.colors)
    assert len(colors) >= 8
    assert len(page["palette"].find_elements(By.TAG_NAME, "label")) == 19


def test_without_a_palette_it_starts_with_images_and_a_black_pen(visit, model):
    page = visit(model, None)
    assert model.sent == []
    assert page["image-stage"].is_displayed()
    assert not page["canvas"].is_displayed()
    assert not page["translate"].is_enabled()
    page.radio("kind", "draw").click()
    assert page.browser.find_elements(By.ID, "example") == []
    page.drag((10, 20), (29, 39))
    page.until_quiet()
    expected = np.full((SIDE, SIDE, 3), 255)
    expected[20:40, 10:30] = 0
    np.testing.assert_array_equal(model.sent_image(), expected)


def test_a_palette_of_other_classes_starts_empty(visit, model):
    page = visit(model, {"sea": [0, 0, 200], "land": [0, 200, 0]})
    assert model.sent == []
    assert page["canvas"].is_displayed()
    page["translate"].click()
    page.until_quiet()
    assert np.unique(model.sent_image().reshape(-1, 3), axis=0).tolist() == [[0, 0, 200]]


# With the real server


@pytest.mark.slow
def test_it_shows_what_the_real_server_answers(chromium, exports, tmp_path):
    exports.publish(exports.first, tmp_path, 1)
    card_path = tmp_path / "1" / "assets.extra" / "model_card.json"
    card = json.loads(card_path.read_text())
    card_path.write_text(json.dumps(card | {"palette": PALETTE}))
    with serving(tmp_path) as server:
        page = Page(chromium, server.url)
        page.until(lambda: page["compare"].is_displayed())
        page.until_quiet()
        drawn = page.pixels("canvas")
        labels(drawn)
        assert_same(page.pixels("after"), exports.translators[0](drawn))
        assert " · pix2pix, version 1" in page["facts"].text

        page["noise"].click()
        page.until(lambda: "seed" in page["facts"].text)
        seed = [int(value) for value in page["facts"].text.rpartition("seed ")[2].split(", ")]
        assert_same(page.pixels("after"), exports.translators[0](drawn, seed=seed))

        path = tmp_path / "image.png"
        quadrants(37, 53).save(path)
        page.choose(path)
        assert_same(page.pixels("after"), exports.translators[0](np.asarray(quadrants(37, 53))))

        exports.publish(exports.second, tmp_path, 2)
        available = {"version": "2", "state": "AVAILABLE"}.items()
        status = "/v1/models/pix2pix"
        wait_until(lambda: any(available <= one.items() for one in server.get(status).json()["model_version_status"]))
        page["translate"].click()
        page.until(lambda: page["version"].text == "version 2")
        page.until_quiet()
        assert_same(page.pixels("after"), exports.translators[1](np.asarray(quadrants(37, 53))))
        assert page.errors() == []


def test_behind_a_proxy_that_puts_a_prefix_before_its_path(chromium, model):
    prefix = "/user/me/proxy/8501"
    with served(
        [Mount(prefix, routes=[*model.routes(), *web_page.routes("negative", lambda: {"palette": PALETTE})])]
    ) as url:
        for query in ("", f"?server={url}{prefix}"):
            page = Page(chromium, f"{url}{prefix}/{query}")
            page.until_quiet()
            assert page["version"].text == "version 3"
            assert not page["problem"].is_displayed()
            np.testing.assert_array_equal(page.pixels("after"), 255 - model.sent_image())
            assert page.errors() == []
        chromium.get("about:blank")


# Looks


def scheme(page, name):
    features = {"features": [{"name": "prefers-color-scheme", "value": name}]}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)


@pytest.mark.parametrize("metrics", [WIDE | {"height": 900}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("palette", [PALETTE, None], ids=["draw", "image"])
def test_it_fits_and_nothing_moves(visit, model, tmp_path, artifacts, metrics, palette):
    page = visit(model, palette, metrics=metrics)
    size = "phone" if metrics is PHONE else "desk"
    kind = "draw" if palette else "image"
    page.browser.save_screenshot(str(artifacts / f"page_{kind}_{size}_start.png"))
    places = [page[name].rect for name in ("translate", "result", "noise")]
    if not palette:
        path = tmp_path / "an_image_with_a_name_that_needs_its_space.png"
        quadrants(900, 1200).save(path)
        page.choose(path)
        assert [page[name].rect for name in ("translate", "result", "noise")] == places
    shifts = page.browser.execute_async_script(
        """
        const observer = new PerformanceObserver((list) =>
          arguments[0](list.getEntries().map(({ value }) => value)));
        observer.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => arguments[0]([]), 300);
        """
    )
    assert shifts == []
    width, height = page.browser.execute_script(
        "const { scrollWidth, scrollHeight } = document.documentElement; return [scrollWidth, scrollHeight]"
    )
    assert width == metrics["width"]
    assert metrics is PHONE or height == metrics["height"]
    for name in ("light", "dark"):
        scheme(page, name)
        page.browser.save_screenshot(str(artifacts / f"page_{kind}_{size}_{name}.png"))


def test_everything_that_can_be_used_has_a_name_and_can_be_seen_to_have_the_focus(page):
    page["server"].find_element(By.TAG_NAME, "summary").click()
    usable = page.browser.find_elements(By.CSS_SELECTOR, "button, input, a, canvas, summary")
    visible = page.browser.execute_script("return arguments[0].filter((element) => element.checkVisibility())", usable)
    names = {element.accessible_name for element in visible}
    assert "" not in names
    assert {"Drawing", "Size of the brush in pixels", "Undo", "window", "Share of the input that is shown"} <= names
    page.press(Keys.TAB)
    for _ in range(12):
        page.press(Keys.TAB)
        outlines = page.browser.execute_script(
            "const e = document.activeElement; return [e, e.parentElement, e.nextElementSibling?.firstElementChild]"
            ".map((one) => one && getComputedStyle(one).outlineStyle)"
        )
        assert "solid" in outlines


# The colors, [red, green, blue], of an element's text and of what is behind it.
COLORS_OF_TEXT = """
const element = document.querySelector(arguments[0]);
const background = (one) => getComputedStyle(one).backgroundColor;
let behind = element;
while (background(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
const colors = [getComputedStyle(element).color, background(behind)];
return colors.map((color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number));
"""


def contrast(colors):
    """The contrast ratio of two sRGB colors, as WCAG 2 defines it."""
    channels = np.array(colors) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ (0.2126, 0.7152, 0.0722))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_contrast(page, name):
    scheme(page, name)
    for selector in ("#name", "#version", "#facts", ".segments label", "#translate", "#noise", ".check", "#sentence"):
        assert contrast(page.browser.execute_script(COLORS_OF_TEXT, selector)) >= 4.5, selector

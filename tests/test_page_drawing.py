"""The page's drawing in a real Chromium: what is drawn by mouse, keys and touch is what the model is sent."""

import numpy as np
import pytest
from page_server import NAMES, PHONE, SIDE, labels
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.action_chains import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput

pytest_plugins = ["page_fixtures"]

BACKGROUND, FACADE, WINDOW, DOOR, SHOP = (
    NAMES.index(name) for name in ("background", "facade", "window", "door", "shop")
)


def expected_map(*boxes):
    """Class numbers of half-open boxes (class, left, top, right, bottom) on background."""
    numbers = np.full((SIDE, SIDE), BACKGROUND)
    for number, left, top, right, bottom in boxes:
        numbers[top:bottom, left:right] = number
    return numbers


def test_rectangles_are_sent_pixel_by_pixel(page, model):
    page.drag((10, 20), (99, 59))
    page.swatch("door").click()
    page.drag((60, 70), (40, 50))  # From the lower right to the upper left.
    page.drag((250, 250), (255, 255))
    page.until_quiet()
    boxes = (WINDOW, 10, 20, 100, 60), (DOOR, 40, 50, 61, 71), (DOOR, 250, 250, 256, 256)
    np.testing.assert_array_equal(labels(model.sent_image()), expected_map(*boxes))


def test_a_rectangle_may_end_outside_of_the_canvas(page, model):
    page.drag((200, 100), (300, 110))
    page.until_quiet()
    np.testing.assert_array_equal(labels(model.sent_image()), expected_map((WINDOW, 200, 100, 256, 111)))


def discs(points, size):
    """Where the center of a pixel is within half of `size` of a point's pixel; of its lower right corner if even."""
    y, x = np.mgrid[:SIDE, :SIDE]
    shift = 0 if size % 2 else 0.5
    return np.any([(x - px - shift) ** 2 + (y - py - shift) ** 2 <= (size / 2) ** 2 for px, py in points], axis=0)


@pytest.mark.parametrize("size", [1, 2, 7, 12, 40])
def test_the_brush_draws_discs_along_its_way(page, model, size):
    slider = page["size"]
    page.browser.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", slider, size
    )
    page.drag((30, 40), (90, 40))
    page.drag((150, 150))
    page.drag((-3, 200), (12, 200))
    page.until_quiet()
    row = [(x, 40) for x in range(30, 91)] + [(150, 150)]
    expected = np.where(discs(row, size), WINDOW, BACKGROUND)
    np.testing.assert_array_equal(labels(model.sent_image())[:190], expected[:190])


def test_a_slanted_stroke_has_no_gap_and_no_mixed_color(page, model):
    page.radio("tool", "brush").click()
    page.drag((20, 30), (220, 130))
    page.until_quiet()
    drawn = labels(model.sent_image()) == WINDOW
    middles = [(20.5 + i, 30.5 + i / 2) for i in range(201)]
    assert drawn[discs(middles, 11)].all()
    assert not drawn[~discs(middles, 13)].any()


def test_fill_stops_where_another_class_begins(page, model):
    page.drag((50, 50), (100, 100))
    page.swatch("facade").click()
    page.drag((60, 60), (90, 90))
    page.radio("tool", "fill").click()
    page.swatch("door").click()
    page.drag((52, 52))
    page.swatch("shop").click()
    page.drag((0, 128))
    page.until_quiet()
    boxes = (SHOP, 0, 0, 256, 256), (DOOR, 50, 50, 101, 101), (FACADE, 60, 60, 91, 91)
    np.testing.assert_array_equal(labels(model.sent_image()), expected_map(*boxes))


def test_undo_and_redo(page):
    states = [labels(page.pixels("canvas"))]
    for step in range(3):
        page.drag((20 * step, 10), (20 * step + 9, 30))
        states.append(labels(page.pixels("canvas")))
    page["undo"].click()
    page.with_control("z")
    np.testing.assert_array_equal(labels(page.pixels("canvas")), states[1])
    page["redo"].click()
    np.testing.assert_array_equal(labels(page.pixels("canvas")), states[2])
    page.with_control("y")
    np.testing.assert_array_equal(labels(page.pixels("canvas")), states[3])
    assert not page["redo"].is_enabled()
    page.with_control("z")
    page.drag((200, 200), (220, 220))
    assert not page["redo"].is_enabled()
    for _ in range(5):  # The three rectangles, clear, the example.
        if page["undo"].is_enabled():
            page["undo"].click()
    assert not page["undo"].is_enabled()
    assert (labels(page.pixels("canvas")) == BACKGROUND).all()


def test_what_changes_nothing_is_no_step_and_no_request(page, model):
    asked = len(model.sent)
    page["clear"].click()
    page.swatch("background").click()
    page.drag((10, 10), (50, 50))
    page.until_quiet()
    assert len(model.sent) == asked
    page["undo"].click()  # Takes back the first clearing.
    assert len(np.unique(labels(page.pixels("canvas")))) >= 8


def test_drawing_with_keys(page, model):
    page.drag((128, 128))  # From where the keys go on.
    page.with_control("z")
    keys = Keys.SPACE + Keys.ARROW_RIGHT * 2 + Keys.ARROW_DOWN + Keys.ENTER
    page.press(keys)
    page.until_quiet()
    np.testing.assert_array_equal(labels(model.sent_image()), expected_map((WINDOW, 128, 128, 145, 137)))
    assert page["place"].get_attribute("textContent") == "column 144, row 136: window"
    ActionChains(page.browser, 0).key_down(Keys.SHIFT).send_keys(Keys.ARROW_LEFT).key_up(Keys.SHIFT).perform()
    assert page["place"].get_attribute("textContent").startswith("column 143, row 136")
    page.press(Keys.ARROW_UP * 40 + Keys.SPACE + Keys.ARROW_LEFT + Keys.ESCAPE)
    np.testing.assert_array_equal(labels(page.pixels("canvas")), expected_map((WINDOW, 128, 128, 145, 137)))
    page.radio("tool", "fill").click()
    page.browser.execute_script("arguments[0].focus()", page["canvas"])
    page.press(Keys.SPACE)
    assert (labels(page.pixels("canvas")) == WINDOW).all()


def test_drawing_by_touch(visit, model):
    page = visit(model, metrics=PHONE)
    page["clear"].click()
    finger = ActionBuilder(page.browser, mouse=PointerInput(POINTER_TOUCH, "finger"), duration=0)
    finger.pointer_action.move_to(page["canvas"], *page.offset((40, 40))).pointer_down()
    finger.pointer_action.move_to(page["canvas"], *page.offset((80, 120))).pointer_up()
    finger.perform()
    page.until_quiet()
    number = labels(model.sent_image())
    rows, columns = np.nonzero(number == WINDOW)
    np.testing.assert_allclose([columns.min(), rows.min(), columns.max(), rows.max()], [40, 40, 80, 120], atol=1)
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert page.browser.execute_script("return scrollY") == 0


def test_it_asks_while_one_draws_only_if_so_wished(page, model):
    page["live"].click()
    before = len(model.sent)
    page.drag((10, 10), (50, 50))
    page.until_quiet()
    assert len(model.sent) == before
    page["translate"].click()
    page.until_quiet()
    assert len(model.sent) == before + 1
    np.testing.assert_array_equal(labels(model.sent_image()), expected_map((WINDOW, 10, 10, 51, 51)))


def test_leaving_the_drawing_drops_its_request(page, model):
    asked = len(model.sent)
    chain = ActionChains(page.browser, duration=0)
    chain.move_to_element(page["canvas"]).click().move_to_element(page.radio("kind", "image")).click().perform()
    page.until_quiet()
    assert len(model.sent) == asked
    assert not page["problem"].is_displayed()

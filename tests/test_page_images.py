"""Images that a visitor chooses, drops or pastes on the page, in a real Chromium: what of them the model is sent."""

import io

import numpy as np
import pytest
from page_server import SIDE, quadrants
from PIL import Image

from pix2pix_tf.images import read_image

pytest_plugins = ["page_fixtures"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_sent_upright(visit, model, tmp_path, orientation):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    quadrants().save(path, exif=exif, quality=95, subsampling=0)
    page = visit(model, None)
    page.choose(path)
    expected = read_image(str(path)).astype(int)
    assert expected.shape == ((64, 32, 3) if orientation >= 5 else (32, 64, 3))
    np.testing.assert_allclose(model.sent_image(), expected, atol=3)
    np.testing.assert_array_equal(page.pixels("after"), 255 - model.sent_image())


def clear_image():
    gradient = np.tile(np.arange(64, dtype=np.uint8) * 4, (32, 1))[..., None]
    return Image.fromarray(np.concatenate([quadrants(), gradient], axis=-1))


@pytest.mark.parametrize(
    ("name", "image", "options"),
    [
        ("rgb.png", quadrants(), {}),
        ("palette.png", quadrants().quantize(4), {}),
        ("gray.png", quadrants().convert("L"), {}),
        ("bilevel.png", quadrants().convert("1"), {}),
        ("animated.gif", quadrants().quantize(4), {"save_all": True, "append_images": [Image.new("P", (64, 32))]}),
        ("image.bmp", quadrants(), {}),
        ("lossless.webp", quadrants(), {"lossless": True}),
        ("clear.png", clear_image(), {}),
        ("clear.webp", clear_image(), {"lossless": True, "exact": True}),
        ("one.png", Image.new("RGB", (1, 1), (1, 2, 3)), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_images_are_sent_as_they_are_on_white(visit, model, tmp_path, name, image, options):
    path = tmp_path / name
    image.save(path, **options)
    page = visit(model, None)
    page.choose(path)
    np.testing.assert_allclose(model.sent_image(), read_image(str(path)).astype(int), atol=1 if "clear" in name else 0)
    assert page["image-size"].text == f"{image.width} × {image.height} pixels"


@pytest.mark.parametrize(
    ("scale", "shape"), [("512x256", (256, 512, 3)), ("256", (256, 341, 3)), ("1024", (768, 1024, 3))]
)
def test_the_size_that_is_sent_may_be_chosen(visit, model, tmp_path, scale, shape):
    path = tmp_path / "photo.png"
    quadrants(300, 400).save(path)
    page = visit(model, None)
    options = page["scale"].find_elements("tag name", "option")
    assert [option.get_attribute("value") for option in options] == ["own", "512x256", "256", "512", "1024"]
    page.choose(path)
    assert model.sent_image().shape == (300, 400, 3)
    next(option for option in options if option.get_attribute("value") == scale).click()
    page.until_quiet()
    assert model.sent_image().shape == shape
    assert page["image-size"].text == f"400 × 300 pixels, scaled to {shape[1]} × {shape[0]}"


def test_a_large_image_is_scaled_down_and_that_is_said(visit, model, tmp_path):
    path = tmp_path / "large.png"
    quadrants(600, 2048).save(path)
    page = visit(model, None)
    page.choose(path)
    assert page["image-facts"].text == "large.png\n2048 × 600 pixels, scaled to 1024 × 300"
    sent = model.sent_image()
    assert sent.shape == (300, 1024, 3)
    np.testing.assert_array_equal(sent[10:140, 10:500], np.broadcast_to((200, 30, 30), (130, 490, 3)))
    np.testing.assert_array_equal(sent[160:290, 520:1010], np.broadcast_to((240, 240, 40), (130, 490, 3)))


@pytest.mark.parametrize("name", ["scan.tiff", "notes.png", "empty.jpg"])
def test_what_the_browser_cannot_read_is_said(visit, model, tmp_path, name):
    path = tmp_path / name
    path.write_bytes({"notes.png": b"not an image", "empty.jpg": b""}.get(name, b""))
    if name == "scan.tiff":
        quadrants().save(path)
    page = visit(model, None)
    page.choose(path)
    assert page.until_problem() == (
        f"{name} is no image that this browser can read. Save it as PNG or JPEG and try again."
    )
    assert model.sent == []
    good = tmp_path / "good.png"
    quadrants().save(good)
    page.choose(good)
    assert not page["problem"].is_displayed()
    np.testing.assert_array_equal(model.sent_image(), quadrants())


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_images_may_be_dropped_and_pasted(visit, model, way):
    page = visit(model)
    png = io.BytesIO()
    quadrants().save(png, "PNG")
    page.browser.execute_script(
        """
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(arguments[0])], "handed.png", { type: "image/png" }));
        const options = { dataTransfer: data, clipboardData: data, bubbles: true, cancelable: true };
        const event = arguments[1] === "drop" ? new DragEvent("drop", options) : new ClipboardEvent("paste", options);
        document.body.dispatchEvent(event);
        if (arguments[1] === "drop" && !event.defaultPrevented) throw new Error("The browser would open the file.");
        """,
        list(png.getvalue()),
        way,
    )
    page.until_quiet()
    np.testing.assert_array_equal(model.sent_image(), quadrants())
    assert page["image-facts"].text == "handed.png\n64 × 32 pixels"
    assert page["image-stage"].is_displayed()
    page.radio("kind", "draw").click()
    page["translate"].click()
    page.until_quiet()
    assert model.sent_image().shape == (SIDE, SIDE, 3)

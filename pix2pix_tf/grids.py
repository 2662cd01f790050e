"""Images beside each other under titles, for people to compare."""

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from pix2pix_tf import images

GRID_ROWS = 4


def sample_grid(rows, columns=("input", "output", "target"), bars=()) -> np.ndarray:
    """Rows of images, float RGB [H, W, 3] in [-1, 1], under column titles → uint8 [H', W', 3].

    `bars` has for each column (low, high), what black and white stand for, or None; below stands a bar that says so.
    """
    gap, header = 4, 18
    height, width, _ = rows[0][0].shape
    below = header + len(rows) * (height + gap)
    footer = 2 * header if any(bars) else -gap
    canvas = Image.new("RGB", (len(columns) * (width + gap) - gap, below + footer), "white")
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(columns):
        left = column * (width + gap)
        draw.text((left + width // 2, header // 2), title, fill="black", anchor="mm", font=_font(title, width))
        for row, row_images in enumerate(rows):
            cell = Image.fromarray(images.to_uint8(row_images[column]).numpy())
            canvas.paste(cell, (left, header + row * (height + gap)))
    for column, limits in enumerate(bars):
        if limits:
            left = column * (width + gap)
            shades = np.linspace(0, 255, width).round().astype(np.uint8)
            canvas.paste(Image.fromarray(np.tile(shades, (header - gap, 1))), (left, below))
            text = " – ".join(f"{limit:g}" for limit in limits)
            draw.text((left + width // 2, below + 3 * header // 2), text, "black", _font(text, width), "mm")
    return np.asarray(canvas)


def _font(title, width):
    """The largest of a few sizes in which a title is no wider than its column; the smallest, if none is."""
    path = font_manager.findfont("DejaVu Sans")  # Comes with matplotlib; Pillow's own has no × and no –.
    fonts = [ImageFont.truetype(path, size) for size in (10, 9, 8, 7)]
    return next((font for font in fonts if font.getlength(title) <= width), fonts[-1])

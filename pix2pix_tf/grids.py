"""Images beside each other under titles, for people to compare."""

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from pix2pix_tf import images

GRID_ROWS = 4


def sample_grid(rows, columns=("input", "output", "target")) -> np.ndarray:
    """Rows of images, float RGB [H, W, 3] in [-1, 1], under column titles → uint8 [H', W', 3]."""
    gap, header = 4, 18
    height, width, _ = rows[0][0].shape
    canvas = Image.new("RGB", (len(columns) * (width + gap) - gap, header + len(rows) * (height + gap) - gap), "white")
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(columns):
        left = column * (width + gap)
        draw.text((left + width // 2, header // 2), title, fill="black", anchor="mm", font=_font(title, width))
        for row, row_images in enumerate(rows):
            cell = Image.fromarray(images.to_uint8(row_images[column]).numpy())
            canvas.paste(cell, (left, header + row * (height + gap)))
    return np.asarray(canvas)


def _font(title, width):
    """The largest of a few sizes in which a title is no wider than its column; the smallest, if none is."""
    path = font_manager.findfont("DejaVu Sans")  # Comes with matplotlib; Pillow's own has no × and no –.
    fonts = [ImageFont.truetype(path, size) for size in (10, 9, 8, 7)]
    return next((font for font in fonts if font.getlength(title) <= width), fonts[-1])

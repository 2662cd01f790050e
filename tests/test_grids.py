"""Sample grids: where images and titles stand."""

import numpy as np
import tensorflow as tf

from pix2pix_tf.grids import sample_grid


def gray(value):
    """An image of 24x80 whose 8-bit value is `value`."""
    return tf.fill([24, 80, 3], value / 127.5 - 1)


def test_images_stand_where_the_titles_say():
    values = [[10, 20, 30], [40, 50, 60]]
    grid = sample_grid([[gray(value) for value in row] for row in values]).copy()
    assert (grid.dtype, grid.shape) == (np.uint8, (18 + 2 * 28 - 4, 3 * 84 - 4, 3))
    for row, row_values in enumerate(values):
        for column, value in enumerate(row_values):
            top, left = 18 + 28 * row, 84 * column
            assert np.all(grid[top : top + 24, left : left + 80] == value)
            grid[top : top + 24, left : left + 80] = 255
    for column, title in enumerate(("input", "output", "target")):
        alone = sample_grid([[gray(0)]], columns=(title,))
        np.testing.assert_array_equal(grid[:18, 84 * column : 84 * column + 80], alone[:18])
        assert grid[:18, 84 * column : 84 * column + 80].min() < 100
    assert np.all(grid[18:] == 255)  # Nothing else is on the canvas.


def test_titles_have_signs_beyond_ascii():
    times, dash = (sample_grid([[gray(0)]], columns=(sign,))[:18] for sign in "×–")
    assert np.any(times != dash)  # And not the same box in place of both.


def test_long_titles_get_smaller_letters_and_stay_in_their_columns():
    title = "a title that is rather long"  # At 10 points, wider than the 80 pixels of a column.
    grid = sample_grid([[gray(0)] * 3], columns=("", title, ""))
    assert np.all(grid[:18, :80] == 255) and np.all(grid[:18, 168:] == 255)
    assert grid[:18, 84:164].min() < 150


def test_values_beyond_the_range_are_clipped():
    grid = sample_grid([[gray(-50), gray(0), gray(300)]])
    assert [grid[30, 84 * column + 40, 0] for column in range(3)] == [0, 0, 255]


def test_a_bar_below_says_what_black_and_white_stand_for():
    images = [[gray(10), gray(20), gray(30)]]
    grid = sample_grid(images, bars=(None, (0, 65535), None))
    assert grid.shape[0] == 18 + 28 + 36
    np.testing.assert_array_equal(grid[:42], sample_grid(images)[:42])
    bar = grid[46:60, 84:164]
    assert np.all(bar == bar[:1]) and bar[0, :, 0].tolist() == np.linspace(0, 255, 80).round().tolist()
    assert grid[60:, 84:164].min() < 100
    assert np.all(grid[46:, :80] == 255) and np.all(grid[46:, 168:] == 255)

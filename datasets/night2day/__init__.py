"""night2day: places by day and by night, as the authors of pix2pix distribute them."""

"""facades: facades and their label maps, as the authors of pix2pix distribute them."""

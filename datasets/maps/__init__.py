"""maps: aerial photographs and Google Maps, as the authors of pix2pix distribute them."""

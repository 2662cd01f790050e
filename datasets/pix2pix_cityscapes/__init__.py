"""pix2pix_cityscapes: street scenes and their label maps, as the authors of pix2pix distribute them."""

"""edges2handbags: handbags and their edges, as the authors of pix2pix distribute them."""

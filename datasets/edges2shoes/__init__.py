"""edges2shoes: shoes and their edges, as the authors of pix2pix distribute them."""

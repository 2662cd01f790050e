"""victorian400: illustrations of the 19th century, in gray and in color."""

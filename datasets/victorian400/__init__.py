"""victorian400: illustrations of the 19th century, in grey and in colour."""

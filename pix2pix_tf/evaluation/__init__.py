"""Measuring a trained generator, as in the paper (section 4): `evaluate.evaluate` gives all numbers of a run."""

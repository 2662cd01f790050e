"""Measuring a trained generator, as in the paper (section 4): `report.evaluate` gives all numbers of a run."""

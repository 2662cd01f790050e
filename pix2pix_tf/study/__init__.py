"""The perceptual study with people (paper, section 4.1): which of two images is the fake?"""

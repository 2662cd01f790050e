"""Weights of the widely used PyTorch port, junyanz/pytorch-CycleGAN-and-pix2pix: read into a run, written from one.

"The port" is that project throughout this package.
"""

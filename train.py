"""Trains pix2pix, or resumes a run: python train.py --help lists the flags."""

from pix2pix_tf.tools.train import command

if __name__ == "__main__":
    command()

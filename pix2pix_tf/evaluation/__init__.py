"""Measuring a trained generator, as in the paper (section 4)."""

from pix2pix_tf.evaluation.report import evaluate

__all__ = ["evaluate"]

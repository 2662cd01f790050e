"""pix2pix (Isola et al., CVPR 2017) in TensorFlow and Keras.

`Config` and `UserError` import no TensorFlow; the other names bring it in when first used.
"""

import importlib
import os

# TensorFlow's start-up chatter, which no user can act on, is decided before its first import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

_HOME = {
    "Config": "config",
    "UserError": "errors",
    "build_generator": "networks.generator",
    "build_discriminator": "networks.discriminator",
    "Translator": "inference",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)

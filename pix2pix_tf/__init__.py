"""pix2pix (Isola et al., CVPR 2017) in TensorFlow and Keras.

`Config` and `UserError` import no TensorFlow; the other names bring it in when first used.
"""

import contextlib
import importlib
import os
from pathlib import Path

# TensorFlow and Keras read these when they are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Start-up chatter that no user can act on.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # Leaves memory of the GPU to others; see --memory_growth.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow leaves oneDNN off where a CPU has AVX2 alone; a training step is 13 to 15 % faster with it there.
with contextlib.suppress(OSError):
    if " avx2 " in Path("/proc/cpuinfo").read_text():
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"

_HOME = {
    "Config": "config",
    "UserError": "errors",
    "build_generator": "networks.generator",
    "build_discriminator": "networks.discriminator",
    "Translator": "inference",
    "load_generator": "inference",
    "train": "training.loop",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in ("Config", "UserError"):
        importlib.import_module(f"{__name__}.utils.quiet_start").start_tensorflow_quietly()
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)

"""The device that computes, in a line for people, and a warning where a GPU stands idle."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

from pix2pix_tf.utils.console import log, warn

_REASON = 'import tensorflow as tf; tf.config.list_physical_devices("GPU")'


def announce() -> None:
    """Says which device computes; warns of an NVIDIA card that TensorFlow does not use, unless it is hidden from it."""
    log(describe())
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if not hidden and not tf.config.list_physical_devices("GPU") and has_nvidia_card():
        warn(
            f"this machine has an NVIDIA card that TensorFlow does not use{_reason()}; "
            'pip install "pix2pix_tf[gpu]" brings the CUDA libraries.'
        )


def describe() -> str:
    """`GPU: NVIDIA A10G, 22 GB, compute 8.6`, or `CPU: 2 cores, AVX-512, bfloat16`."""
    gpus = tf.config.list_physical_devices("GPU")
    return "; ".join(f"GPU: {_gpu(gpu)}" for gpu in gpus) if gpus else f"CPU: {_cpu()}"


def has_nvidia_card() -> bool:
    """Whether the system knows of an NVIDIA card, usable or not."""
    return bool(glob.glob("/proc/driver/nvidia/gpus/*")) or _nvidia_smi("name") != []


def _gpu(gpu):
    details = tf.config.experimental.get_device_details(gpu)
    memory = set(_nvidia_smi("memory.total"))
    parts = [details.get("device_name", "of an unknown kind")]
    if len(memory) == 1 and (size := memory.pop()).isdecimal():  # CUDA may number different cards otherwise.
        parts.append(f"{int(size) / 1024:.0f} GB")
    if "compute_capability" in details:
        parts.append("compute " + ".".join(map(str, details["compute_capability"])))
    return ", ".join(parts)


def _cpu():
    flags = set(Path("/proc/cpuinfo").read_text().split()) if os.path.exists("/proc/cpuinfo") else set()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{cores} core{'s' if cores != 1 else ''}"]
    parts += ["AVX-512"] if "avx512f" in flags else ["AVX2"] if "avx2" in flags else []
    parts += ["bfloat16"] if flags & {"avx512_bf16", "amx_bf16"} else []
    return ", ".join(parts)


def _nvidia_smi(what):
    """One line a card of what nvidia-smi is asked; [] where there is none or it fails."""
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def _reason():
    """What TensorFlow itself says on CUDA, ` (…)`, from a process in which it is not silenced; or nothing."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"}
    done = subprocess.run([sys.executable, "-c", _REASON], env=environment, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if any(word in line for word in ("dlopen", "cuInit", "CUDA"))]
    return f" ({lines[-1].rpartition('] ')[2].strip()[:200]})" if lines else ""

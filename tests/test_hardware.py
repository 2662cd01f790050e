"""The line on the device, and the warning where a card stands idle."""

import subprocess
import types

import pytest
import tensorflow as tf

from pix2pix_tf import hardware


@pytest.fixture
def card(monkeypatch):
    """A machine with an NVIDIA card that TensorFlow does not use."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(hardware.glob, "glob", lambda pattern: ["/proc/driver/nvidia/gpus/0000:00:1e.0"])


def test_the_cpu_is_described(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(hardware.os, "sched_getaffinity", lambda _: {0, 1})
    for flags, described in (
        ("flags : fpu avx2 avx512f avx512_bf16", "CPU: 2 cores, AVX-512, bfloat16"),
        ("flags : fpu avx2", "CPU: 2 cores, AVX2"),
        ("flags : fpu", "CPU: 2 cores"),
    ):
        monkeypatch.setattr(hardware.Path, "read_text", lambda _, flags=flags: flags)
        assert hardware.describe() == described


def test_the_gpu_is_described(monkeypatch):
    gpu = types.SimpleNamespace(name="/physical_device:GPU:1")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [gpu])
    details = {"device_name": "Tesla T4", "compute_capability": (7, 5)}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    monkeypatch.setattr(hardware, "_nvidia_smi", lambda what: ["15360", "15360"])
    assert hardware.describe() == "GPU: Tesla T4, 15 GB, compute 7.5"
    for unknown in ([], ["40960", "15360"]):
        monkeypatch.setattr(hardware, "_nvidia_smi", lambda what, memory=unknown: memory)
        assert hardware.describe() == "GPU: Tesla T4, compute 7.5"


def test_a_card_that_is_not_used_is_a_warning_with_the_reason_and_the_command(card, monkeypatch, capsys):
    line = "W0000 00:00:1 gpu_device.cc:2342] Cannot dlopen some GPU libraries. Please make sure"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: types.SimpleNamespace(stderr=f"{line}\n", returncode=0))
    hardware.announce()
    output, errors = capsys.readouterr()
    assert output.startswith("CPU: ")
    assert errors == (
        "warning: this machine has an NVIDIA card that TensorFlow does not use (Cannot dlopen some GPU libraries. "
        'Please make sure); pip install "pix2pix_tf[gpu]" brings the CUDA libraries.\n'
    )


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_card_that_is_hidden_on_purpose_gets_no_warning(hidden, card, monkeypatch, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    hardware.announce()
    assert capsys.readouterr().err == ""


def test_a_machine_without_a_card_gets_no_warning(monkeypatch, capsys):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(hardware, "has_nvidia_card", lambda: False)
    hardware.announce()
    assert capsys.readouterr().err == ""

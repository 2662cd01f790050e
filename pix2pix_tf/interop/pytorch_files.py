"""PyTorch files of tensors ↔ NumPy arrays by name. The only module that needs PyTorch."""

import io
import os
import re
import warnings
import zipfile

import numpy as np

from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import write_bytes

_WANTED = "give the state dict of one network, such as the port's latest_net_G.pth"


def read_tensors(path) -> dict[str, np.ndarray]:
    """The tensors of a .pth file, in the present or the old format, as float32, under their names without `module.`.

    Nothing in the file is executed: PyTorch refuses all that is not a tensor or a plain container (`weights_only`).

    Raises:
      UserError: PyTorch or the file is missing, or the file is damaged, unsafe, or holds something else.
    """
    torch = _torch()
    try:
        with open(path, "rb") as file:
            state, tensors = _load(torch, file, path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {_WANTED}.") from None
    if not tensors:
        raise UserError(f"{path} holds {_described(state)}, not tensors by name; {_WANTED}.")
    # DataParallel puts `module.` before every name.
    return {name.removeprefix("module."): value for name, value in tensors.items()}


def write_tensors(tensors: dict[str, np.ndarray], path) -> None:
    """Writes a state dict, whole or not at all; UserError if it cannot be written."""
    torch = _torch()
    content = io.BytesIO()  # Where the disk is full, torch's own writer ends with an error of another kind.
    torch.save({name: torch.from_numpy(np.array(value, order="C")) for name, value in tensors.items()}, content)
    write_bytes(path, content.getbuffer())


def _torch():
    try:
        import torch
    except ImportError:
        raise UserError(
            "This needs PyTorch, which is not installed; "
            "pip install torch --index-url https://download.pytorch.org/whl/cpu brings the build for CPUs."
        ) from None
    return torch


def _load(torch, file, path):
    """(what the file holds, {name: float32 array}); no arrays if it holds anything but tensors by name."""
    try:
        size = os.fstat(file.fileno()).st_size
        _check_no_more_than(size, _bytes_in_archive(file), path)
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
            return state, {}
        _check_no_more_than(size, sum(value.numel() * value.element_size() for value in state.values()), path)
        return state, {str(name): _float32(torch, value, f"{path} has {name}") for name, value in state.items()}
    except UserError:
        raise
    except Exception as error:  # Where the unpickler stumbles over a damaged file, and how, is up to the damage.
        if forbidden := re.search(r"GLOBAL (\S+)", str(error)):
            raise UserError(
                f"{path} holds a Python object ({forbidden[1]}), not only tensors; it was not loaded, as it could "
                f"run code: {_WANTED}."
            ) from None
        raise UserError(f"{path} is no PyTorch file of tensors, or it is damaged; {_WANTED}.") from None


def _bytes_in_archive(file):
    """What a zip archive, which the present format is, unpacks to; 0 for another file. PyTorch compresses nothing."""
    infos = zipfile.ZipFile(file).infolist() if zipfile.is_zipfile(file) else []
    file.seek(0)
    return sum(info.file_size for info in infos)


def _check_no_more_than(size, held, path):
    if held > size:
        raise UserError(f"{path} has {size} bytes, but would unpack to {held}; {_WANTED}.")


def _float32(torch, tensor, subject):
    """A tensor → float32 array; refuses what would not come out as it is. Batch norm counts its batches in int64."""
    if not tensor.is_floating_point() and not (tensor.ndim == 0 and tensor.dtype == torch.int64):
        raise UserError(f"{subject} of type {tensor.dtype}, where weights are floating point numbers; {_WANTED}.")
    converted = tensor.detach().to(torch.float32)
    if not torch.isfinite(converted).all():
        raise UserError(f"{subject} with NaN, Inf or values beyond float32; give the file of an earlier epoch.")
    return converted.numpy()


def _described(state):
    if not isinstance(state, dict):
        return f"an object of type {type(state).__name__}"
    keys = [str(key) for key in state]
    return f"a dict of {', '.join(keys[:5])}{', …' if len(keys) > 5 else ''}" if keys else "nothing"

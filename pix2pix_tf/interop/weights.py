"""The port's tensors ↔ the variables of a network here.

Both frameworks correlate and neither flips a kernel, so kernels differ in the order of their axes only, and in one
more thing: where a skip joins the decoder, the port puts the skip's channels first, and this project puts them last.
"""

import numpy as np

from pix2pix_tf.errors import UserError
from pix2pix_tf.interop import weight_names


def fill(network, modules: list[weight_names.Module], norm: str, tensors: dict, path: str) -> list[str]:
    """Gives a network the values of the port's tensors.

    What the port lacks becomes neutral: with instance norm the scale 1 and the shift 0, without norm the bias 0.

    All `tensors`, {name: array}, must have their place among the network's `modules` in the port; `path` is the file
    that they come from. Returns the names of the biases that are dropped because an instance norm cancels them.

    Raises:
      UserError: a tensor is missing, superfluous, or of another shape.
    """
    variables = _variables(network)
    names = weight_names.parameters(modules, norm)
    if missing := sorted(names.keys() - tensors.keys()):
        raise UserError(f"{path} lacks {missing[0]}, which the port has with {norm} norm; the file is incomplete.")
    if unknown := sorted(tensors.keys() - names.keys() - weight_names.statistics(modules, norm).keys()):
        raise UserError(f"{path} has a tensor {unknown[0]}, for which the port's network has no place.")
    for variable in variables.values():
        variable.assign(_neutral(variable))
    for name, variable_name in names.items():
        if variable_name in variables:
            variable = variables[variable_name]
            value = _ours(variable_name, tensors[name])
            if value.shape != tuple(variable.shape):
                expected = _theirs(variable_name, np.empty(variable.shape)).shape
                raise UserError(f"{path} has {name} of shape {tensors[name].shape}, where the port has {expected}.")
            variable.assign(value)
    return [name for name, variable_name in names.items() if variable_name not in variables]


def tensors_of(network, modules: list[weight_names.Module], norm: str, path: str) -> dict[str, np.ndarray]:
    """The inverse of `fill`: all tensors of the port's network, {name: array}.

    What only the port has is written at its default: cancelled biases 0, moving averages 0 and 1.

    Raises:
      UserError: the network, of the run `path`, has values that the port has no place for.
    """
    variables = _variables(network)
    names = weight_names.parameters(modules, norm)
    for name in variables.keys() - set(names.values()):
        if not np.array_equal(variables[name], _neutral(variables[name])):
            raise UserError(
                f"{path} has values of its own in {name}, for which the port has no place with {norm} norm; "
                "only runs with batch norm can be exported after training."
            )
    tensors = {}
    for name, variable_name in names.items():
        if variable_name in variables:
            tensors[name] = _theirs(variable_name, variables[variable_name].numpy())
        else:  # A bias that an instance norm cancels.
            kernel = tensors[name.removesuffix(".bias") + ".weight"]
            tensors[name] = np.zeros(kernel.shape[1 if _is_transposed(variable_name) else 0], np.float32)
    if norm == "batch":
        for name, gamma in weight_names.statistics(modules, norm).items():
            shape = variables[gamma].shape
            tensors[name] = {
                "running_mean": np.zeros(shape, np.float32),
                "running_var": np.ones(shape, np.float32),
                "num_batches_tracked": np.array(0),
            }[name.rpartition(".")[2]]
    return tensors


def _variables(network):
    return {variable.path: variable for variable in network.weights}


def _neutral(variable):
    return np.ones(variable.shape) if variable.path.endswith("/gamma") else np.zeros(variable.shape)


def _ours(name, value):
    """The port's [out, in, height, width] → [height, width, in, out]; in and out change places if transposed."""
    return _skip_moved(name, value.transpose(2, 3, 1, 0)) if value.ndim == 4 else value


def _theirs(name, value):
    """The inverse of `_ours`."""
    return _skip_moved(name, value).transpose(3, 2, 0, 1) if value.ndim == 4 else value


def _skip_moved(name, kernel):
    """Exchanges the halves of a kernel's input channels, decoder and skip, if there is a skip."""
    joins = name.startswith(("up", "output")) and not name.startswith("up1_")
    return np.roll(kernel, kernel.shape[-1] // 2, axis=-1) if joins else kernel


def _is_transposed(name):
    return name.startswith(("up", "output", "double"))

"""PyTorch files: what is read, and that nothing but tensors is, in the old format and the new one."""

import os
import pickle
import sys
import zipfile

import numpy as np
import pytest
import pytorch_networks as reference
from pytorch_networks import randomized, save, torch

from pix2pix_tf import UserError
from pix2pix_tf.interop import pytorch_files

FORMATS = {"new": True, "old": False}


@pytest.fixture(params=FORMATS)
def options(request):
    """The arguments of torch.save for each of its formats."""
    return {"_use_new_zipfile_serialization": FORMATS[request.param]}


class Attack:
    """What a pickle can run when it is loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def refusal(path):
    with pytest.raises(UserError) as error:
        pytorch_files.read_tensors(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_tensors_are_read_in_both_formats_and_both_layouts(tmp_path, options, prefix):
    state = randomized(reference.UNet()).state_dict()
    path = save({prefix + name: value for name, value in state.items()}, tmp_path / "G.pth", **options)
    tensors = pytorch_files.read_tensors(path)
    assert tensors.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(tensors[name], value.numpy())


def test_parameters_and_other_precisions_are_read(tmp_path):
    content = {"a": torch.nn.Parameter(torch.ones(2)), "b": torch.full([2], 0.5, dtype=torch.bfloat16)}
    tensors = pytorch_files.read_tensors(save(content, tmp_path / "G.pth"))
    assert {name: (value.dtype, value.tolist()) for name, value in tensors.items()} == {
        "a": (np.float32, [1, 1]),
        "b": (np.float32, [0.5, 0.5]),
    }


def test_what_is_written_is_read_again_and_is_in_the_new_format(tmp_path):
    path = str(tmp_path / "G.pth")
    tensors = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T, "n": np.array(0)}
    pytorch_files.write_tensors(tensors, path)
    assert os.listdir(tmp_path) == ["G.pth"]
    assert zipfile.is_zipfile(path)
    state = torch.load(path, weights_only=True)
    assert state["n"].dtype == torch.int64
    for name, value in tensors.items():
        np.testing.assert_array_equal(state[name].numpy(), value)


@pytest.mark.parametrize("where", ["a tensor's place", "the state dict's place"])
def test_nothing_in_a_malicious_file_runs(tmp_path, options, where):
    proof = tmp_path / "proof"
    attack = Attack(proof)
    path = save({"model.model.0.weight": attack} if where == "a tensor's place" else attack, tmp_path / "x", **options)
    assert refusal(path) == (
        f"{path} holds a Python object (posix.mkdir), not only tensors; it was not loaded, as it could run code: "
        "give the state dict of one network, such as the port's latest_net_G.pth."
    )
    assert not proof.exists()
    torch.load(path, weights_only=False)
    assert proof.exists()  # The attack is a real one.


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_malicious_bare_pickle_runs(tmp_path, protocol):
    path = tmp_path / "G.pth"
    path.write_bytes(pickle.dumps(Attack(tmp_path / "proof"), protocol))
    assert refusal(str(path))
    assert not (tmp_path / "proof").exists()


def test_a_whole_module_is_refused(tmp_path, options):
    torch.save(torch.nn.Conv2d(1, 1, 1), tmp_path / "G.pth", **options)
    assert "holds a Python object (torch.nn.modules.conv.Conv2d), not only tensors" in refusal(str(tmp_path / "G.pth"))


@pytest.mark.parametrize(
    ("content", "described"),
    [
        ({"epoch": 3, "state_dict": {}, "optimizer": {}}, "a dict of epoch, state_dict, optimizer"),
        (dict.fromkeys("abcdef", 0), "a dict of a, b, c, d, e, …"),
        ([1, 2], "an object of type list"),
        (torch.zeros(3), "an object of type Tensor"),
        ({}, "nothing"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, described):
    torch.save(content, tmp_path / "G.pth")
    assert f"G.pth holds {described}, not tensors by name; give the state dict" in refusal(str(tmp_path / "G.pth"))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, options, share):
    path = tmp_path / "G.pth"
    save(randomized(reference.UNet()), path, **options)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert refusal(str(path)).startswith(f"{path} is no PyTorch file of tensors, or it is damaged; give")


def test_a_text_file_a_folder_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "G.pth").write_text("weights\n" * 100)
    assert "is no PyTorch file of tensors, or it is damaged" in refusal(str(tmp_path / "G.pth"))
    assert refusal(str(tmp_path)).startswith(f"{tmp_path} cannot be read (Is a directory); give")
    assert refusal("none.pth").startswith("none.pth cannot be read (No such file or directory); give")


def test_without_pytorch_it_is_named_and_how_to_get_it(tmp_path, monkeypatch):
    path = save(reference.UNet(), tmp_path / "G.pth")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refusal(path) == (
        "This needs PyTorch, which is not installed; pip install torch --index-url "
        "https://download.pytorch.org/whl/cpu brings the build for CPUs."
    )


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.ones(2, dtype=torch.complex64), "of type torch.complex64, where weights are floating point numbers"),
        (torch.ones(2, dtype=torch.int64), "of type torch.int64, where weights are floating point numbers"),
    ],
)
def test_a_tensor_that_would_not_come_out_as_it_is_is_refused(tmp_path, tensor, reason):
    path = save({"model.model.0.weight": tensor}, tmp_path / "G.pth")
    assert refusal(path) == (
        f"{path} has model.model.0.weight {reason}; give the state dict of one network, such as the port's "
        "latest_net_G.pth."
    )


@pytest.mark.parametrize("value", [torch.nan, -torch.inf, 1e39])
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    path = save({"bias": torch.tensor([1.0, value], dtype=torch.float64)}, tmp_path / "G.pth")
    assert refusal(path) == (
        f"{path} has bias with NaN, Inf or values beyond float32; give the file of an earlier epoch."
    )


@pytest.mark.parametrize(
    "state",
    [
        {"a": torch.ones(1).expand(1_000_000)},
        dict.fromkeys(map(str, range(9)), torch.ones(10_000)),  # of one storage
        {"a": torch.ones(1000).as_strided((1000, 1000), (1, 0))},
    ],
)
def test_a_small_file_does_not_become_much(tmp_path, options, state):
    path = save(state, tmp_path / "G.pth", **options)
    held = sum(value.numel() * 4 for value in state.values())
    assert refusal(path).startswith(f"{path} has {os.path.getsize(path)} bytes, but would unpack to {held}; give the ")


def test_a_compressed_archive_is_refused_before_it_is_unpacked(tmp_path):
    with (
        zipfile.ZipFile(save({"a": torch.zeros(10**6)}, tmp_path / "G.pth")) as stored,
        zipfile.ZipFile(tmp_path / "small.pth", "w", zipfile.ZIP_DEFLATED) as small,
    ):
        for info in stored.infolist():
            small.writestr(info.filename, stored.read(info))
    assert "bytes, but would unpack to 4000" in refusal(tmp_path / "small.pth")


def test_float64_and_float16_within_float32_are_taken(tmp_path):
    state = {"a": torch.tensor([0.5, -3e38], dtype=torch.float64), "b": torch.tensor([0.5], dtype=torch.float16)}
    tensors = pytorch_files.read_tensors(save(state, tmp_path / "G.pth"))
    np.testing.assert_array_equal(tensors["a"], np.float32([0.5, -3e38]))
    np.testing.assert_array_equal(tensors["b"], np.float32([0.5]))

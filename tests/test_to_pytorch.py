"""Runs as files for PyTorch: loadable with strict=True, bit-identical after a round trip, nothing overwritten."""

import os

import numpy as np
import pytest
import pytorch_networks as reference
import tensorflow as tf
from pytorch_networks import randomized, save, to_numpy, to_torch, torch

from pix2pix_tf import Translator, UserError, build_generator
from pix2pix_tf.interop.from_pytorch import import_run
from pix2pix_tf.interop.pytorch_files import write_tensors
from pix2pix_tf.interop.to_pytorch import export_run
from pix2pix_tf.runs import save_config
from pix2pix_tf.training import weights_file
from pix2pix_tf.training.loop import train

STATISTICS = {"running_mean": 0, "running_var": 1, "num_batches_tracked": 0}


@pytest.fixture
def imported(tmp_path):
    """imported(G, D): a run directory."""

    def imported(generator, discriminator=None, **given):
        discriminator = discriminator and save(discriminator, tmp_path / "D.pth")
        import_run(save(generator, tmp_path / "G.pth"), discriminator, str(tmp_path / "run"), given)
        return str(tmp_path / "run")

    return imported


def load(path):
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize(("levels", "field"), [(5, 1), (5, 16), (5, 70), (6, 70), (7, 286), (8, 70)])
def test_a_round_trip_of_batch_norm_is_bit_identical(imported, tmp_path, levels, field):
    networks = randomized(reference.UNet(levels)), randomized(reference.discriminator(field))
    files = export_run(imported(*networks), str(tmp_path / "out"))
    assert files == [str(tmp_path / "out" / f"latest_net_{name}.pth") for name in "GD"]
    for network, path in zip(networks, files, strict=True):
        state, written = network.state_dict(), load(path)
        assert written.keys() == state.keys()
        for name, value in state.items():
            expected = STATISTICS.get(name.rpartition(".")[2])
            expected = value if expected is None else torch.full_like(value, expected)
            assert written[name].dtype == expected.dtype
            assert torch.equal(written[name], expected), name
        network.load_state_dict(written, strict=True)


@pytest.mark.parametrize(("blocks", "dropout"), [(6, False), (9, True)])
def test_a_round_trip_of_the_residual_generator_is_bit_identical(imported, tmp_path, blocks, dropout):
    network = randomized(reference.ResNet(blocks, dropout=dropout))
    (path,) = export_run(imported(network, gan_weight=0.0), str(tmp_path / "out"))
    state, written = network.state_dict(), load(path)
    assert written.keys() == state.keys()
    for name, value in state.items():
        assert STATISTICS.keys() & {name.rpartition(".")[2]} or torch.equal(written[name], value), name
    network.load_state_dict(written, strict=True)


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_without_batch_norm_the_function_survives_a_round_trip(imported, tmp_path, norm):
    network = randomized(reference.UNet(norm=norm))
    (path,) = export_run(imported(network, gan_weight=0.0), str(tmp_path / "out"))
    again = reference.UNet(norm=norm)
    again.load_state_dict(load(path), strict=True)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    np.testing.assert_allclose(again(image).detach(), network(image).detach(), atol=1e-5)
    cancelled = {"instance": 2 * 5 - 3, "none": 0}[norm]
    zeroed = [name for name, value in again.state_dict().items() if name.endswith("bias") and not value.any()]
    assert len(zeroed) == cancelled


def test_what_is_trained_here_runs_there(tiny, tmp_path):
    run = str(tmp_path / "run")
    train(tiny(steps=2), run)
    generator, discriminator = export_run(run, str(tmp_path / "out"))
    network = reference.UNet(dropout=True).eval()
    network.load_state_dict(load(generator), strict=True)
    reference.PatchGAN().load_state_dict(load(discriminator), strict=True)
    for module in network.modules():  # As at training, norm takes the statistics of the image.
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    image = tf.random.stateless_uniform([1, 32, 32, 3], [1, 2], -1.0, 1.0).numpy()
    expected = Translator.load(run).generate(image)
    np.testing.assert_allclose(to_numpy(network(to_torch(image))), expected, atol=1e-4)


def test_a_run_without_a_discriminator_and_the_best_checkpoint_give_a_generator_alone(tiny, tmp_path):
    train(tiny(steps=1, gan_weight=0.0), str(tmp_path / "l1"))
    assert export_run(str(tmp_path / "l1"), str(tmp_path / "a")) == [str(tmp_path / "a" / "latest_net_G.pth")]
    train(tiny(steps=2, eval_every=1, best_metric="val_l1"), str(tmp_path / "gan"))
    assert export_run(str(tmp_path / "gan"), str(tmp_path / "b"), "best") == [str(tmp_path / "b" / "latest_net_G.pth")]
    best = Translator.load(str(tmp_path / "gan"), "best").generator.get_layer("output_conv").bias.numpy()
    np.testing.assert_array_equal(load(tmp_path / "b" / "latest_net_G.pth")["model.model.3.bias"].numpy(), best)


def test_what_was_published_without_a_discriminator_gives_a_generator(tiny, tmp_path):
    config = tiny()
    save_config(config, tmp_path / "run")
    weights_file.save(tmp_path / "run", 1, generator=build_generator(config))
    assert export_run(str(tmp_path / "run"), str(tmp_path / "out")) == [str(tmp_path / "out" / "latest_net_G.pth")]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"norm": "instance"},
            "has values of its own in .*_norm/(gamma|beta), for which .* no place with instance norm",
        ),
        (
            {"norm": "none"},
            "has values of its own in .*_conv/bias, for which the port .* no place with none norm",
        ),
        (
            {"upsampling": "resize"},
            "has generator=unet and upsampling=resize; the port has unet and resnet only, and trans",
        ),
    ],
)
def test_what_the_port_cannot_represent_is_refused(tiny, tmp_path, changes, named):
    config = tiny(steps=1, **changes)
    if "norm" in changes:
        train(config, str(tmp_path / "run"))
    else:
        save_config(config, tmp_path / "run")
    with pytest.raises(UserError, match=f"^{tmp_path}/run {named}"):
        export_run(str(tmp_path / "run"), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["latest_net_G.pth", "latest_net_D.pth"])
def test_nothing_is_overwritten_unasked(imported, tmp_path, name):
    run = imported(reference.UNet())
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("precious")
    with pytest.raises(UserError, match=f"^{out / name} is there already; give another --output, or --overwrite to"):
        export_run(run, str(out))
    assert os.listdir(out) == [name]
    assert (out / name).read_text() == "precious"
    export_run(run, str(out), overwrite=True)
    assert "model" in next(iter(load(out / name)))


def test_mistakes_in_folders_are_told(imported, tmp_path):
    with pytest.raises(UserError, match=r"holds no config\.json, so it is no run directory"):
        export_run(str(tmp_path), str(tmp_path / "out"))
    with pytest.raises(
        UserError, match=r"^/proc/none cannot be made a folder \(No such file or directory\); give another"
    ):
        export_run(imported(reference.UNet()), "/proc/none")


def test_files_that_cannot_be_written_are_a_sentence(tmp_path, full_disk):
    path = str(tmp_path / "G.pth")
    with full_disk(1000), pytest.raises(UserError, match=r"G\.pth cannot be written \(File too large\)"):
        write_tensors({"weight": np.zeros(10_000, np.float32)}, path)
    assert os.listdir(tmp_path) == []

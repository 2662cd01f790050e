"""python -m pix2pix_tf.tools.import_pytorch and export_pytorch, as processes."""

import subprocess
import sys

import pytest
import pytorch_networks as reference
from pytorch_networks import randomized, save, torch

from pix2pix_tf.runs import load_config

pytestmark = pytest.mark.slow


def tool(name, *arguments):
    command = [sys.executable, "-m", f"pix2pix_tf.tools.{name}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)  # One that hangs shall fail.
    return done.returncode, done.stdout, done.stderr


def test_there_and_back(tmp_path, textured_pairs):
    networks = randomized(reference.UNet(norm="instance")), randomized(reference.PatchGAN(norm="instance"))
    files = [save(network, tmp_path / name) for network, name in zip(networks, ("G.pth", "D.pth"), strict=True)]
    run, out = tmp_path / "run", tmp_path / "out"
    arguments = [f"--generator={files[0]}", f"--discriminator={files[1]}", f"--workdir={run}", "--dropout=0"]
    assert tool("import_pytorch", *arguments, f"--data_dir={textured_pairs}") == (
        0,
        f"{files[0]}: U-Net of 5 levels and width 2, 3 → 3 channels, instance norm\n"
        f"{files[1]}: discriminator of receptive field 16, conditional\n"
        f"{files[0]}: dropped 7 biases that the instance norm behind them cancels\n"
        f"{files[1]}: dropped 1 biases that the instance norm behind them cancels\n"
        f"{run} is a run at step 0\n",
        "",
    )
    assert load_config(str(run)).dropout == 0
    again = f"error: {run} is there already, and an import overwrites nothing; give another --workdir.\n"
    assert tool("import_pytorch", *arguments) == (1, "", again)

    written = f"{out}/latest_net_G.pth\n{out}/latest_net_D.pth\n"
    arguments = [f"--model={run}", f"--output={out}"]
    assert tool("export_pytorch", *arguments) == (0, written, "")
    kept = f"error: {out}/latest_net_G.pth is there already; give another --output, or --overwrite to replace it.\n"
    assert tool("export_pytorch", *arguments) == (1, "", kept)
    assert tool("export_pytorch", *arguments, "--overwrite") == (0, written, "")
    networks[0].load_state_dict(torch.load(out / "latest_net_G.pth", weights_only=True), strict=True)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "import_pytorch",
            ["--generator={0}/none.pth", "--workdir={0}/run"],
            "{0}/none.pth cannot be read (No such file or directory); "
            "give the state dict of one network, such as the port's latest_net_G.pth.",
        ),
        (
            "import_pytorch",
            ["--workdir={0}/run"],
            "flag --generator=None: Flag --generator must have a value other than None. (--help lists the flags)",
        ),
        (
            "export_pytorch",
            ["--model={0}", "--output={0}/out"],
            "{0} holds no config.json, so it is no run directory; give one that train.py made.",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(tmp_path, name, arguments, message):
    status, output, errors = tool(name, *(argument.format(tmp_path) for argument in arguments))
    assert (status, output, errors) == (1, "", f"error: {message.format(tmp_path)}\n")

"""Makes a run of PyTorch weights: python -m pix2pix_tf.tools.import_pytorch --generator=latest_net_G.pth --workdir=RUN.

Reads the files of junyanz/pytorch-CycleGAN-and-pix2pix; see docs/pytorch.md. Settings that the files do not show are
flags, as for train.py: dropout, the data to fine-tune or to measure on, the direction.
"""

from pix2pix_tf import cli

_FIELDS = cli.define_config_flags(leave_out=("generator", "init_from"))  # The file of a generator stands for both.
_GENERATOR = cli.define_path("generator", None, "file of the generator, latest_net_G.pth", required=True)
_DISCRIMINATOR = cli.define_path(
    "discriminator", None, "file of its discriminator, latest_net_D.pth (default: training starts with a fresh one)"
)
_WORKDIR = cli.define_path("workdir", None, "run directory to make", required=True)


def main():
    from pix2pix_tf.interop.from_pytorch import import_run

    given = cli.given_config_fields(_FIELDS)
    print("\n".join(import_run(_GENERATOR.value, _DISCRIMINATOR.value, _WORKDIR.value, given)))


command = cli.command(main)

if __name__ == "__main__":
    command()

"""Writes a run's networks for PyTorch: python -m pix2pix_tf.tools.export_pytorch --model=RUN --output=DIR.

Makes latest_net_G.pth and latest_net_D.pth, state dicts that junyanz/pytorch-CycleGAN-and-pix2pix loads; see
docs/pytorch.md.
"""

from absl import flags

from pix2pix_tf import cli, runs

_MODEL = cli.define_path("model", None, "run directory", required=True)
cli.rename_flag("workdir", "model")
_OUTPUT = cli.define_path("output", None, "folder for the files", required=True)
_CHECKPOINT = flags.DEFINE_enum(
    "checkpoint", "latest", ["latest", "best"], "best needs training with --eval_every, and has no discriminator"
)
_WEIGHTS = flags.DEFINE_enum("weights", "auto", runs.WEIGHTS, cli.WEIGHTS_HELP)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "replace existing files")


def main():
    from pix2pix_tf.interop.to_pytorch import export_run

    files = export_run(_MODEL.value, _OUTPUT.value, _CHECKPOINT.value, _OVERWRITE.value, _WEIGHTS.value)
    print("\n".join(files))


command = cli.command(main)

if __name__ == "__main__":
    command()

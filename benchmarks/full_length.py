"""How does a run grow with its training? Measures all checkpoints that it kept, against steps.

    python benchmarks/full_length.py --model=RUN --fcn=CLASSIFIER --output=docs/results/full_length

RUN leads from label maps to photos, and was trained with a large --keep_checkpoints; CLASSIFIER is of tools.train_fcn.
Writes OUTPUT.md, a table; OUTPUT.json, all numbers; OUTPUT.png, the same as a figure; and OUTPUT_samples.jpg, some
validation labels beside the outputs at --show steps. The numbers: L1, PSNR and SSIM of all validation pairs, the
FCN-score, and how far the grid of period 2, 4 and 8 pixels stands out of the spectrum (grid.py). What is in
OUTPUT.json already is not measured again, so the command may be interrupted, or called again when there are more steps.
"""

from absl import flags

from pix2pix_tf import cli
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.atomic import write_text
from pix2pix_tf.utils.spread import evenly_spread

_MODEL = cli.define_path("model", None, "run directory, from label maps to photos", required=True)
_FCN = cli.define_path("fcn", None, "folder of a classifier of the same photos", required=True)
_OUTPUT = cli.define_path("output", None, "path of what is written, without an ending", required=True)
_DATA_DIR = cli.define_path("data_dir", None, "folder of the pairs, if it has moved (default: the run's data)")
_STEPS = flags.DEFINE_list("steps", [], "only these checkpoints (default: all that the run kept)")
_SHOW = flags.DEFINE_list("show", [], "steps whose outputs are shown (default: four, evenly spread)")


def main():
    import over_steps
    import over_steps_report

    steps = over_steps.kept_steps(_MODEL.value, _numbers(_STEPS))
    shown = _numbers(_SHOW) or [steps[i] for i in evenly_spread(len(steps), 4)]
    if missing := set(shown) - set(steps):
        raise UserError(f"--show={min(missing)} is not measured; the steps are {', '.join(map(str, steps))}.")
    subject = over_steps.Subject(_MODEL.value, _FCN.value, _DATA_DIR.value)
    results = over_steps.measure(subject, steps, f"{_OUTPUT.value}.json")
    text = over_steps_report.markdown(results)
    write_text(f"{_OUTPUT.value}.md", text + "\n")
    over_steps_report.save_figure(results, f"{_OUTPUT.value}.png")
    over_steps_report.save_samples(subject, shown, f"{_OUTPUT.value}_samples.jpg")
    print(text)


def _numbers(flag):
    try:
        return [int(step) for step in flag.value]
    except ValueError:
        raise UserError(f"--{flag.name} must list numbers of steps, such as 2000,10000.") from None


if __name__ == "__main__":
    cli.run(main)

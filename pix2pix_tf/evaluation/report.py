"""All numbers of a run in one call."""

from pix2pix_tf import augment
from pix2pix_tf.data.sources import open_source, source_and_target
from pix2pix_tf.evaluation import quality
from pix2pix_tf.evaluation.colors import color_report
from pix2pix_tf.inference import Translator
from pix2pix_tf.tasks import get_task


def evaluate(workdir, noise_seed=None) -> dict:
    """Measures the newest checkpoint of a run on all of its validation pairs.

    Args:
      workdir: the run directory.
      noise_seed: an integer turns dropout on, as in the paper; None leaves it off.

    Returns:
      `step`, `pairs`, `noise`, `quality` (see `quality.quality_table`) and, for tasks that are given
      the picture without its colours, `color` (see `colors.color_report`).
    """
    translator = Translator.load(workdir)
    config = translator.config
    data = open_source(config)
    pairs = [source_and_target(config, augment.plain(data.val.read(i), config.size)) for i in range(len(data.val))]
    sources, targets = zip(*pairs, strict=True)
    task = get_task(config)
    raw = quality.raw_outputs(translator, sources, noise_seed)
    outputs = [task.decode(output, source) for output, source in zip(raw, sources, strict=True)]
    results = {
        "step": translator.step,
        "pairs": len(pairs),
        "noise": noise_seed is not None,
        "quality": quality.quality_table(outputs, targets, quality.mean_target(data.train, config)),
    }
    if task.input_channels == 1:
        clipped = (
            [task.clipped(output, source) for output, source in zip(raw, sources, strict=True)]
            if task.clipped
            else None
        )
        results["color"] = color_report(outputs, targets, clipped)
    return results

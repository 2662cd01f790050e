"""A plugin for the tests of serving: two exports whose answers differ."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from serving_process import serving

from pix2pix_tf import Config, Translator, build_generator
from pix2pix_tf.exporting import export, recording, signatures
from pix2pix_tf.runs import save_config
from pix2pix_tf.training.checkpoints import Checkpoints


def make_run(folder, seed):
    """A run directory with an untrained generator whose weights are large enough to make something of its input."""
    config = Config(image_size=32, base_filters=4, seed=seed)
    generator = build_generator(config, image_size=(None, None))
    for variable in generator.variables:
        variable.assign(variable * (5.0 if variable.path.endswith("kernel") else 1.0))
    save_config(config, str(folder))
    Checkpoints(str(folder), 1, {"generator": generator}, {}).save()
    return Translator(config, generator)


@dataclasses.dataclass(frozen=True)
class Exports:
    """Two versions of a model, to be copied: nobody writes to them.

    Attributes:
      first, second: their folders.
      translators: the runs that they were made of, whose answers are theirs.
    """

    first: Path
    second: Path
    translators: tuple[Translator, Translator]

    def publish(self, version, base, number):
        """Copies a version into `base`, out of sight, and renames it to `number`, as export.py does."""
        hidden = base / f".export-{number}"
        shutil.copytree(version, hidden)
        hidden.rename(base / str(number))


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """`Exports`, the first of which export.py's own function has made and checked."""
    root = tmp_path_factory.mktemp("exports")
    translators = make_run(root / "run", 0), make_run(root / "other_run", 1)
    first = export(str(root / "run"), str(root / "base"))
    signatures.save(translators[1].config, translators[1].generator, 16_000_000, str(root / "second"))
    recording.record_requests(translators[1], str(root / "second"))
    return Exports(Path(first), root / "second", translators)


@pytest.fixture(scope="session")
def running_server(exports):
    """A server of the first export as version 1, which nobody changes or ends."""
    with serving(exports.first.parent) as server:
        yield server

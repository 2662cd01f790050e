"""A plugin for the tests of serving: two exports whose outputs differ."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from serving_process import serving

from pix2pix_tf import Config, Translator, build_generator
from pix2pix_tf.exporting import card, recording, signatures
from pix2pix_tf.runs import save_config
from pix2pix_tf.training.checkpoints import Checkpoints

MAX_PIXELS = 16_000_000


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
      translators: the runs that they were made of, whose outputs are theirs.
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
    """`Exports`, as export.py makes them, but not checked by a program of its own, which test_publication does."""
    root = tmp_path_factory.mktemp("exports")
    translators = make_run(root / "run", 0), make_run(root / "other_run", 1)
    folders = root / "base" / "1", root / "second"
    for one, folder in zip(translators, folders, strict=True):
        signatures.save(one.config, one.generator, MAX_PIXELS, str(folder))
        recording.record_requests(one, str(folder))
        about = card.model_card(str(root / "run"), one.config, one.step, MAX_PIXELS, [])
        (folder / "assets.extra" / "model_card.json").write_text(json.dumps(about))
    return Exports(*folders, translators)


@pytest.fixture(scope="session")
def running_server(exports):
    """A server of the first export as version 1, which nobody changes or ends."""
    with serving(exports.first.parent) as server:
        yield server

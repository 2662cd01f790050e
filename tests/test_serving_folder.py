"""serving/: its files are what TensorFlow Serving reads, and agree with the code."""

import re
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from pix2pix_tf.exporting.signatures import MAX_IMAGES

FOLDER = Path(__file__).parents[1] / "serving"


def test_labels_of_the_models_config_point_to_versions_that_are_served():
    config = text_format.Parse((FOLDER / "models.config").read_text(), ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("pix2pix", "/models/pix2pix")
    assert model.version_labels["stable"] in model.model_version_policy.specific.versions


def test_the_example_of_a_canary_is_a_valid_config_too():
    text = (FOLDER / "models.config").read_text()
    policy = re.search(r"    model_version_policy.*\n.*\n", text)[0]
    example = re.sub(r"#   ", "    ", text.replace(policy, "").replace("# To try version 2 beside it:", ""))
    (model,) = text_format.Parse(example, ModelServerConfig()).model_config_list.config
    assert set(model.version_labels.values()) <= set(model.model_version_policy.specific.versions)
    assert set(model.version_labels) == {"stable", "canary"}


def test_batches_are_no_larger_than_what_an_export_accepts():
    batching, readme = (FOLDER / "batching_parameters.txt").read_text(), (FOLDER / "README.md").read_text()
    assert int(re.search(r"max_batch_size \{ value: (\d+) \}", batching)[1]) == MAX_IMAGES
    assert f"A request has 1 to {MAX_IMAGES} images" in readme

"""A run of other images than RGB from file to file: five float bands to one, and RGB to a depth of 16 bits."""

import asyncio
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tifffile
from array_pairs import band_config, bands, biomass, with_tag, write_band_pairs, write_depth_pairs
from PIL import Image
from untrained_runs import write_run

from pix2pix_tf import Translator, UserError, array_files, build_generator
from pix2pix_tf.data import found_sides
from pix2pix_tf.evaluation.evaluate import Settings, evaluate
from pix2pix_tf.evaluation.metric_figure import save_figure
from pix2pix_tf.evaluation.metric_tables import markdown
from pix2pix_tf.exporting import card, decoding, recording, replay, signatures
from pix2pix_tf.exporting.tflite import export_tflite
from pix2pix_tf.folder_translation import translate_folder, translate_split
from pix2pix_tf.folder_translation.models import open_export, open_run
from pix2pix_tf.runs import load_config, read_metrics
from pix2pix_tf.serving import web_page
from pix2pix_tf.serving.client import RestClient
from pix2pix_tf.sides import Side
from pix2pix_tf.tiling import TiledTranslator
from pix2pix_tf.training.checkpoints import load_generator, path_of
from pix2pix_tf.training.loop import train

FIVE_BANDS = {"channels": 5, "dtype": "float32", "range": (-1, 3)}


@pytest.fixture(scope="module")
def band_run(tmp_path_factory):
    """A trained run of five float bands to one, and its data; nobody writes to them."""
    root = tmp_path_factory.mktemp("bands")
    write_band_pairs(root / "data")
    write_band_pairs(root / "data", range(6, 8), "val")
    config = band_config(str(root / "data"), deterministic=True, sample_every=2, save_every=2)
    train(config, str(root / "run"))
    return root


@pytest.fixture(scope="module")
def depth_run(tmp_path_factory):
    """An untrained run of RGB to a depth of 16 bits, and its data."""
    root = tmp_path_factory.mktemp("depth")
    config = found_sides.settled(band_config(write_depth_pairs(root / "data")))
    write_run(str(root / "run"), config)
    return root


def test_the_settings_hold_what_was_found_as_numbers(band_run, depth_run):
    config = json.loads((band_run / "run" / "config.json").read_text())
    assert (config["input_channels"], config["input_dtype"], config["output_format"]) == (5, "float32", "tiff")
    assert all(isinstance(limit, float) for limit in config["input_range"] + config["output_range"])
    config = load_config(str(depth_run / "run"))
    assert (config.output_channels, config.output_dtype, config.output_range) == (1, "uint16", (0.0, 65535.0))


def test_units_are_recorded_and_samples_have_a_bar(band_run):
    records = [record for record in read_metrics(str(band_run / "run")) if "val_l1" in record]
    low, high = load_config(str(band_run / "run")).output_range
    for record in records:
        assert record["val_l1_units"] == pytest.approx(record["val_l1"] * (high - low) / 2, rel=1e-5)
        assert record["val_rmse_units"] >= record["val_l1_units"]
    grid = np.asarray(Image.open(band_run / "run" / "samples" / "step_00000004.png"))
    assert grid.shape == (18 + 2 * 36 + 36, 3 * 36 - 4, 3)
    images = grid[18 : 18 + 32]
    assert np.ptp(images[:, :32], axis=-1).max() > 20  # Three bands as RGB.
    assert np.ptp(images[:, 36:], axis=-1).max() == 0


@pytest.mark.slow
def test_a_run_resumes_bit_for_bit(band_run, tmp_path):
    shutil.copytree(band_run / "run", tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*-4*"):
        path.unlink()
    train(band_config(str(band_run / "data"), deterministic=True, sample_every=2, save_every=2), str(tmp_path / "run"))
    assert read_metrics(str(tmp_path / "run"))[-1]["step"] == 4
    weights = []
    for run in (band_run / "run", tmp_path / "run"):
        generator = build_generator(load_config(str(run)))
        assert load_generator(generator, path_of(str(run), "latest")) == 4
        weights.append(generator.get_weights())
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))
    assert Path(band_run / "run" / "config.json").read_text() == (tmp_path / "run" / "config.json").read_text()


def test_the_translator_takes_and_returns_the_datas_own_values(band_run, depth_run):
    translator = Translator.load(str(band_run / "run"))
    images = np.stack([bands(6, (37, 53)), bands(7, (37, 53))])
    outputs = translator(images)
    assert (outputs.dtype, outputs.shape) == (np.float32, (2, 37, 53, 1))
    assert np.array_equal(outputs[1], translator(images[1]))
    low, high = translator.config.output_range
    assert low <= outputs.min() < outputs.max() <= high and np.ptp(outputs) > 1
    # What the ranges say, by hand.
    source = (images - translator.input.low) / (translator.input.high - translator.input.low) * 2 - 1
    by_hand = (np.asarray(translator.predict(np.float32(np.clip(source, -1, 1)))) + 1) / 2 * (high - low) + low
    np.testing.assert_allclose(outputs, by_hand, atol=1e-4 * (high - low))
    assert not np.array_equal(translator(images[0], seed=3), outputs[0])
    depths = Translator.load(str(depth_run / "run"))(np.uint8(100 * images[0, ..., :3]))
    assert (depths.dtype, depths.shape) == (np.uint16, (37, 53, 1)) and len(np.unique(depths)) > 300


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (bands(0)[..., :4], r"with 5 channels\. Received: float32 \[32, 32, 4\]"),
        (bands(0).astype(np.float64), r"takes float32 images"),
        (np.full((32, 32, 5), np.inf, np.float32), "there are NaN or Inf"),
        (Image.new("RGB", (32, 32)), r"Received: uint8 \[32, 32, 3\]"),
    ],
)
def test_other_images_are_refused_in_one_sentence(band_run, image, message):
    with pytest.raises(UserError, match=message):
        Translator.load(str(band_run / "run"))(image)


def test_tiles_give_what_the_whole_gives(band_run):
    translator = Translator.load(str(band_run / "run"), size="own")
    image = bands(1, (64, 96))
    tiled = TiledTranslator(translator, tile=128, overlap=32)(image)
    assert (tiled.dtype, tiled.shape) == (np.float32, (64, 96, 1))
    np.testing.assert_allclose(tiled, translator(image), atol=1e-3 * 2 * translator.output.unit)


def test_a_folder_is_translated_into_the_targets_kind(band_run, depth_run, tmp_path):
    for name, image in (("in/sub/x.tif", bands(6)), ("in/y.tif", 3 * bands(7)), ("in/z.tif", bands(7)[..., :3])):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        with_tag(tmp_path / name, image)
    outcome = translate_folder(open_run(str(band_run / "run")), str(tmp_path / "in"), str(tmp_path / "out"))
    translator = Translator.load(str(band_run / "run"))
    assert outcome.made == 2
    assert outcome.clipped == translator.input.outside(bands(6)) + translator.input.outside(3 * bands(7)) > 1000
    (sentence,) = outcome.bad
    assert "z.tif has 3 channels of float32" in sentence and "5 channels of float32" in sentence
    output = array_files.read(str(tmp_path / "out" / "sub" / "x.tif"), translator.output)
    assert np.array_equal(output, translator(bands(6)))
    with tifffile.TiffFile(tmp_path / "out" / "sub" / "x.tif") as file:
        assert file.pages[0].tags[33550].value == (2.0, 2.0, 0.0)
    thumbnail = np.asarray(Image.open(tmp_path / "out" / "gallery" / "output" / "sub" / "x.tif.jpg"))
    gray = np.uint8(np.round((output - translator.output.low) / translator.output.unit * 127.5))
    assert np.abs(thumbnail.astype(int) - gray).mean() < 4

    outcome = translate_split(open_run(str(depth_run / "run")), "train", str(tmp_path / "depth"))
    assert outcome.made == 5 and outcome.bad == [] and outcome.clipped == 0  # Without the one that is held out.
    translator = Translator.load(str(depth_run / "run"))
    output = array_files.read(str(tmp_path / "depth" / "train" / "A" / "0.png"), translator.output)
    assert np.array_equal(output, translator(np.uint8(100 * bands(0)[..., :3])))


@pytest.fixture(scope="module")
def exports(band_run, depth_run, tmp_path_factory):
    """{name: (Translator, folder of the export)}, with warm-up records and model card."""
    made = {}
    for name, root in (("bands", band_run), ("depth", depth_run)):
        translator = Translator.load(str(root / "run"))
        folder = tmp_path_factory.mktemp(name) / "1"
        signatures.save(translator.config, translator.generator, 100_000, str(folder))
        recording.record_requests(translator, str(folder))
        parity = list(replay.replay(str(folder), translator.output.step))
        about = card.model_card(str(root / "run"), translator.config, translator.step, 100_000, parity)
        card.write_card(about, str(folder))
        made[name] = translator, folder
    return made


def image_of(name, number, size=(37, 53)):
    image = bands(number, size)
    return image if name == "bands" else np.uint8(100 * np.clip(image[..., :3], 0, 2.5))


@pytest.mark.parametrize("name", ["bands", "depth"])
def test_an_export_is_the_translator_for_any_size_and_batch(exports, name):
    translator, folder = exports[name]
    exported = tf.saved_model.load(str(folder)).signatures
    images = np.stack([image_of(name, number) for number in (0, 7)])
    outputs = exported["translate"](image=tf.constant(images))["image"].numpy()
    assert outputs.dtype == translator.output.dtype and outputs.shape == (2, 37, 53, 1)
    assert np.abs(outputs.astype(float) - translator(images)).max() <= 1e-4 * 2 * translator.output.unit
    # Pure, and independent of what else is asked for.
    alone = exported["translate"](image=tf.constant(images[1:]))["image"].numpy()
    assert np.array_equal(alone[0], outputs[1])
    noisy = exported["sample"](image=tf.constant(images[:1]), seed=tf.constant([3, 5]))["image"].numpy()
    expected = translator(images[0], seed=(3, 5))
    assert np.abs(noisy[0].astype(float) - expected).max() <= 1e-4 * 2 * translator.output.unit
    assert not np.array_equal(noisy[0], outputs[0])
    tiny = exported["translate"](image=tf.constant(images[:1, :3, :1]))["image"]
    assert tiny.shape == (1, 3, 1, 1)


def test_files_of_sixteen_bits_are_encoded_and_arrays_are_where_no_png_can_be(exports):
    translator, folder = exports["depth"]
    exported = tf.saved_model.load(str(folder)).signatures["serving_default"]
    image = image_of("depth", 1)
    (content,) = exported(image_bytes=tf.io.encode_png(image)[None])["image_bytes"].numpy()
    output = tf.io.decode_png(content, dtype=tf.uint16).numpy()
    assert np.abs(output.astype(int) - translator(image)).max() <= 5
    translator, folder = exports["bands"]
    exported = tf.saved_model.load(str(folder)).signatures["serving_default"]
    output = exported(image=tf.constant(bands(1)[None]))["image"][0].numpy()
    assert np.abs(output - translator(bands(1))).max() <= 1e-4 * 2 * translator.output.unit


def test_an_export_refuses_other_images_in_one_sentence(exports, tmp_path):
    _, folder = exports["bands"]
    exported = tf.saved_model.load(str(folder)).signatures["translate"]
    for image, sentence in (
        (bands(0)[None, ..., :3], "image has 3 channels; 5 are allowed"),
        (np.full((1, 8, 8, 5), np.nan, np.float32), "image has values that are NaN or Inf"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
            exported(image=tf.constant(image))
    one = Side(1, "uint16", 0.0, 65535.0)
    decode = tf.function(lambda content: decoding.decode(content, 10_000, side=one), autograph=False)
    depths = np.arange(35, dtype=np.uint16).reshape(5, 7, 1) * 1000
    assert np.array_equal(decode(tf.io.encode_png(depths)), depths)
    for wrong in (np.uint8(depths // 256), depths.repeat(3, axis=-1)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="not a PNG of 16 bits with 1 channels"):
            decode(tf.io.encode_png(wrong))


@pytest.mark.parametrize("name", ["bands", "depth"])
def test_the_card_states_units_and_translate_takes_exports(exports, name, tmp_path):
    translator, folder = exports[name]
    about = json.loads((folder / "assets.extra" / "model_card.json").read_text())
    assert about["output"] == {
        "channels": 1,
        "dtype": translator.output.dtype,
        "low": translator.output.low,
        "high": translator.output.high,
    }
    assert all(record["equal"] == 1 and record["largest"] < 0.1 for record in about["parity"])
    text = (folder / "assets.extra" / "MODEL_CARD.md").read_text()
    assert f"`image`: {translator.output.dtype} [N, H, W, 1]" in text
    assert f"Outputs have values\nfrom {translator.output.low:g} to {translator.output.high:g}." in text
    ending = {"bands": ".tif", "depth": ".png"}[name]
    array_files.write(image_of(name, 3), str(tmp_path / "in" / f"x{ending}"))
    outcome = translate_folder(open_export(str(folder)), str(tmp_path / "in"), str(tmp_path / "out"))
    assert outcome.made == 1 and outcome.bad == []
    output = array_files.read(str(tmp_path / "out" / f"x{ending}"), translator.output)
    assert np.abs(output.astype(float) - translator(image_of(name, 3))).max() <= 1e-4 * 2 * translator.output.unit


def test_tflite_says_that_it_is_for_rgb(band_run, tmp_path):
    with pytest.raises(UserError, match="TFLite files are made for these; export a SavedModel"):
        export_tflite(str(band_run / "run"), str(tmp_path / "lite"))
    assert not (tmp_path / "lite").exists()


def test_an_evaluation_is_in_the_datas_units(band_run, tmp_path):
    results = evaluate(Settings(str(band_run / "run"), noise=False))
    translator = Translator.load(str(band_run / "run"))
    errors = [np.abs(translator(bands(i)).astype(float) - biomass(bands(i))).mean() for i in (6, 7)]
    own = results["quality"]["its own input"]
    # Targets of the validation split that the training split's range does not hold are clipped.
    assert own["l1_units"]["mean"] == pytest.approx(np.mean(errors), rel=0.05)
    assert own["l1_units"]["mean"] == pytest.approx(own["l1"]["mean"] * translator.output.unit, rel=1e-4)
    assert results["output"]["dtype"] == "float32" and results["channels"] == [] and "colors" not in results
    assert sum(results["values"]["truth"][0]) == 2 * 32 * 32
    text = markdown(results)
    assert "L1 in the data's units | RMSE in the data's units" in text and f"{own['rmse_units']['mean']:.4g}" in text
    save_figure(results, str(tmp_path / "figure.png"))
    assert Image.open(tmp_path / "figure.png").width > 1000
    with pytest.raises(UserError, match="--fcn, --palette and --fid are for RGB of 8 bits"):
        evaluate(Settings(str(band_run / "run"), fid=True))


def test_every_channel_has_numbers_of_its_own(untrained_run, tmp_path):
    for number in range(4):
        for side in "AB":
            array_files.write(bands(number), str(tmp_path / "data" / side / f"{number}.npy"))
    kind = {f"{side}_{name}": value for side in ("input", "output") for name, value in FIVE_BANDS.items()}
    run = untrained_run(data_dir=str(tmp_path / "data"), output_format="npy", **kind)
    results = evaluate(Settings(run, split="train", noise=False))
    assert len(results["channels"]) == 5
    means = {name: np.mean([row[name]["mean"] for row in results["channels"]]) for name in ("l1_units", "ssim")}
    own = results["quality"]["its own input"]
    assert means["l1_units"] == pytest.approx(own["l1_units"]["mean"], rel=1e-4)
    assert means["ssim"] == pytest.approx(own["ssim"]["mean"], rel=1e-4)
    assert markdown(results).count("\n| 4 |") == 1


def test_the_page_says_what_such_a_model_takes(exports):
    translator, folder = exports["bands"]
    about = json.loads((folder / "assets.extra" / "model_card.json").read_text())
    page, _ = web_page.routes("biomass", lambda: about)
    text = asyncio.run(page.endpoint(None)).body.decode()
    assert f"5 × float32 from {translator.input.low:g} to {translator.input.high:g}" in text
    assert "shows RGB of 8 bits only" in text and "/v1/models/biomass:predict" in text


def test_the_client_is_for_rgb():
    class Server(RestClient):
        def _predict(self, signature_name, inputs, most):
            return [tf.io.encode_png(np.zeros((4, 5, 1), np.uint16)).numpy()]

    client = Server("http://localhost:1", "depth", None, 1)
    with pytest.raises(UserError, match="another image than RGB of 8 bits, which this client is for"):
        client.translate(np.zeros((4, 5, 3), np.uint8))

"""Imported runs: what the files tell, what flags tell, what is refused, and that the run is an ordinary one."""

import json
import os

import numpy as np
import pytest
import pytorch_networks as reference
import tensorflow as tf
from array_pairs import bands, write_band_pairs
from pytorch_networks import randomized, save, torch

from pix2pix_tf import Translator, UserError
from pix2pix_tf.exporting import export
from pix2pix_tf.interop.from_pytorch import import_run
from pix2pix_tf.runs import config_for_run, load_config
from pix2pix_tf.training import checkpoints
from pix2pix_tf.training.loop import train


@pytest.fixture
def bring_in(tmp_path, textured_pairs):
    """bring_in(G, D, dropout=0.1) imports networks or files → (Config, lines of the report)."""

    def bring_in(generator, discriminator=None, **given):
        files = [
            save(network, tmp_path / f"{name}.pth") if isinstance(network, torch.nn.Module | dict) else network
            for network, name in ((generator, "G"), (discriminator, "D"))
        ]
        workdir = str(tmp_path / "run")
        report = import_run(*files, workdir, {"data_dir": textured_pairs, **given})
        return load_config(workdir), report

    return bring_in


@pytest.fixture
def refusal(bring_in, tmp_path):
    """The sentence that an import is refused with; `G` and `D` stand for the files. Nothing is left behind."""

    def refusal(*networks, **given):
        with pytest.raises(UserError) as error:
            bring_in(*networks, **given)
        assert not (tmp_path / "run").exists()
        assert "\n" not in str(error.value)
        return str(error.value).replace(f"{tmp_path}/", "").replace(".pth", "")

    return refusal


@pytest.mark.parametrize(("levels", "image_size"), [(5, 32), (6, 64), (7, 128), (8, 256)])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_the_files_tell_the_architecture(bring_in, levels, image_size, norm):
    config, report = bring_in(
        reference.UNet(levels, 3, norm), reference.discriminator(16, width=3, norm=norm, inputs=3), dropout=0.25
    )
    assert (config.image_size, config.base_filters, config.norm) == (image_size, 3, norm)
    assert (config.generator, config.task, config.dropout) == ("unet", "translate", 0.25)
    assert (config.receptive_field, config.conditional) == (16, False)
    assert report[0].endswith(f"G.pth: U-Net of {levels} levels and width 3, 3 → 3 channels, {norm} norm")
    assert report[1].endswith("D.pth: discriminator of receptive field 16, unconditional")
    dropped = {"instance": [2 * levels - 3, 1]}.get(norm, [])
    assert [int(line.split(": dropped ")[1].split()[0]) for line in report[2:-1]] == dropped
    assert report[-1].endswith("run is a run at step 0")


@pytest.mark.parametrize(
    ("inputs", "outputs", "given", "task"),
    [
        (3, 3, {}, "translate"),
        (3, 3, {"task": "inpaint"}, "inpaint"),
        (1, 2, {}, "colorize"),
        (1, 3, {}, "colorize_rgb"),
    ],
)
def test_channels_tell_the_task(bring_in, inputs, outputs, given, task):
    generator = reference.UNet(inputs=inputs, outputs=outputs)
    config, _ = bring_in(generator, reference.PixelGAN(inputs=inputs + outputs), **given)
    assert (config.task, config.conditional, config.receptive_field) == (task, True, 1)


def test_what_the_files_do_not_tell_is_taken_from_flags(bring_in, textured_pairs):
    given = {"direction": "b_to_a", "learning_rate": 1e-5, "steps": 7, "receptive_field": 1, "image_size": "256x512"}
    config, report = bring_in(reference.UNet(8, 2), **given)
    assert {name: getattr(config, name) for name in given} == given
    assert (config.data_dir, config.discriminator_filters) == (textured_pairs, 0)
    assert report[1] == "no --discriminator: training starts with a fresh one"


def test_the_discriminator_may_have_a_width_of_its_own(bring_in):
    config, _ = bring_in(reference.UNet(), reference.PatchGAN(width=4))
    assert (config.base_filters, config.discriminator_filters) == (2, 4)


def test_a_preset_gives_the_rest(tmp_path):
    import_run(save(reference.UNet(), tmp_path / "G.pth"), None, str(tmp_path / "run"), {"dataset": "edges2shoes"})
    config = load_config(str(tmp_path / "run"))
    assert (config.dataset, config.batch_size, config.epochs, config.image_size) == ("edges2shoes", 4, 15, 32)


def test_running_statistics_of_an_old_instance_norm_are_left_out(bring_in):
    network = randomized(reference.UNet(norm="instance"))
    state = network.state_dict()
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.InstanceNorm2d):
            channels = module.num_features
            state |= {f"{name}.running_mean": torch.zeros(channels), f"{name}.running_var": torch.ones(channels)}
    assert len(state) == 2 * 2 * 5 + 2 * (2 * 5 - 3)
    config, _ = bring_in(state)
    assert config.norm == "instance"


# An ordinary run


def values(network):
    return {variable.path: variable.numpy() for variable in network.weights}


@pytest.mark.slow
def test_the_run_translates_exports_and_trains_on(bring_in, tmp_path):
    network = randomized(reference.UNet())
    config, _ = bring_in(network, randomized(reference.PatchGAN()), steps=2, keep_checkpoints=1)
    workdir = str(tmp_path / "run")
    assert set(os.listdir(workdir)) == {"config.json", "checkpoints"}
    assert config_for_run(workdir, {"steps": 3}) == config.replace(steps=3)
    translator = Translator.load(workdir)
    assert translator.step == 0
    source = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    assert translator(source).std() > 10
    export(workdir, str(tmp_path / "models"))
    served = tf.saved_model.load(str(tmp_path / "models" / "1")).signatures["translate"]
    np.testing.assert_array_equal(served(image=source[None])["image"][0], translator(source))

    train(config, workdir)
    assert json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 2
    trained = Translator.load(workdir)
    assert trained.step == 2
    for path, before in values(translator.generator).items():
        moved = np.abs(values(trained.generator)[path] - before).max()
        assert 0 < moved <= 2.1 * config.learning_rate, path  # Adam moves a weight by its rate at most: it went on.


def test_other_channels_make_a_run_that_trains_and_translates(tmp_path, bring_in):
    data = write_band_pairs(tmp_path / "data")
    networks = [randomized(reference.UNet(inputs=5, outputs=1)), randomized(reference.PatchGAN(inputs=6))]
    config, report = bring_in(*networks, data_dir=data, steps=1)
    assert "5 → 1 channels" in report[0]
    assert (config.task, config.input_channels, config.output_channels) == ("translate", 5, 1)
    assert (config.input_dtype, config.output_format) == ("float32", "tiff")
    low, high = config.output_range
    assert low < 0 < high
    train(config, str(tmp_path / "run"))
    output = Translator.load(str(tmp_path / "run"))(bands(0))
    assert (output.dtype, output.shape) == (np.float32, (32, 32, 1)) and np.std(output) > 0.1


@pytest.mark.parametrize("discriminator", [None, reference.PatchGAN()])
def test_optimizers_start_at_zero(bring_in, tmp_path, discriminator):
    bring_in(reference.UNet(), discriminator)
    path = checkpoints.path_of(str(tmp_path / "run"))
    saved = tf.train.load_checkpoint(path)
    moments = [name for name in saved.get_variable_to_shape_map() if "momentums" in name or "velocities" in name]
    assert len({name.split("/")[0] for name in moments}) == 2
    assert not any(saved.get_tensor(name).any() for name in moments)
    assert os.path.basename(path) == "step-0"


@pytest.mark.parametrize("what", ["run", "file"])
def test_nothing_is_overwritten(bring_in, tmp_path, what):
    (tmp_path / "run").mkdir() if what == "run" else (tmp_path / "run").touch()
    if what == "run":
        (tmp_path / "run" / "config.json").write_text("{}")
    with pytest.raises(UserError, match="run is there already, and an import overwrites nothing; give another --workd"):
        bring_in(reference.UNet())
    assert what == "file" or (tmp_path / "run" / "config.json").read_text() == "{}"


# Refused


def spectral(network):
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.utils.spectral_norm(module)
    return network


@pytest.mark.parametrize(
    ("networks", "sentence"),
    [
        ([reference.ResNet(7)], "G is a resnet of 7 blocks; here it has 6 or 9, as the port's options have it."),
        (
            [reference.UNet(), spectral(reference.PatchGAN())],
            "D uses spectral norm, which has no counterpart here; train without it to import it.",
        ),
        (
            [spectral(reference.UNet())],
            "G uses spectral norm, which has no counterpart here; train without it to import it.",
        ),
        (
            [torch.nn.utils.parametrizations.spectral_norm(torch.nn.Conv2d(3, 2, 4))],
            "G uses spectral norm, which has no counterpart here; train without it to import it.",
        ),
        (
            [reference.PatchGAN()],
            "G is a discriminator; give it as --discriminator, and a generator as --generator.",
        ),
        ([reference.PixelGAN()], "G is a discriminator; give it as --discriminator, and a generator as --generator."),
        (
            [reference.UNet(), reference.UNet()],
            "D is a generator; give it as --generator, and a discriminator as --discriminator.",
        ),
        (
            [torch.nn.Linear(2, 2)],
            "G is no generator of the port, as it has neither a tensor model.model.0.weight (U-Net) nor model.1.weight "
            "(resnet).",
        ),
        (
            [reference.UNet(), torch.nn.Linear(2, 2)],
            "D is no PatchGAN of the port, as it has neither a tensor model.0.weight nor net.0.weight.",
        ),
        (
            [reference.UNet(9, 1)],
            "G is a U-Net that halves its input 9 times; here it is 5 to 8 times, as with the port's unet_128 (7) and "
            "unet_256 (8).",
        ),
        (
            [reference.UNet(), reference.PatchGAN(2)],
            "D is a discriminator whose last layer is model.8; receptive fields 16, 70 and 286 (n_layers_D 1, 3 and 5) "
            "end with model.5, model.11, model.17.",
        ),
        (
            [reference.UNet(), reference.PatchGAN(inputs=4)],
            "The discriminator takes 4 channels; with this generator it must be 6 (conditional) or 3 (unconditional).",
        ),
        (
            [reference.UNet(), reference.PatchGAN(norm="instance")],
            "The discriminator has norm='instance' and the generator 'batch', but a run has one for both; "
            "leave --discriminator out to start with a fresh one.",
        ),
    ],
)
def test_what_cannot_be_represented_is_refused_by_name(refusal, networks, sentence):
    assert refusal(*networks) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"norm": "instance"}, "The files have norm='batch', not 'instance'; leave --norm out."),
        ({"base_filters": 64}, "The files have base_filters=2, not 64; leave --base_filters out."),
        ({"receptive_field": 70}, "The files have receptive_field=16, not 70; leave --receptive_field out."),
        ({"conditional": False}, "The files have conditional=True, not False; leave --conditional out."),
        (
            {"task": "colorize"},
            "The generator makes 3 channels of 3, and task colorize needs 2 of 1; leave --task out, or take translate.",
        ),
        (
            {"image_size": 64},
            "The generator halves its input 5 times, and with image_size 64 it would be 6; take 32.",
        ),
        ({"gan_weight": 0.0}, "With gan_weight 0 there is no discriminator to import D into; leave one out."),
        ({"dropout": 2.0}, "dropout must be at most 0.99. Received: 2.0."),
    ],
)
def test_flags_that_contradict_the_files_are_refused(refusal, given, sentence):
    assert refusal(reference.UNet(), reference.PatchGAN(), **given) == sentence


MIDDLE = "model.model.1.model.1.weight"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"model.model.1.model.2.bias": None},
            "G lacks model.model.1.model.2.bias, which the port has with batch norm; the file is incomplete.",
        ),
        (
            {"model.model.1.model.9.weight": torch.zeros(3)},
            "G has a tensor model.model.1.model.9.weight, for which the port's network has no place.",
        ),
        ({MIDDLE: torch.zeros(5, 2, 4, 4)}, f"G has {MIDDLE} of shape (5, 2, 4, 4), where the port has (4, 2, 4, 4)."),
        (
            {"model.model.0.weight": torch.zeros(3)},
            "G is no network of the port, as model.model.0.weight is no kernel of a convolution.",
        ),
        (
            {"model.model.3.weight": None},
            "G is no network of the port, as model.model.3.weight is no kernel of a convolution.",
        ),
        (
            {MIDDLE: torch.full((4, 2, 4, 4), torch.nan)},
            f"G has {MIDDLE} with NaN, Inf or values beyond float32; give the file of an earlier epoch.",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_name(refusal, changes, sentence):
    state = reference.UNet().state_dict() | changes
    assert refusal({name: value for name, value in state.items() if value is not None}) == sentence


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    generator = save(reference.UNet(), tmp_path / "G.pth")
    with pytest.raises(
        UserError, match=r"^/proc/none cannot be made a folder \(No such file or directory\); give another --workdir"
    ):
        import_run(generator, None, "/proc/none", {})

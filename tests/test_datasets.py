"""The TFDS builders of downloaded data: each passes TFDS's own test, finds its archive, and says what is wrong.

python tests/test_datasets.py      draws the builders' dummy_data anew
"""

import functools
import http.server
import importlib.util
import io
import shutil
import subprocess
import sys
import tarfile
import threading
import unittest
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from tensorflow_datasets.core.download import downloader

from pix2pix_tf import UserError, images
from pix2pix_tf.data import paired_archive
from pix2pix_tf.datasets.facades.palette import PALETTE

REPOSITORY = Path(__file__).parents[1]
REAL_FACADES = REPOSITORY.parent / "shared" / "data" / "facades"
ARCHIVES = {  # builder → the authors' name of its archive
    "facades": "facades",
    "maps": "maps",
    "pix2pix_cityscapes": "cityscapes",
    "edges2shoes": "edges2shoes",
    "edges2handbags": "edges2handbags",
    "night2day": "night2day",
}
NAMES = [*ARCHIVES, "victorian400"]

# `tfds build`. TFDS's command line imports all of its commands first, and two of the others need libraries that TFDS
# does not install; without those this runs the command `build` alone, which is the same code.
if all(importlib.util.find_spec(name) for name in ("apache_beam", "mlcroissant")):
    TFDS_BUILD = ["-m", "tensorflow_datasets.scripts.cli.main", "build"]
else:
    TFDS_BUILD = [
        "-c",
        "from absl import app\n"
        "from tensorflow_datasets.scripts.cli import build, cli_utils\n"
        "app.run(lambda args: args.execute(), flags_parser=cli_utils.make_flags_parser(build.Args, 'tfds build'))\n",
    ]


def draw(seed, size=(16, 16)):
    """A smooth random image, RGB uint8 [height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def encode(pixels, ending):
    """An image → the bytes of its file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, {"jpg": "JPEG", "png": "PNG"}[ending], quality=90)
    return file.getvalue()


def side_by_side(seed, ending="jpg"):
    """The file of a pair."""
    return encode(np.concatenate([draw(2 * seed), draw(2 * seed + 1)], axis=1), ending)


def pack(folder, name, files):
    """Writes {path: bytes} as the archive `name`.tar.gz into a folder, which it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return folder


def unpack(folder, files):
    """Writes {path: bytes} below a folder, which it returns."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def authors_files(name="facades", ending="jpg"):
    """{path: bytes} of an archive as the authors lay theirs out: two pairs to train on, one to validate."""
    paths = (f"{name}/train/1.{ending}", f"{name}/train/2.{ending}", f"{name}/val/1.{ending}")
    return {path: side_by_side(seed, ending) for seed, path in enumerate(paths)}


def victorian_files(count=10):
    """{path: bytes} of Victorian400 as Kaggle has it, with this many pairs."""
    files = {"original/00.png": encode(draw(0, (40, 30)), "png")}
    for number in range(count):
        color = draw(number)
        files[f"resized/{number:02}.png"] = encode(color, "png")
        files[f"gray/{number:02}.png"] = encode(np.asarray(Image.fromarray(color).convert("L")), "png")
    return files


@pytest.fixture
def build(tmp_path):
    """build("maps", manual_dir) prepares a data set and returns its TFDS builder."""

    def build(name, manual_dir=None):
        importlib.import_module(f"pix2pix_tf.datasets.{name}.{name}_dataset_builder")
        builder = tfds.builder(name, data_dir=tmp_path / "data", file_format="array_record")
        config = tfds.download.DownloadConfig(manual_dir=manual_dir, try_download_gcs=False)
        builder.download_and_prepare(download_config=config)
        return builder

    return build


def halves(builder, split):
    """The set of a split's pairs, as bytes."""
    return {(record["a"].tobytes(), record["b"].tobytes()) for record in builder.as_data_source(split)}


def halves_of(*files):
    """The same of side-by-side files."""
    pairs = [images.split_pair(images.read_image(io.BytesIO(file)), "") for file in files]
    return {(a.tobytes(), b.tobytes()) for a, b in pairs}


# Each builder


@pytest.mark.parametrize("name", [*NAMES, "toy_facades"])
def test_the_builder_passes_the_test_that_tfds_has_for_builders(name):
    pytest.importorskip("dill", reason="tfds.testing needs dill, which TFDS does not install")
    module = importlib.import_module(f"pix2pix_tf.datasets.{name}.{name}_dataset_builder_test")
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    assert [trace for _, trace in result.errors + result.failures] == []
    assert result.testsRun >= 5


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_is_laid_out_as_tfds_new_does(name):
    folder = REPOSITORY / "datasets" / name
    files = {path.name for path in folder.iterdir()} - {"__pycache__", "palette.py"}
    texts = {"README.md", "CITATIONS.bib", "TAGS.txt", "dummy_data", "__init__.py"}
    assert files == texts | {f"{name}_dataset_builder.py", f"{name}_dataset_builder_test.py"}
    assert sum(path.stat().st_size for path in folder.rglob("dummy_data/**/*.*")) < 20_000


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_archive_has_the_authors_name(name):
    builder = importlib.import_module(f"pix2pix_tf.datasets.{name}.{name}_dataset_builder").Builder
    assert (builder.name, builder.ARCHIVE) == (name, ARCHIVES[name])


@pytest.mark.slow
def test_no_builder_needs_the_network_to_be_imported():
    modules = [f"pix2pix_tf.datasets.{name}.{name}_dataset_builder" for name in (*NAMES, "toy_facades")]
    program = "\n".join(
        [
            "import socket",
            "def refuse(*args, **kwargs): raise AssertionError('the network was used')",
            "socket.getaddrinfo = socket.socket.connect = socket.socket.connect_ex = refuse",
            *(f"import {module}" for module in modules),
        ]
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_facades_know_their_classes(build, tmp_path):
    info = build("facades", pack(tmp_path / "manual", "facades", authors_files())).info
    assert info.metadata["class_names"] == list(PALETTE)
    assert info.metadata["palette"] == [list(color) for color in PALETTE.values()]
    assert "tylecek2013spatial" in info.citation and "isola2017image" in info.citation
    assert "label map" in info.description


def test_cityscapes_know_their_classes_and_what_is_not_scored(build, tmp_path):
    metadata = build(
        "pix2pix_cityscapes", pack(tmp_path / "manual", "cityscapes", authors_files("cityscapes"))
    ).info.metadata
    colors = dict(zip(metadata["class_names"], metadata["palette"], strict=True))
    assert len(colors) == 19
    assert colors["road"] == [128, 64, 128] and colors["car"] == [0, 0, 142] and colors["bicycle"] == [119, 11, 32]
    every_color = [tuple(color) for color in metadata["palette"] + metadata["ignored_palette"]]
    assert len(set(every_color)) == len(every_color) == 29
    assert (0, 0, 0) in every_color


# Where the archive is found, and what is read from it


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("put", [functools.partial(pack, name="maps"), unpack])
def test_pairs_are_the_halves_to_the_last_bit(build, tmp_path, put, ending):
    files = authors_files("maps", ending) | {"maps/._hidden.jpg": b"", "maps/train/notes.txt": b"no image"}
    builder = build("maps", put(tmp_path / "manual", files=files))
    one, two, three = list(files.values())[:3]
    assert list(builder.info.splits) == ["train", "val"]
    assert halves(builder, "train") == halves_of(one, two)
    assert halves(builder, "val") == halves_of(three)


def test_splits_are_the_folders_of_the_archive(build, tmp_path):
    files = {f"night2day/{split}/x.jpg": side_by_side(seed) for seed, split in enumerate(["test", "train", "extra"])}
    builder = build("night2day", pack(tmp_path / "manual", "night2day", files))
    assert set(builder.info.splits) == {"test", "train", "extra"}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host on this machine from which archives are downloaded; returns the folder that it serves."""
    folder = tmp_path / "host"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *args: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(paired_archive, "HOST", f"http://127.0.0.1:{server.server_port}")
        yield folder
        server.shutdown()


def test_an_archive_is_downloaded_though_its_checksum_is_unknown(build, host):
    files = authors_files("edges2shoes")
    pack(host, "edges2shoes", files)
    assert halves(build("edges2shoes"), "val") == halves_of(files["edges2shoes/val/1.jpg"])


def test_the_manual_directory_goes_before_the_download(build, host, tmp_path):
    pack(host, "maps", {"maps/train/1.jpg": side_by_side(1)})
    builder = build("maps", pack(tmp_path / "manual", "maps", {"maps/train/1.jpg": side_by_side(2)}))
    assert halves(builder, "train") == halves_of(side_by_side(2))


@pytest.mark.parametrize("reachable", [True, False])
def test_a_failed_download_says_what_to_put_where(build, host, tmp_path, monkeypatch, reachable):
    if not reachable:
        monkeypatch.setattr(paired_archive, "HOST", "http://127.0.0.1:1")
        monkeypatch.setattr(downloader, "MAX_RETRIES", 0)  # TFDS tries for three minutes.
    with pytest.raises(UserError) as error:
        build("pix2pix_cityscapes")
    message = str(error.value)
    assert message.startswith(f"{paired_archive.HOST}/cityscapes.tar.gz could not be downloaded (")
    assert ("HTTP code: 404" if reachable else "Connection refused") in message
    assert "get cityscapes.tar.gz from there by other means" in message
    assert message.endswith(f"and put it into {tmp_path / 'data' / 'downloads' / 'manual'}.")
    assert "\n" not in message


def test_the_manual_directory_of_a_failed_download_is_the_one_that_was_given(build, host, tmp_path):
    other = unpack(tmp_path / "manual", {"other.tar.gz": b""})
    with pytest.raises(UserError, match=f"put it into {other}.$"):
        build("maps", other)


# What is wrong with an archive


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (encode(draw(0, (16, 33)), "png"), "train/bad.png in {} is 33 pixels wide, so its halves differ in size"),
        (side_by_side(0, "png")[:200], "train/bad.png in {} cannot be decoded"),
        (b"not an image", "train/bad.png in {} cannot be decoded (not an image that can be read)"),
    ],
)
def test_a_bad_image_is_named(build, tmp_path, content, message):
    manual = pack(tmp_path / "manual", "maps", {**authors_files("maps"), "maps/train/bad.png": content})
    with pytest.raises(UserError) as error:
        build("maps", manual)
    assert message.format(manual / "maps.tar.gz") in str(error.value)


@pytest.mark.parametrize("damage", ["cut short", "another file"])
def test_a_broken_archive_is_named(build, tmp_path, damage):
    manual = pack(tmp_path / "manual", "maps", authors_files("maps"))
    archive = manual / "maps.tar.gz"
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2] if damage == "cut short" else b"<html>moved</html>")
    with pytest.raises(UserError, match=f"^{archive} cannot be unpacked .* download it again.$"):
        build("maps", manual)


def test_an_archive_without_images_is_named(build, tmp_path):
    manual = pack(tmp_path / "manual", "maps", {"maps/README": b"moved"})
    with pytest.raises(UserError, match="holds no images"):
        build("maps", manual)


# Victorian400


def zipped(folder, files):
    """Writes {path: bytes} as Kaggle's victorian400.zip into a folder, which it returns."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "victorian400.zip", "w") as file:
        for path, content in files.items():
            file.writestr(path, content)
    return folder


def unzipped(folder, files):
    """The same as the folder victorian400."""
    unpack(folder / "victorian400", files)
    return folder


@pytest.mark.parametrize("put", [zipped, unzipped])
def test_victorian400_pairs_gray_with_color_by_name(build, tmp_path, put):
    files = victorian_files(20)
    builder = build("victorian400", put(tmp_path / "manual", files))
    assert {split: info.num_examples for split, info in builder.info.splits.items()} == {"train": 18, "val": 2}
    expected = {
        tuple(images.read_image(io.BytesIO(files[f"{folder}/{name}.png"])).tobytes() for folder in ("gray", "resized"))
        for name in ("09", "19")  # Every tenth.
    }
    assert halves(builder, "val") == expected


def test_victorian400_says_where_to_get_it(build, tmp_path):
    with pytest.raises(UserError) as error:
        build("victorian400")
    assert "get victorian400.zip from https://www.kaggle.com/datasets/elibooklover/victorian400" in str(error.value)
    assert str(error.value).endswith(f"put it into {tmp_path / 'data' / 'downloads' / 'manual'}.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gray/07.png": None}, "has 07 in only one of its folders gray and resized"),
        ({"resized/99.png": encode(draw(0), "png")}, "has 99 in only one of its folders gray and resized"),
        ({"gray/07.png": encode(draw(0, (8, 8)), "png")}, "resized/07.png in .* has another size than its partner"),
        (dict.fromkeys(path for path in victorian_files() if "original" not in path), "has no images in folders"),
    ],
)
def test_victorian400_names_what_does_not_fit(build, tmp_path, change, message):
    files = {path: content for path, content in {**victorian_files(), **change}.items() if content is not None}
    with pytest.raises(UserError, match=message):
        build("victorian400", zipped(tmp_path / "manual", files))


# From the command line


@pytest.fixture
def tfds_build(tmp_path, monkeypatch):
    """Runs `tfds build` in a folder: arguments → (exit status, output and errors in one)."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))  # For train.py too, if it is asked for after this.

    def run(cwd, *arguments):
        command = [sys.executable, *TFDS_BUILD, *arguments]
        done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    return run


@pytest.mark.slow
def test_tfds_build_takes_an_installed_builder(tfds_build, tmp_path):
    manual = pack(tmp_path / "manual", "maps", authors_files("maps"))
    module = "pix2pix_tf.datasets.maps.maps_dataset_builder"
    status, output = tfds_build(tmp_path, "maps", f"--imports={module}", f"--manual_dir={manual}")
    assert status == 0, output
    assert "tfds.core.DatasetInfo(" in output and "name='maps'" in output


@pytest.mark.slow
@pytest.mark.skipif(not REAL_FACADES.is_dir(), reason=f"the CMP facades are not in {REAL_FACADES}")
def test_facades_from_the_authors_archive_to_a_trained_run(tfds_build, run_train_py, tmp_path):
    manual = tmp_path / "manual"
    manual.mkdir()
    with tarfile.open(manual / "facades.tar.gz", "w:gz") as tar:
        for split, count in (("train", 6), ("val", 3)):
            for path in sorted((REAL_FACADES / split).iterdir())[:count]:
                tar.add(path, f"facades/{split}/{path.name}")

    folder = REPOSITORY / "datasets" / "facades"
    status, output = tfds_build(folder, f"--manual_dir={manual}")
    assert status == 0, output

    flags = ["--image_size=64", "--base_filters=2", "--receptive_field=16", "--steps=2", "--log_every=1"]
    status, output, errors = run_train_py("--dataset=facades", *flags, f"--workdir={tmp_path / 'run'}")
    assert status == 0, errors
    assert "facades: TFDS builder, 6 train, 3 val; translate B → A" in output
    assert '"step": 2' in (tmp_path / "run" / "metrics.jsonl").read_text()


def draw_dummy_data():
    """Writes the dummy_data of every builder."""
    for number, (name, archive) in enumerate(ARCHIVES.items(), start=1):
        paths = list(authors_files(archive))
        if name in ("facades", "night2day"):
            paths.append(f"{archive}/test/1.jpg")
        # Seeds of its own for each builder: a duplicate looks like a copy of somebody's.
        _rewrite(name, {path: side_by_side(100 * number + i) for i, path in enumerate(paths)})
    _rewrite("victorian400", {f"victorian400/{path}": content for path, content in victorian_files().items()})


def _rewrite(name, files):
    folder = REPOSITORY / "datasets" / name / "dummy_data"
    shutil.rmtree(folder, ignore_errors=True)
    unpack(folder, files)


if __name__ == "__main__":
    draw_dummy_data()

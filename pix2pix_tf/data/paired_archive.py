"""What the TFDS builders of downloaded pairs share: finding an archive, reading it, the features `a` and `b`.

An archive is taken from TFDS's manual directory (`<data_dir>/downloads/manual` unless `--manual_dir` says otherwise)
if it is there, packed or unpacked; otherwise it is downloaded. It is read as a stream, and nothing is unpacked to disk.
"""

import contextlib
import dataclasses
import inspect
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds
from etils import epath

from pix2pix_tf import images
from pix2pix_tf.errors import UserError
from pix2pix_tf.utils.image_files import EXTENSIONS

HOST = "http://efrosgans.eecs.berkeley.edu/pix2pix/datasets"


@dataclasses.dataclass(frozen=True)
class Archive:
    """Images in the folders of a .tar.gz or .zip file, or of the folder that it unpacks to."""

    path: epath.Path
    dl_manager: tfds.download.DownloadManager

    def names(self) -> dict[str, list[str]]:
        """The names of the images in each folder: {"train": ["1.jpg", …], "val": …}."""
        names = {}
        with self._errors_as_sentences():
            for file, _ in self._files():
                names.setdefault(file.parent.name, []).append(file.name)
        return {folder: sorted(names[folder]) for folder in sorted(names)}

    def images_in(self, folder: str) -> Iterator[tuple[str, np.ndarray]]:
        """Yields (name, RGB uint8 [H, W, 3]) of each image in a folder, in the archive's order."""
        with self._errors_as_sentences():
            for file, read in self._files():
                if file.parent.name == folder:
                    yield file.name, images.read_image(io.BytesIO(read()), self.describe(folder, file.name))

    def describe(self, folder: str, name: str) -> str:
        """What to call an image in an error."""
        return f"{folder}/{name} in {self.path}"

    def _files(self) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
        """Yields (path inside, function that reads it) of each image; hidden files are left out."""
        if self.path.is_dir():
            files = ((path.relative_to(self.path), path.read_bytes) for path in Path(self.path).rglob("*"))
        else:
            files = ((PurePosixPath(path), file.read) for path, file in self.dl_manager.iter_archive(self.path))
        for path, read in files:
            if path.suffix.lower() in EXTENSIONS and not path.name.startswith("."):
                yield path, read

    @contextlib.contextmanager
    def _errors_as_sentences(self):
        try:
            yield
        except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
            reason = str(error).partition("\n")[0].rstrip(":")
            raise UserError(f"{self.path} cannot be unpacked ({reason}); remove it and download it again.") from error


def in_manual_dir(dl_manager: tfds.download.DownloadManager, *names: str) -> Archive | None:
    """The first of these files and folders that lies in TFDS's manual directory; None if there is none."""
    try:
        folder = dl_manager.manual_dir
    except AssertionError:  # So TFDS says that the directory does not exist or is empty.
        return None
    return next((Archive(folder / name, dl_manager) for name in names if (folder / name).exists()), None)


def manual_dir_to_fill(dl_manager: tfds.download.DownloadManager) -> str:
    """The path of TFDS's manual directory, for an error; TFDS tells it publicly only if there is something in it."""
    return os.fspath(dl_manager._manual_dir or "TFDS's manual directory")


class PairBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Features `a` and `b`: RGB uint8 [H, W, 3], 0 to 255, the two of a pair of the same size.

    They are stored as PNG, which keeps to the last bit what the downloaded image decodes to. Compressing the halves
    of a JPEG image as JPEG once more would change them, and blur the colors of label maps a second time.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "Initial release."}
    HOMEPAGE = "https://phillipi.github.io/pix2pix/"
    METADATA: ClassVar[dict[str, list]] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # TFDS would look below the package pix2pix_tf, where an editable installation has no folder `datasets`.
        cls.code_path = epath.Path(inspect.getfile(cls))
        cls.pkg_dir_path = cls.code_path.parent

    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Image(shape=(None, None, 3), encoding_format="png")
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"a": image, "b": image}),
            supervised_keys=None,
            homepage=self.HOMEPAGE,
            metadata=tfds.core.MetadataDict(self.METADATA) if self.METADATA else None,
        )


class PairedArchiveBuilder(PairBuilder, skip_registration=True):
    """A data set of the pix2pix paper: HOST/ARCHIVE.tar.gz, one folder of side-by-side images for each split.

    Feature `a` is the left half and `b` the right one. The splits are the folders that the archive has.
    """

    MANUAL_DOWNLOAD_INSTRUCTIONS = f"""\
    Only where the download fails: the .tar.gz file of this data set from {HOST}, or the folder that it unpacks to.
    """
    ARCHIVE: ClassVar[str]

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        archive = in_manual_dir(dl_manager, f"{self.ARCHIVE}.tar.gz", self.ARCHIVE) or self._download(dl_manager)
        splits = archive.names()
        if not splits:
            raise UserError(f"{archive.path} holds no images; it should have them in folders such as train and val.")
        return {split: self._generate_examples(archive, split) for split in splits}

    def _download(self, dl_manager):
        url = f"{HOST}/{self.ARCHIVE}.tar.gz"
        try:
            return Archive(dl_manager.download(url), dl_manager)
        except (OSError, tfds.download.DownloadError) as error:
            raise UserError(
                f"{url} could not be downloaded ({error}); get {self.ARCHIVE}.tar.gz from there by other means, "
                f"or a copy from elsewhere, and put it into {manual_dir_to_fill(dl_manager)}."
            ) from error

    def _generate_examples(self, archive, split):
        """Yields (file name, example)."""
        for name, image in archive.images_in(split):
            a, b = images.split_pair(image, archive.describe(split, name))
            yield name, {"a": a, "b": b}

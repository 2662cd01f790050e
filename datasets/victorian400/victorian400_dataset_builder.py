"""victorian400: illustrations of the 19th century, in gray and in color."""

from pathlib import PurePath

import tensorflow_datasets as tfds

from pix2pix_tf.data import paired_archive
from pix2pix_tf.errors import UserError

HOMEPAGE = "https://www.kaggle.com/datasets/elibooklover/victorian400"
GRAY, COLOR = "gray", "resized"  # The folders of the archive; a third, `original`, has images of many sizes.
HELD_OUT = 10  # Every tenth name, in alphabetical order, belongs to the split `val`.


class Builder(paired_archive.PairBuilder):
    """Feature `a` is the illustration in gray and `b` the same in color, so that a to b is to colorize."""

    HOMEPAGE = HOMEPAGE
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"""\
    Get victorian400.zip from {HOMEPAGE}, which needs an account; leave it packed, or unpack it into victorian400.
    """

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        archive = paired_archive.in_manual_dir(dl_manager, "victorian400.zip", "victorian400")
        if archive is None:
            raise UserError(
                f"victorian400 cannot be downloaded without an account; get victorian400.zip from {HOMEPAGE} "
                f"and put it into {paired_archive.manual_dir_to_fill(dl_manager)}."
            )
        stems = _paired_stems(archive)
        val = set(stems[HELD_OUT - 1 :: HELD_OUT])
        return {
            "train": self._generate_examples(archive, set(stems) - val),
            "val": self._generate_examples(archive, val),
        }

    def _generate_examples(self, archive, stems):
        """Yields (file name without ending, example) of the pairs with these names."""
        gray = {PurePath(name).stem: image for name, image in archive.images_in(GRAY)}
        for name, color in archive.images_in(COLOR):
            stem = PurePath(name).stem
            if stem in stems:
                if gray[stem].shape != color.shape:
                    raise UserError(
                        f"{archive.describe(COLOR, name)} has another size than its partner in {GRAY}; "
                        "the two of a pair must have the same size."
                    )
                yield stem, {"a": gray[stem], "b": color}


def _paired_stems(archive):
    """The names of the images without their endings, sorted; the same in both folders."""
    names = archive.names()
    gray, color = ({PurePath(name).stem for name in names.get(folder, ())} for folder in (GRAY, COLOR))
    if alone := sorted(gray ^ color):
        raise UserError(
            f"{archive.path} has {alone[0]} in only one of its folders {GRAY} and {COLOR} "
            f"({len(alone)} such images); get it anew."
        )
    if not gray:
        raise UserError(f"{archive.path} has no images in folders {GRAY} and {COLOR}; get victorian400.zip anew.")
    return sorted(gray)

"""victorian400: illustrations of the 19th century, in grey and in colour."""

from pathlib import PurePath

import tensorflow_datasets as tfds

from pix2pix_tf.data import paired_archive
from pix2pix_tf.errors import UserError

HOMEPAGE = "https://www.kaggle.com/datasets/elibooklover/victorian400"
GREY, COLOUR = "gray", "resized"  # The folders of the archive; a third, `original`, has pictures of many sizes.
HELD_OUT = 10  # Every tenth name, in alphabetical order, belongs to the split `val`.


class Builder(paired_archive.PairBuilder):
    """Feature `a` is the illustration in grey and `b` the same in colour, so that a to b is to colourise."""

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
        grey = {PurePath(name).stem: picture for name, picture in archive.pictures(GREY)}
        for name, colour in archive.pictures(COLOUR):
            stem = PurePath(name).stem
            if stem in stems:
                if grey[stem].shape != colour.shape:
                    raise UserError(
                        f"{archive.describe(COLOUR, name)} has another size than its partner in {GREY}; "
                        "the two of a pair must have the same size."
                    )
                yield stem, {"a": grey[stem], "b": colour}


def _paired_stems(archive):
    """The names of the pictures without their endings, sorted; the same in both folders."""
    names = archive.names()
    grey, colour = ({PurePath(name).stem for name in names.get(folder, ())} for folder in (GREY, COLOUR))
    if alone := sorted(grey ^ colour):
        raise UserError(
            f"{archive.path} has {alone[0]} in only one of its folders {GREY} and {COLOUR} "
            f"({len(alone)} such pictures); get it anew."
        )
    if not grey:
        raise UserError(f"{archive.path} has no pictures in folders {GREY} and {COLOUR}; get victorian400.zip anew.")
    return sorted(grey)

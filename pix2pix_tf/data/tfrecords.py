"""Records by number from TFRecord files, the format that TFDS prepares by default."""

import os
import struct

# A record in a file: its length as uint64, a checksum of that, its bytes, a checksum of these.
_LENGTH = struct.Struct("<Q")
_BEFORE, _AFTER = _LENGTH.size + 4, 4


class TFRecords:
    """The records of one split of a prepared TFDS data set, like TFDS's own data sources for other formats.

    The files are walked through once, from length to length, to know where each record lies; nothing stays in memory
    but these places, and nothing stays open.
    """

    def __init__(self, builder, split: str, decoders: dict):
        self._features = builder.info.features
        self._decoders = decoders
        self._places = [place for path in builder.info.splits[split].filepaths for place in _places(os.fspath(path))]

    def __len__(self):
        return len(self._places)

    def __getitem__(self, number: int) -> dict:
        path, start, length = self._places[number]
        with open(path, "rb") as file:
            file.seek(start)
            return self._features.deserialize_example_np(file.read(length), decoders=self._decoders)


def _places(path):
    """Yields (path, start, length) of each record in a file."""
    start = _BEFORE
    with open(path, "rb") as file:
        while head := file.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head)
            yield path, start, length
            file.seek(start + length + _AFTER)
            start += length + _AFTER + _BEFORE

"""The body of a REST request, plain or gzip, up to a limit that counts what is unpacked."""

import zlib

from grpc import StatusCode

from pix2pix_tf.serving.refusals import Refused, invalid
from pix2pix_tf.serving.workers import MAX_BYTES

PIECE = 2**20  # bytes that are unpacked at a time
MAX_MEMBERS = 10_000  # of a gzip stream; each takes time, if it is empty too


async def read_body(request, hold) -> bytes:
    """The body of a Starlette request, unpacked if its Content-Encoding is gzip, as TensorFlow Serving does.

    A body that is too large is read to its end, or its sender would not see the response, but not kept.

    Args:
      request: the Starlette request.
      hold: called with the size of each part before it is kept (see `Workers.holding`).

    Raises:
      Refused: it is too large, is damaged, or has another encoding.
    """
    encoding = ",".join(request.headers.getlist("content-encoding")).strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise invalid(f"Content-Encoding must be gzip or identity. Received: {encoding[:50]!r}")
    gzip = None if encoding == "identity" else _Gzip()
    kept, sent, unpacked = bytearray(), 0, 0
    async for part in request.stream():
        sent += len(part)
        if max(sent, unpacked) > MAX_BYTES:
            kept.clear()
            continue
        for piece in gzip.unpack(part) if gzip else [part]:
            unpacked += len(piece)
            if unpacked > MAX_BYTES:
                break
            hold(len(piece))
            kept += piece
    if max(sent, unpacked) > MAX_BYTES:
        has = f"{sent} bytes" if sent > MAX_BYTES else "more, unpacked"
        raise Refused(StatusCode.RESOURCE_EXHAUSTED, f"the body has {has}; up to {MAX_BYTES} are allowed")
    if gzip and not gzip.is_whole:
        raise invalid("the body is not gzip, or is cut short; send it whole, or without Content-Encoding")
    return bytes(kept)


class _Gzip:
    """A gzip stream of one or more members, one behind the other (RFC 1952), that is unpacked part by part."""

    def __init__(self):
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1

    @property
    def is_whole(self):
        """Whether the last member has come to its end."""
        return self._member.eof

    def unpack(self, part):
        """Yields what a part holds, in pieces of at most PIECE bytes."""
        while part:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
                self._members += 1
            if self._members > MAX_MEMBERS:
                raise invalid(f"the body has more than {MAX_MEMBERS} gzip members; send it as one")
            try:
                yield self._member.decompress(part, PIECE)
            except zlib.error as error:
                raise invalid(f"the body is not gzip ({error}); send it without Content-Encoding") from error
            part = self._member.unconsumed_tail or self._member.unused_data

"""The body of a REST request, plain or gzip, up to a limit that counts what is unpacked."""

import zlib

from grpc import StatusCode

from pix2pix_tf.serving.refusals import Refused, invalid
from pix2pix_tf.serving.workers import MAX_BYTES

PIECE = 2**20  # bytes that are unpacked at a time


async def read_body(request, hold) -> bytes:
    """The body of a Starlette request, unpacked if its Content-Encoding is gzip, as TensorFlow Serving does.

    A body that is too large is read to its end, or its sender would not see the response, but not kept.

    Args:
      request: the Starlette request.
      hold: called with the size of each part before it is kept (see `Workers.holding`).

    Raises:
      Refused: it is too large, is damaged, or has another encoding.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise invalid(f"Content-Encoding must be gzip or identity. Received: {encoding[:50]!r}")
    unpacker = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    kept, size = bytearray(), 0
    async for part in request.stream():
        for piece in _unpacked(part, unpacker) if unpacker and size <= MAX_BYTES else [part]:
            size += len(piece)
            if size > MAX_BYTES:
                kept.clear()
                break
            hold(len(piece))
            kept += piece
    if size > MAX_BYTES:
        has = f"{size} bytes" if not unpacker else "more, unpacked"
        raise Refused(StatusCode.RESOURCE_EXHAUSTED, f"the body has {has}; up to {MAX_BYTES} are allowed")
    if unpacker and not unpacker.eof:
        raise invalid("the body is not gzip, or is cut short; send it whole, or without Content-Encoding")
    return bytes(kept)


def _unpacked(part, unpacker):
    """Yields what a part of a gzip stream holds, in pieces."""
    while part:
        try:
            yield unpacker.decompress(part, PIECE)
        except zlib.error as error:
            raise invalid(f"the body is not gzip ({error}); send it without Content-Encoding") from error
        part = unpacker.unconsumed_tail

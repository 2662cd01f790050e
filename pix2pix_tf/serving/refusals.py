"""Why a request is refused: one exception, and the HTTP status of each of its codes."""

from grpc import StatusCode

# As TensorFlow Serving maps them, but for the last: there, a body may be of any size, and the code means 429.
HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.RESOURCE_EXHAUSTED: 413,
}


LONGEST = 500  # characters of a sentence, which gRPC sends as a header; a name in it may have any length


class Refused(Exception):
    """A request that gets a code and a sentence in the place of outputs.

    Attributes:
      code: a `grpc.StatusCode`, one of HTTP_STATUS.
      sentence: what was wrong, what is allowed; cut to LONGEST.
    """

    def __init__(self, code: StatusCode, sentence: str):
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 1] + "…"


def invalid(sentence: str) -> Refused:
    """The most frequent one: the request itself is wrong."""
    return Refused(StatusCode.INVALID_ARGUMENT, sentence)

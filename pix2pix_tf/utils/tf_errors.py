"""What TensorFlow's error messages say, without its account of where in the graph it happened."""

import re


def disk_reason(error: Exception) -> str:
    """Why a file could not be written, in the words of an OSError or a TensorFlow OpError: "Permission denied"."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return re.sub(r" \[Op:\w+\].*", "", str(error).splitlines()[0].rpartition(";")[2]).strip()[:100]


def sentence_of(error: Exception) -> str:
    """What an error says in one line: of TensorFlow's, without its account of where in the graph it happened."""
    message = str(error)
    if text := assertion_text(message):
        return text
    lines = [line.strip() for line in message.splitlines() if line.strip() and not line.startswith("\t")]
    line = next((line for line in lines if not line.startswith("Graph execution error")), type(error).__name__)
    return re.sub(r"^\{\{.*?\}\} *| \[Op:\w+\].*", "", line)


def assertion_text(message: str) -> str | None:
    """The first text of a failed `Assert` operation; None if the message is of another error."""
    found = re.search(r"assertion failed: \[(.*?)\](?=\s*(?:\[|\n|$))", message)
    return found[1] if found else None

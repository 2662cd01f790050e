"""What TensorFlow's error messages say, without its account of where in the graph it happened."""

import re


def assertion_text(message: str) -> str | None:
    """The first text of a failed `Assert` operation; None if the message is of another error."""
    found = re.search(r"assertion failed: \[(.*?)\](?=\s*(?:\[|\n|$))", message)
    return found[1] if found else None

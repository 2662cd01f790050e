"""Host names: which a server answers to, so that no page from elsewhere reaches it under a name of its own."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name or address is that of this very machine: localhost, 127.0.0.1, ::1 and their like."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")


def answered_hosts(listening: str, allowed: list[str]) -> list[str]:
    """The `allowed_hosts` of Starlette's TrustedHostMiddleware.

    Args:
      listening: the address that the server listens on. On a loopback address it answers to loopback names, and on
        another one to all names, if none are allowed.
      allowed: further names that the user gave.
    """
    if not is_loopback(listening):
        return allowed or ["*"]
    return ["localhost", "*.localhost", "127.0.0.1", "::1", "[::1]", listening, *allowed]

"""Where a server listens, and which host names it answers to: only some, against DNS rebinding."""

import errno
import ipaddress
import re
import socket

from pix2pix_tf.errors import UserError


def listen(host: str, port: int, flag: str) -> socket.socket:
    """A socket that listens on an address; `flag` is the name of the port's. UserError if the address cannot be had."""
    try:
        if not host:  # Which would be all addresses.
            raise OSError(errno.EADDRNOTAVAIL, "--host is empty")
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, TypeError) as error:  # TypeError: of a name that no address can hold.
        reason = (getattr(error, "strerror", "") or "no host name").partition(" (")[0]  # The rest repeats the address.
        raise UserError(
            f"Nothing can listen on {address(host, port)} ({reason}); give another --{flag} or --host."
        ) from error


def address(host: str, port: int) -> str:
    """`host:port`, as it stands in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is that of this very machine: localhost, 127.0.0.1, ::1 and their like."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost")


def answered_hosts(listening: str, allowed: list[str]) -> list[str]:
    """The `allowed_hosts` of Starlette's TrustedHostMiddleware: loopback names, and further names that the user gave.

    A server that listens on another address than a loopback one answers to all names, if none were given.

    Raises:
      UserError: what was given is no host name.
    """
    for name in allowed:
        if not re.fullmatch(r"\*|(\*\.)?[\w.-]+|\[[\da-fA-F:.]+\]", name, re.ASCII):
            raise UserError(
                "--allow_host must be a host name without scheme and port, *.NAME for all below it, or * for any. "
                f"Received: {name!r}."
            )
    if not is_loopback(listening) and not allowed:
        return ["*"]
    own = f"[{listening}]" if ":" in listening else listening
    return ["localhost", "*.localhost", "127.0.0.1", "[::1]", own, *allowed]

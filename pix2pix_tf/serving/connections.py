"""What connecting to a server needs: its address, the proxy on the way, one time limit, why it failed."""

import queue
import threading
import urllib.parse
import urllib.request

import requests

from pix2pix_tf.utils.hosts import is_loopback


def is_url(text: str) -> bool:
    """Whether a text is an address for HTTP whose host and port can be told."""
    try:
        parts = urllib.parse.urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def proxy_of(url: str, *schemes: str) -> str:
    """The proxy that the environment has for a server; "" for one on this very machine, which is asked directly."""
    host = urllib.parse.urlsplit(url).hostname or ""
    if is_loopback(host) or host in ("0.0.0.0", "::") or requests.utils.should_bypass_proxies(url, None):
        return ""
    proxies = urllib.request.getproxies()
    return next((proxies[scheme] for scheme in schemes if scheme in proxies), "")


def within(seconds: float, function):
    """function(), run in a thread; TimeoutError if that takes longer, as each single read may be in time."""
    done = queue.SimpleQueue()

    def run():
        try:
            done.put((function(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error:
        raise error
    return result


def innermost_reason(error: Exception) -> str:
    """What an error of requests comes from, such as "Connection refused"."""
    while error.__context__:
        error = error.__context__
    reason = getattr(error, "strerror", None) or str(error)
    return reason if reason.isprintable() else "it does not speak HTTP"

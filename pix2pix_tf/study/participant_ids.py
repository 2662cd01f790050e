"""Who a request is from: a token in a cookie, signed by the study, so that nobody takes part under an invented one."""

import hashlib
import hmac
import re
import secrets

YEAR = 365 * 24 * 3600


class ParticipantIds:
    """The cookies of a study; cookies do not tell ports apart, so that each study has one of its own name."""

    def __init__(self, study: str, seed: int):
        """`study` is the study's name; it and `seed` are known to the answers file only."""
        self._cookie, self._key = f"study-{study}", f"{study} {seed}".encode()

    def token_of(self, request, is_known) -> str | None:
        """The token of a Starlette request; None if it has none that this study signed.

        `is_known` tells whether a token takes part already: perhaps since a time when tokens were not signed.
        """
        token, _, signature = request.cookies.get(self._cookie, "").partition(".")
        if not re.fullmatch(r"[\w-]{22}", token, re.ASCII):
            return None
        genuine = hmac.compare_digest(signature.encode(), self._signature(token).encode())
        return token if genuine or (not signature and is_known(token)) else None

    def give(self, request, response) -> None:
        """Sets the cookie of a new participant."""
        token = secrets.token_urlsafe(16)
        response.set_cookie(
            self._cookie,
            f"{token}.{self._signature(token)}",
            max_age=YEAR,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def _signature(self, token):
        return hmac.new(self._key, token.encode(), hashlib.sha256).hexdigest()[:32]

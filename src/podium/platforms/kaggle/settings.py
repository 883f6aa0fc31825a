"""Where the API is and how long to wait for it: two settings in the environment.

KAGGLE_API_ENDPOINT  another server that speaks Kaggle's API below /api/v1, e.g. http://127.0.0.1:8080; plain HTTP on
                     loopback only, as credentials are sent to it
KAGGLE_API_TIMEOUT   seconds without a byte after which a call is given up (60)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from podium.errors import UserError

SITE = "https://www.kaggle.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_S, CONNECT_S = 60.0, 15.0


@dataclass(frozen=True)
class Settings:
    """`endpoint` None: Kaggle's own."""

    endpoint: str | None = None
    timeout_s: float = TIMEOUT_S

    @property
    def timeouts(self) -> tuple[float, float]:
        """(to connect, between two bytes), seconds."""
        return min(CONNECT_S, self.timeout_s), self.timeout_s


def configured() -> Settings:
    """Raises UserError where a setting cannot be meant."""
    endpoint = os.environ.get("KAGGLE_API_ENDPOINT", "").rstrip("/") or None
    if endpoint is not None:
        parts = urlsplit(endpoint)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme, parts.hostname in LOOPBACK) == ("http", True)
        ):
            raise UserError(
                "KAGGLE_API_ENDPOINT would send credentials in the clear",
                expected="https://HOST, or http:// on loopback",
                found=endpoint,
            )
    text = os.environ.get("KAGGLE_API_TIMEOUT", "")
    try:
        timeout = float(text) if text else TIMEOUT_S
    except ValueError:
        timeout = 0.0
    if not 0 < timeout < float("inf"):
        raise UserError("KAGGLE_API_TIMEOUT cannot be used", expected="seconds, more than 0", found=text)
    return Settings(endpoint, timeout)


def rules_page(slug: str) -> str:
    return f"{SITE}/competitions/{slug}/rules"


def submissions_page(slug: str) -> str:
    """Where a person chooses the final submissions."""
    return f"{SITE}/competitions/{slug}/submissions"

"""Secrets: made here, shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets

PREFIX = "podium_"  # so that a scanner of repositories can tell what leaked


def new_token() -> str:
    """256 random bits, URL-safe."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """SHA-256 in hex. A guess at 256 random bits is hopeless, so neither salt nor a slow hash adds anything; and as the
    hash is what is looked up, how long a comparison takes tells nothing of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(session: str) -> str:
    """The token that a session's forms carry: whoever cannot read the cookie cannot make it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())

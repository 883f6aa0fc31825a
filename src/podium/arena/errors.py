"""Why the arena says no: each with an HTTP status, a fixed code for programs, and one line for people.

No message says anything of hidden answers or private scores.
"""

from __future__ import annotations

from typing import Any

from podium.errors import PodiumError


class ArenaError(PodiumError):
    """Root of the arena's refusals. `details` are facts for programs, such as `resets_at`."""

    exit_code = 2
    status = 400
    code = "bad_request"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class NotFound(ArenaError):
    status, code = 404, "not_found"


class BadInput(ArenaError):
    """A name, a tag or an address that is not well-formed."""

    status, code = 422, "bad_input"


class Unauthorised(ArenaError):
    """No token, or one that nobody has."""

    status, code = 401, "unauthorised"


class Banned(ArenaError):
    status, code, exit_code = 403, "banned", 3


class NotJoined(ArenaError):
    """The rules of this contest are not accepted yet."""

    status, code, exit_code = 403, "not_joined", 3


class Ended(ArenaError):
    """The deadline has passed."""

    status, code, exit_code = 403, "ended", 3


class QuotaUsed(ArenaError):
    """`details["resets_at"]` says when it is renewed."""

    status, code, exit_code = 429, "quota_used", 3


class TooFast(ArenaError):
    """`details["retry_after_s"]` says when to come back."""

    status, code, exit_code = 429, "too_fast", 3


class Conflict(ArenaError):
    """A name that is taken; a tag that was used for another file."""

    status, code, exit_code = 409, "conflict", 3


class TooLarge(ArenaError):
    status, code = 413, "too_large"


class BadFile(ArenaError):
    """Not a CSV file, nor one packed by gzip or zip."""

    status, code = 422, "bad_file"


class Forged(ArenaError):
    """A form that this session's pages did not make."""

    status, code = 403, "forged"


class Closed(ArenaError):
    """The host makes the accounts."""

    status, code, exit_code = 403, "registration_closed", 3


class Failed(ArenaError):
    """A fault of the server's own, of which a contestant learns nothing more."""

    status, code, exit_code = 500, "failed", 1

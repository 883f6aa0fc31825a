"""From what the client raises to what the protocol knows. Texts of `requests` are never passed on: they quote signed addresses.

                        a question     before a submission    the submission itself
no connection           Unreachable    Unreachable            Unreachable (it never left)
time-out, reset, 5xx    Unreachable    Unreachable            AmbiguousSend
unreadable answer       Unreachable    Unreachable            AmbiguousSend
429                     Unreachable    Unreachable            Unreachable, each with its wait
401, 403 (the rules)    UserError      UserError              UserError, with the page that mends it
other 4xx               UserError      Refused                Refused
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from podium.errors import Refused, UserError
from podium.platforms.kaggle.credentials import PAGE
from podium.platforms.kaggle.settings import rules_page
from podium.platforms.platform import AmbiguousSend, Unreachable

Step = Literal["ask", "prepare", "send"]
SAID_CHARS = 300
REDO = (408, 425)  # statuses of the 400s that say nothing about the request


def translated(problem: Exception, what: str, slug: str, step: Step) -> Exception:
    """What to raise for `problem`, met while doing `what`."""
    import requests

    if isinstance(problem, requests.exceptions.HTTPError) and problem.response is not None:
        return _status(problem.response, what, slug, step)
    if step == "send" and not _never_left(problem):
        return AmbiguousSend(f"Kaggle's answer was lost while {what} ({_kind(problem)})")
    if isinstance(problem, requests.exceptions.RequestException):
        return Unreachable(f"Kaggle cannot be reached while {what} ({_kind(problem)})")
    return Unreachable(f"Kaggle's answer could not be read while {what} ({_kind(problem)}); is `kaggle` up to date?")


def _status(response: Any, what: str, slug: str, step: Step) -> Exception:
    status, said = heard(response)
    words = f"Kaggle said no while {what} ({status}{': ' + said if said else ''})"
    if status == 429:
        return Unreachable(f"Kaggle asks to wait while {what}", retry_after_s(response))
    if status >= 500 or status in REDO:
        if step == "send":
            return AmbiguousSend(f"Kaggle failed while {what} (status {status})")
        return Unreachable(f"Kaggle failed while {what} (status {status})", retry_after_s(response))
    if response.history and step == "send":
        return AmbiguousSend(f"Kaggle sent us elsewhere while {what} (status {status})")
    if response.history:  # it was storage that said no, to an address whose time was up
        return Unreachable(f"Kaggle's storage said no while {what} (status {status})")
    if status == 401:
        return UserError("Kaggle does not take these credentials", remedy=f"make a new token at {PAGE}")
    if status == 403 and slug and "rule" in said.lower():
        return UserError(f"the rules of {slug} are not accepted", remedy=f"accept them at {rules_page(slug)}")
    if status == 403 and slug and (step == "ask" or "permission" in said.lower()):  # also of a name that is not there
        return UserError(words, remedy=f"accept the rules at {rules_page(slug)} if you have not yet, or check the name")
    if step != "ask":
        return Refused(words)
    if status == 404 and slug:
        return UserError(words, expected="the name in the competition's address", found=slug)
    return UserError(words)


def heard(response: Any) -> tuple[int, str]:
    """(status, message) of an error, whose body may say more than its status line."""
    try:
        body = response.json()
    except ValueError:
        body = None
    held: dict[str, Any] = body if isinstance(body, dict) else {}
    code = held.get("code")
    status = code if response.status_code < 400 and isinstance(code, int) else response.status_code
    said = " ".join(str(held.get("message") or "").split())
    return int(status), "".join(one for one in said if one.isprintable())[:SAID_CHARS]


def retry_after_s(response: Any) -> float | None:
    """Seconds from a Retry-After header: a number, or a date on the server's own clock."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    until, now = moment(text), moment(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds()) if until else None


def moment(text: str) -> datetime | None:
    """An HTTP date; None where it is none."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _never_left(problem: Exception) -> bool:
    """No connection was made, so no byte of the request was sent."""
    import requests
    from urllib3.exceptions import NewConnectionError

    if isinstance(problem, requests.exceptions.ConnectTimeout):
        return True
    cause = problem.args[0] if problem.args else None
    return isinstance(problem, requests.exceptions.ConnectionError) and isinstance(
        getattr(cause, "reason", None), NewConnectionError
    )


def _kind(problem: Exception) -> str:
    """In a word or two: connect timeout, connection error."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(problem).__name__).lower()

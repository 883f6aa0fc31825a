"""`podium doctor kaggle`: the client, the credentials, the API. It asks questions only, and shows no credential."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from podium.errors import UserError
from podium.platforms.kaggle import client, credentials, listing
from podium.platforms.kaggle.settings import SITE, configured
from podium.platforms.platform import Unreachable

ASKED = 20  # competitions


def examine() -> dict[str, Any]:
    """As `execution.doctor.examine` gives a part: JSON values, `weaker` among them.

    `state`: absent, no credentials, refused, unreachable, works."""
    found: dict[str, Any] = {"client": _version(), "credentials": None, "endpoint": None, "state": "absent", "account": None,
                             "entered": [], "clock_skew_s": None, "weaker": []}  # fmt: skip
    try:
        client.installed()
        found["state"] = "no credentials"
        account = credentials.find()
        found["credentials"] = account.source
        found["endpoint"] = configured().endpoint or "https://api.kaggle.com"
        found["state"] = "refused"
        _ask(account, found)
        found["state"] = "works"
    except Unreachable as problem:
        found["state"] = "unreachable"
        found["weaker"].append(_weakness(str(problem), "check the network, and https://www.kaggle.com in a browser"))
    except UserError as problem:
        found["weaker"].append(_weakness(str(problem), "see docs/kaggle.md"))
    return found


def _ask(account: credentials.Credentials, found: dict[str, Any]) -> None:
    """Raises UserError where the credentials are not taken, Unreachable."""
    from datetime import UTC, datetime

    from kagglesdk.competitions.types.competition_enums import CompetitionListTab

    with client.Client(credentials=account) as kaggle:
        found["account"] = _account(kaggle, account)
        tab = CompetitionListTab.COMPETITION_LIST_TAB_ENTERED
        answer = kaggle.call("list_competitions", "listing competitions", group=tab, page_size=ASKED)
        found["entered"] = [listing.listed(one).slug for one in (answer.competitions or [])[:ASKED]]
        found["clock_skew_s"] = round((kaggle.now() - datetime.now(UTC)).total_seconds())


def _account(kaggle: client.Client, account: credentials.Credentials) -> str:
    """The user's name; the service says it of a token."""
    if account.token is None:
        return str(account.username)
    told = kaggle.call("introspect_token", "signing in", service="oauth", token=account.token)
    if not told.active:
        raise UserError("Kaggle does not take this token", remedy=f"make a new one at {credentials.PAGE}")
    return str(told.username)


def _weakness(why: str, remedy: str) -> dict[str, str]:
    return {"what": f"no competitions from {SITE.removeprefix('https://www.')}", "why": why, "remedy": remedy}


def _version() -> str | None:
    try:
        return importlib.metadata.version("kagglesdk")
    except importlib.metadata.PackageNotFoundError:
        return None

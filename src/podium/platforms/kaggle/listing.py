"""Competitions that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from podium.platforms.kaggle.client import Client

SHOWN = 20
TABS = {"all": "COMPETITION_LIST_TAB_GENERAL", "entered": "COMPETITION_LIST_TAB_ENTERED"}


@dataclass(frozen=True)
class Listed:
    """`entered`: this account has accepted its rules. `deadline`: ISO 8601, UTC."""

    slug: str
    title: str
    metric: str
    deadline: str
    entered: bool
    daily_submissions: int
    notebooks_only: bool


def competitions(search: str = "", *, entered: bool = False, most: int = SHOWN) -> list[Listed]:
    """What Kaggle shows first. Raises UserError, Unreachable."""
    from kagglesdk.competitions.types.competition_enums import CompetitionListTab

    tab = CompetitionListTab[TABS["entered" if entered else "all"]]
    with Client() as client:
        found = client.call(
            "list_competitions", "listing competitions", search=search or None, group=tab, page_size=most
        )
        return [listed(one) for one in (found.competitions or [])[:most]]


def listed(one: Any) -> Listed:
    slug = str(one.ref or one.url or "").rstrip("/").rsplit("/", 1)[-1]
    return Listed(
        slug, one.title or "", one.evaluation_metric or "", one.deadline.isoformat() + "Z" if one.deadline else "",
        bool(one.user_has_entered), int(one.max_daily_submissions or 0), bool(one.is_kernels_submissions_only),
    )  # fmt: skip

"""`report.html`: one self-contained page about a campaign, from the registry alone. Nothing on it is requested from
anywhere, everything foreign is escaped."""

from __future__ import annotations

from pathlib import Path

from podium import page, whole
from podium.registry import Registry
from podium.report import sections
from podium.report.facts import gather
from podium.report.html import join


def write_report(campaign: Path) -> Path:
    """Write `<campaign>/report.html` atomically and return its path. Raises CampaignError where there is no campaign."""
    return whole.write(campaign / "report.html", render(campaign))


def render(campaign: Path) -> str:
    """The page as text."""
    registry = Registry.open(campaign)
    try:
        facts = gather(campaign, registry)
    finally:
        registry.close()
    body = join(part(facts) for part in sections.ALL)
    return page.render(f"{facts.now['competition']['competition'] or 'campaign'} · Podium", body)

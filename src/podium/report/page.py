"""`report.html`: one self-contained page about a campaign, from the registry alone. Nothing on it is requested from
anywhere, everything foreign is escaped."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from string import Template

from podium.registry import Registry
from podium.report import sections
from podium.report.facts import gather
from podium.report.html import escape, join


def write_report(campaign: Path) -> Path:
    """Write `<campaign>/report.html` atomically and return its path. Raises CampaignError where there is no campaign."""
    path = campaign / "report.html"
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    part.write_text(render(campaign), "utf-8")
    part.replace(path)
    return path


def render(campaign: Path) -> str:
    """The page as text."""
    registry = Registry.open(campaign)
    try:
        facts = gather(campaign, registry)
    finally:
        registry.close()
    body = join(part(facts) for part in sections.ALL)
    title = escape(f"{facts.now['competition']['competition'] or 'campaign'} · Podium")
    assets = resources.files("podium.report") / "assets"
    style = (assets / "page.css").read_text("utf-8")
    return Template((assets / "page.html").read_text("utf-8")).substitute(title=title, style=style, body=body.text)

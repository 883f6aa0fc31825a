"""The competition's pages (description, evaluation, data) as description.md, for intake and for the roles. Data, not orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from podium.errors import UserError
from podium.platforms.kaggle.client import Client

NAME = "description.md"
FIRST = ("description", "abstract", "overview", "evaluation", "data-description", "data")
LEFT_OUT = ("rules", "prizes", "terms")


def write(client: Client, folder: Path) -> None:
    """An archive's own description stays."""
    if not (folder / NAME).exists():
        (folder / NAME).write_text(_text(client), encoding="utf-8")


def _text(client: Client) -> str:
    about = client.call("get_competition", "asking about the competition", competition_name=client.slug)
    parts = [f"# {about.title or client.slug}", *_facts(about)]
    pages = _pages(client)
    parts += [f"## {name.replace('-', ' ').capitalize()}\n\n{text}" for name, text in pages]
    if not pages and about.description:
        parts.append(str(about.description))
    return "\n\n".join(parts) + "\n"


def _pages(client: Client) -> list[tuple[str, str]]:
    """(name, text), the ones that say what is asked first. Where pages are not shown to this account, none."""
    try:
        answer = client.call("list_competition_pages", "reading its pages", competition_name=client.slug)
    except UserError:
        return []
    found = [(str(page.name), str(page.content or "").strip()) for page in answer.pages or []]
    kept = [(name, text) for name, text in found if text and name.lower() not in LEFT_OUT]
    return sorted(kept, key=lambda page: FIRST.index(page[0].lower()) if page[0].lower() in FIRST else len(FIRST))


def _facts(about: Any) -> list[str]:
    facts = [
        ("Metric", about.evaluation_metric),
        ("Deadline", about.deadline.isoformat() + "Z" if about.deadline else None),
        ("Submissions a day", about.max_daily_submissions or None),
        ("Submissions", "notebooks only" if about.is_kernels_submissions_only else None),
    ]
    return ["\n".join(f"- {name}: {value}" for name, value in facts if value)]

"""The account's submissions as Kaggle lists them."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Literal

from podium.platforms.kaggle import tags
from podium.platforms.kaggle.client import Client
from podium.platforms.platform import RemoteSubmission

STATUS: dict[str, Literal["pending", "complete", "error"]] = {
    "PENDING": "pending", "COMPLETE": "complete", "ERROR": "error",
}  # fmt: skip


def submissions(client: Client) -> list[RemoteSubmission]:
    """Oldest first, each once: the list moves on while its pages are read."""
    found = client.pages("list_submissions", "submissions", "listing submissions", competition_name=client.slug)
    by_ref = {one.ref: one for one in found if one is not None}
    remote = [_remote(one) for one in by_ref.values()]
    return sorted(remote, key=lambda one: (one.at, int(one.id)))


def _remote(one: Any) -> RemoteSubmission:
    at = one.date.replace(tzinfo=UTC).isoformat() if one.date else ""
    return RemoteSubmission(
        str(one.ref),
        tags.tag_of(one.description or "", one.file_name or ""),
        at,
        STATUS.get(one.status.name, "pending"),
        score(one.public_score),
        score(one.private_score),
        str(one.error_description or ""),
    )


def score(text: str | None) -> float | None:
    """Scores come as text, empty where there is none."""
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or abs(value) < float("inf") else None

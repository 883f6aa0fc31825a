"""What stands: the file that the campaign is judged by, its own figures, and the vault's word where it displaced the leader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podium.campaign.submission import waiting
from podium.platforms.choose import address_of
from podium.records import from_json
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow


def standing_values(registry: Registry, leader: BlendRow | None) -> dict[str, Any] | None:
    """Of what submission.csv is: a submission, or a file that waits (`tag` "waiting"). None before there is one.

    `leads`: it is `leader`, the best blend by its nested score; `because`: the vault's reason, where it chose another.
    """
    row = waiting.newest(registry)
    if row is None:
        return None
    leads = leader is not None and row.is_of(leader)
    vault_score, because = _chosen(registry, row)
    return {
        "tag": row.tag,
        "file": row.file,
        "state": row.state,
        "score": row.expected,
        "stderr": row.stderr,
        "vault_score": leader.vault_score if leader is not None and leads else vault_score,
        "leads": leads,
        "because": "" if leads else because,
    }


def _chosen(registry: Registry, row: SubmissionRow) -> tuple[float | None, str]:
    """The vault's score of what it chose, and why; nothing where this is not it."""
    stored: Mapping[str, Any] = registry.setting("choice") or {}
    choice = stored.get("choice")
    if choice is None or not row.is_of(from_json(BlendRow, stored["row"])):
        return None, ""
    scores = {one["name"]: one["score"] for one in choice["finalists"]}
    return scores.get(stored["name"]), f"the vault chose the {stored['name']}: {choice['reason']}"


def platform_kind(registry: Registry) -> str:
    """`folder`, `kaggle`, `arena` or `form`."""
    address = address_of(str(registry.setting("source")))
    return "folder" if address is None else address.kind


def state_text(submission: Mapping[str, Any], platform: str) -> str:
    """A submission's state in words. In a folder nothing is uploaded but by a person, whom only a score shows to have done it."""
    if platform == "folder" and submission["state"] == "confirmed":
        return "written" if submission["public_score"] is None else "uploaded"
    return str(submission["state"])

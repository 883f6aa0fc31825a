"""What a person should know of the submissions: in doubt, spoiled, surprising, to be chosen. From the registry alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from podium.campaign.submission import deadline

if TYPE_CHECKING:
    from podium.registry import Registry


def submission_notices(registry: Registry) -> list[str]:
    """One line each; the settings are those of `public_score`, `final_two` and `outage`."""
    lines = []
    for row in registry.submissions.all():
        if row.state in ("sent", "ambiguous"):
            lines.append(
                f"submission {row.tag} may or may not have arrived; it is not sent again until the platform's list, or "
                f"`podium submit DIR --tag {row.tag} --score S` or `--lost`, says which"
            )
        elif row.state == "failed" and row.remote_id is not None:
            lines.append(f"the platform could not score {row.tag}: {row.message}")
    return [*lines, *_outage(registry), *_public(registry), *_final_two(registry)]


def _outage(registry: Registry) -> list[str]:
    found: Mapping[str, Any] = registry.setting("outage") or {}
    return [f"the platform did not answer when it was last asked: {found['reason']}"] if found else []


def _public(registry: Registry) -> list[str]:
    found: Mapping[str, Any] = registry.setting("public_tracking") or {}
    return [str(found["message"])] if found else []


def _final_two(registry: Registry) -> list[str]:
    found: Mapping[str, Any] = registry.setting("final_two") or {}
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    over = deadline.passed((competition.get("brought") or {}).get("deadline"))
    return [str(found["message"])] if found and not over else []

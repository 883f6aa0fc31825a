"""How well the proxy of an unknown score tracks it, by the scores that came back. Reads the registry alone, and is cheap to
import: `podium status` rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.metrics.proxy import Calibration
    from podium.registry import Registry


def calibration(registry: Registry) -> Calibration | None:
    """How well the proxy tracks the score, from what has come back; None before there are three pairs."""
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    if not competition.get("proxy_for"):
        return None
    pairs = registry.proxies.scored()
    names = sorted({name for _, found in pairs for name in found})
    values = {name: [found.get(name, float("nan")) for _, found in pairs] for name in names}
    current = str(competition["metric"])
    if current not in values:
        return None
    from podium.metrics.proxy import calibrate

    direction: Any = competition.get("proxy_direction") or "higher"
    return calibrate(values, [score for score, _ in pairs], current, direction)


def warn(registry: Registry, alive_s: float, round_: int) -> None:
    """One warning event for each other proxy that comes to track the score clearly better."""
    found = calibration(registry)
    if found is None or found.better is None or found.better in (registry.setting("proxy_warned") or []):
        return
    best = found.others[0]
    text = (
        f"{found.better} ranks the {found.n} scored submissions better than {found.current.proxy} does (Kendall's tau "
        f"{best.tau:.2f} against {found.current.tau:.2f}); to optimise it, start a campaign with metric_proxy={found.better}"
    )
    with registry.database.write():
        registry.set("proxy_warned", [*(registry.setting("proxy_warned") or []), found.better])
        registry.events.add(alive_s, round_, "warning", {"message": text})

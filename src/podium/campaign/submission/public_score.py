"""Public scores against what was expected of them; a surprise is said, and sends the referee over what was submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from podium.records import to_json
from podium.referee.leaderboard import PublicTracking, Sent, judge

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry import Registry

KEY = "public_tracking"
REFEREED = "public_refereed"  # the surprises that the referee was sent after
USUAL_SHARE = 0.3  # of test, in the public part, where nobody says


def note(registry: Registry, alive_s: float, round_: int) -> PublicTracking | None:
    """Judge what has come back, and record it; each surprise is one warning. Reads and writes the registry alone. None where
    nothing new came, or where the score's formula is unknown: then no expectation is in its unit."""
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    scored = [row for row in registry.submissions.all() if None not in (row.public_score, row.expected, row.stderr)]
    if not scored or competition.get("proxy_for"):
        return None
    data: Mapping[str, Any] = registry.setting("data") or {}
    n_public = max(1, round(_public_share(competition) * int(data.get("n_test") or 0)))
    sent = [Sent(r.tag, float(r.expected or 0), float(r.stderr or 0), float(r.public_score or 0)) for r in scored]
    sign = 1.0 if competition.get("metric_direction") == "higher" else -1.0
    found = judge(sent, sign, int(data.get("n_train") or 1), n_public)
    before: Mapping[str, Any] = registry.setting(KEY) or {}
    if to_json(found) == before:
        return None
    with registry.database.write():
        registry.set(KEY, found)
        for surprise in found.surprises:
            if surprise not in before.get("surprises", ()):
                registry.events.add(alive_s, round_, "warning", {"message": f"a surprise: {surprise}"})
    return found


def look(engine: Engine) -> None:
    """Take note of what has come; the referee looks at each new surprise once."""
    note(engine.registry, engine.clock.alive_s(), engine.round)
    stored: Mapping[str, Any] = engine.registry.setting(KEY) or {}
    surprises = list(stored.get("surprises", ()))
    if surprises and any(one not in (engine.registry.setting(REFEREED) or ()) for one in surprises):
        said = _referee(engine)
        with engine.registry.database.write():
            engine.registry.set(REFEREED, surprises)
            engine.event("warning", message=f"the referee looked, for a public score surprised: {said}")


def _referee(engine: Engine) -> str:
    """Score the best blend's members once more from their saved predictions, and hold CV against the vault, by predictions
    that are there: no run is begun for it."""
    from podium.campaign import blending  # the runner's house, which imports the engine
    from podium.campaign.estimates.tracking import track_vault
    from podium.referee import rescore

    row = blending.best_blend(engine)
    if row is None:
        return "there is no blend to look at"
    off = []
    for member in row.weights:
        known = engine.registry.experiments.get(member)
        again = rescore(engine.task, engine.truth, engine.store.oof(member), engine.fold_of, groups=engine.store.groups)
        if known is None or known.score is None or abs(again.score - known.score) > 1e-9 * max(1.0, abs(again.score)):
            off.append(member)
    mended = f"{', '.join(off)} do not score as recorded" if off else f"{len(row.weights)} members score as recorded"
    return f"{mended}; {track_vault(engine, row, lambda: 0.0).message}"


def _public_share(competition: Mapping[str, Any]) -> float:
    from podium.campaign.estimates.expectation import private_share

    return 1.0 - private_share(str(competition.get("description") or "")) or USUAL_SHARE

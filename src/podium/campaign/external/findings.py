"""What trials showed of rows from elsewhere, in words, and at which weight a source is tried next. From the registry alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium.campaign.external.fetch import name_of
from podium.registry.external import External, Trial

if TYPE_CHECKING:
    from podium.registry import Registry

WEIGHTS = (1.0, 0.25)  # of a row from elsewhere beside one of the competition's own, in the order they are tried


def next_weight(registry: Registry, source: str) -> float | None:
    """The first weight that this source was not tried at; None where it waits for an outcome, or all were tried."""
    tried = [one for one in registry.external.trials() if one.source == source]
    if any(not one.outcome for one in tried):
        return None
    settled = {one.weight for one in tried if one.outcome != "no time"}
    return next((weight for weight in WEIGHTS if weight not in settled), None)


def findings(registry: Registry) -> tuple[str, ...]:
    """One line for each source of rows: what its newest trial showed, and what follows."""
    trials = registry.external.trials()
    return tuple(
        _finding(registry, one, [trial for trial in trials if trial.source == one.id])
        for one in registry.external.all()
        if one.state == "used" and one.used_as == "rows"
    )


def _finding(registry: Registry, one: External, trials: Sequence[Trial]) -> str:
    name = f"{one.id} ({name_of(one.source)})"
    settled = [trial for trial in trials if trial.outcome]
    if not settled:
        return f"{name}: its {one.rows:,} rows are not used until a trial shows that they pay"
    last = settled[-1]
    words = {"pays": "pay", "hurts": "hurt", "no time": "were not tried in time", "failed": "could not be tried"}
    told = words.get(last.outcome, "do not help beyond chance")
    light = f" at weight {last.weight:g}" if last.weight != 1.0 else ""
    if last.outcome == "pays":
        follows = f"experiments from round {last.round + 1} on are fitted on them{light}"
    elif (weight := next_weight(registry, one.id)) is not None:
        follows = f"to be tried at weight {weight:g}; not used meanwhile"
    else:
        follows = "turned off"
    return f"{name}: its {one.rows:,} rows {told}{light}: {_figures(registry, last)}; {follows}"


def _figures(registry: Registry, trial: Trial) -> str:
    if trial.gain is None or trial.stderr is None or trial.p is None:
        return f"{trial.experiment} as {trial.against} with them: {trial.message[:120] or trial.outcome}"
    new, old = (registry.experiments.get(id_) for id_ in (trial.experiment, trial.against))
    assert new is not None and old is not None
    return (
        f"{trial.experiment} {new.score or 0.0:.5g} with them, {trial.against} {old.score or 0.0:.5g} without, "
        f"all else equal (gain {trial.gain:+.3g} ± {trial.stderr:.2g}, p {trial.p:.2g})"
    )


__all__ = ["WEIGHTS", "findings", "next_weight"]

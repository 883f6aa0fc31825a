"""Pretrained weights that solutions ask for by name: found where they lie, recorded by hash as they are first used, credited.

A campaign holds to what it recorded: weights that change afterwards are not dealt, and what is known by them stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from podium import weights
from podium.campaign import solutions
from podium.errors import UserError
from podium.recipes.pretrained import allowed, sentence_encoders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podium.campaign.engine import Engine
    from podium.registry import Registry
    from podium.registry.experiments import Experiment

KEY = "weights"  # name → {sha256, source}, in order of first use
FORBIDDEN = "the competition's rules forbid pretrained models; where they were misread, set `pretrained_models` to yes"


def objection(source: str, allowed: str) -> str:
    """Why a solution's weights cannot be had, in one line; "" where they can. `allowed`: `Competition.pretrained`."""
    names = weights.asked(source)
    if names and allowed == "no":
        return FORBIDDEN
    return next(
        (f"weights {name} are not here: {weights.remedy(name)}" for name in names if not weights.here(name)), ""
    )


def note(engine: Engine, sources: Iterable[str]) -> None:
    """Record what these solutions ask for that is here, unless it is recorded; warn of what is not. Part of a build's step."""
    known: dict[str, Any] = dict(recorded(engine.registry))
    for source in sources:
        why = objection(source, engine.competition.pretrained)
        if why:
            engine.event("warning", message=why)
            continue
        for name in weights.asked(source):
            try:
                found = known.get(name) or weights.find(name)
            except UserError as problem:
                engine.event("warning", message=str(problem))
                continue
            known[name] = found if isinstance(found, dict) else {"sha256": found.sha256, "source": found.source}
    if known != recorded(engine.registry):
        engine.registry.set(KEY, known)


def recorded(registry: Registry) -> dict[str, Any]:
    """Name → sha256 and source of the weights that this campaign uses."""
    return dict(registry.setting(KEY) or {})


def shas(engine: Engine, experiment: Experiment) -> list[str]:
    """Hashes of the weights that the experiment asks for: part of its runs' keys. Empty where it asks for none."""
    names = weights.asked(solutions.ensure(engine, experiment))
    known = recorded(engine.registry) if names else {}
    return [known[name]["sha256"] for name in names if name in known]


def folders(engine: Engine, experiment: Experiment) -> dict[str, str]:
    """Name → folder for `ctx.weights`. What is gone, has changed since it was recorded, or is forbidden is left out: the run
    says so."""
    found: dict[str, str] = {}
    known = recorded(engine.registry)
    for name in weights.asked(solutions.ensure(engine, experiment)):
        try:
            there = weights.find(name)
        except UserError:
            continue  # said when it was built; the run that lacks it fails with its name
        if name in known and known[name]["sha256"] == there.sha256:
            found[name] = str(there.folder)
    return found


def described(engine: Engine) -> tuple[str, ...]:
    """What solutions may ask for, for those who write them: what the user names, and an encoder where rows have texts."""
    named = engine.competition.brought.weights if allowed(engine.competition) else ()
    read = any(column.kind == "text" for column in engine.dataset.columns)
    names = dict.fromkeys([*named, *(sentence_encoders(engine.competition) if read else ())])
    return tuple(
        f"pretrained weights: a line `weights: {name}` in the header puts their folder at ctx.weights[{name!r}]"
        for name in names
    )


def credits(registry: Registry) -> list[str]:
    """A line for each: name, where it came from, hash."""
    return [
        f"pretrained weights {name} ({told['source']}; sha256 {told['sha256'][:16]}…)"
        for name, told in recorded(registry).items()
    ]

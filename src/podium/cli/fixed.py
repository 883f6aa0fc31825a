"""What a campaign was begun with and keeps: a command that asks for something else is told, not passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from podium.campaign.options import Options
from podium.errors import CampaignError, IntakeError
from podium.records import Competition, from_json
from podium.registry import Registry

ASKED = "overrides"  # setting: config.json's keys as the command that began the campaign gave them


def check(registry: Registry, asked: Options, seed: int | None, overrides: Mapping[str, str]) -> None:
    """Raises CampaignError for the first thing that is asked for and differs. What is not asked for stays as it is."""
    options = from_json(Options, registry.setting("options"))
    begun = registry.journal.last_finished_round() >= 0
    for name, kept, wanted in (*_overruled(registry, overrides), *_options(options, asked, seed, begun=begun)):
        if kept != wanted:
            raise CampaignError(
                f"this campaign was begun with {name} {kept}",
                expected="what it was begun with, or nothing",
                found=f"{name} {wanted}",
                remedy="leave it out to go on, or start another campaign with --campaign DIR",
            )


def _overruled(registry: Registry, overrides: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(key, as begun, as asked). What the command did not say then is held against what intake found."""
    competition = from_json(Competition, registry.setting("competition"))
    then = registry.setting(ASKED)  # None: begun by an older engine, which did not keep it
    for key, wanted in overrides.items():
        if then and key in then:
            yield f"{key} =", str(then[key]), wanted
        elif key == "metric":
            yield f"{key} =", competition.metric, _metric(wanted)
        elif key == "target_column":
            yield f"{key} =", ",".join(competition.target_columns), ",".join(map(str.strip, wanted.split(",")))
        elif key == "id_column":
            yield f"{key} =", competition.id_column or "", wanted
        elif then is not None:
            yield f"{key} =", "what intake found", wanted


def _metric(words: str) -> str:
    from podium import metrics

    try:
        return metrics.get(words).name
    except IntakeError:
        return words


def _options(options: Options, asked: Options, seed: int | None, *, begun: bool) -> Iterator[tuple[str, Any, Any]]:
    """Before the first round (`podium init`) cores and memory may still be chosen."""
    if seed is not None:
        yield "--seed", options.seed, seed
    if asked.executor != Options().executor:
        yield "--executor", options.executor, asked.executor
    if begun and asked.threads is not None:
        yield "--threads", options.threads or "all", asked.threads
    if begun and not asked.memory:
        yield "memory:", options.memory, asked.memory

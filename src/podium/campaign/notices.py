"""What a person should know of this campaign beside its figures: one line each, from the registry alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from podium.campaign import pretrained
from podium.campaign.estimates.calibration import calibration
from podium.campaign.external import sources
from podium.campaign.submission import deadline, waiting
from podium.campaign.submission.submission_notices import submission_notices
from podium.registry import invalidation

if TYPE_CHECKING:
    from podium.registry import Registry


def notices(registry: Registry) -> list[str]:
    """The deadline, what waits to be sent, what came of submissions, the proxy of an unknown score, what was brought."""
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    brought: Mapping[str, Any] = competition.get("brought") or {}
    return [
        *_deadline(brought),
        *_waiting(registry, brought),
        *submission_notices(registry),
        *_proxy(registry, competition),
        *_imported(registry, brought),
        *_knowledge(registry, brought),
        *sources.notices(registry),
        *pretrained.credits(registry),
        *_invalidated(registry),
    ]


def _invalidated(registry: Registry) -> list[str]:
    """What was taken back after its verdict, what rests on it, and whether the standing submission holds it."""
    experiments, lines, standing = registry.experiments.all(), [], registry.submissions.standing()
    sent = invalidation.tainted(registry, standing) if standing else ()
    for id_, reason in invalidation.invalidated(registry).items():
        below = invalidation.descendants(experiments, id_)
        rest = f"; {', '.join(below)} rest on it" if below else ""
        held = "; the standing submission carries weight of it" if id_ in sent else ""
        lines.append(f"{id_} was marked invalid: {reason}{rest}{held}")
    return lines


def _deadline(brought: Mapping[str, Any]) -> list[str]:
    binding = brought.get("deadline")
    if deadline.passed(binding):
        return [
            f"the deadline ({deadline.shown(binding)}) is over: nothing is sent any more, submission.csv is still written"
        ]
    return []


def _waiting(registry: Registry, brought: Mapping[str, Any]) -> list[str]:
    held = None if deadline.passed(brought.get("deadline")) else waiting.find(registry)  # which is said already
    return [] if held is None else [f"submission.csv waits to be sent: {held.reason}"]


def _proxy(registry: Registry, competition: Mapping[str, Any]) -> list[str]:
    score = competition.get("proxy_for")
    if not score:
        return []
    head = f"{competition['metric']} stands in for {score!r}, whose formula is unknown"
    found = calibration(registry)
    if found is None:
        n = len(registry.proxies.scored())
        return [f"{head}: {n} of 3 scores back that say how well (podium submit DIR --score S)"]
    now = found.current
    doubt = "too few to exclude anything" if found.n <= 4 else f"95 %: {now.low:.2f} to {now.high:.2f}"
    best = found.others[0] if found.others else None
    other = "" if best is None or best.tau <= now.tau else f"; {best.proxy} ranks them at {best.tau:.2f}"
    clear = f"; {found.better} is clearly better" if found.better else ""
    return [
        f"{head}: over {found.n} submissions it ranks as the score does at tau {now.tau:.2f} ({doubt}){other}{clear}"
    ]


def _imported(registry: Registry, brought: Mapping[str, Any]) -> list[str]:
    members = registry.imported.all()
    if not members and brought.get("existing_oof_dir"):
        return ["existing_oof_dir holds no pair NAME_oof and NAME_test (.npy, .csv, .parquet)"]
    lines = [f"imported {m.name} is not used: {m.message}" for m in members if m.state != "pooled"]
    pooled = sum(m.state == "pooled" for m in members)
    if pooled:
        use = "submissions may blend them" if brought.get("use_imported") else "submissions leave them out"
        lines.append(
            f"{pooled} imported predictions, untrusted: nobody knows whether they were blind; {use} (use_imported)"
        )
    return lines


def _knowledge(registry: Registry, brought: Mapping[str, Any]) -> list[str]:
    known: Mapping[str, Any] = registry.setting("knowledge") or {}
    lines = []
    if known.get("notes"):
        n = len(known["notes"])
        lines.append(
            f"{n} notes ({known['words']:,} words) in knowledge/ for seats that read; the built-in team does not"
        )
    if known.get("script") == "to read":
        lines.append(
            "best_pipeline_script defines no fit(train, ctx) and predict(model, rows, ctx): for the builder to read"
        )
    if brought.get("scraper_path") and not brought.get("run_scraper"):
        lines.append("scraper_path is recorded and was not executed; run_scraper in config.json gives leave")
    return lines

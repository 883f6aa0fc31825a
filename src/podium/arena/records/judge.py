"""From evidence to a verdict. One rule, published, the same for everyone: a pure function of what was recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from podium.arena.records.facts import Ground, Probe, Reason, RunFacts, Triage
from podium.arena.records.rules import Rules
from podium.arena.records.significance import Welch, holm, welch

Kind = Literal["record", "supports_record", "non_record", "invalid"]


@dataclass(frozen=True)
class Standing:
    """The record at the time of submission: its number and its runs on this machine; `rivals`: p-values of the earlier candidates
    that were held against it."""

    number: int
    nats: tuple[float, ...]
    training_s: tuple[float, ...]
    rivals: tuple[float, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """`claimed_bpb`, `track`: what it said of itself. `rests_on`: invalid submissions it descends from."""

    triage: Triage
    claimed_bpb: float | None = None
    track: str = "record"
    runs: tuple[RunFacts, ...] = ()
    standing: Standing | None = None


@dataclass(frozen=True)
class Verdict:
    """`reasons`: codes, the deciding one first, each with its words. `better`: the test that decided, `p_holm` its p-value
    corrected for the candidates held against the same record; `bpb`: the mean of the registered runs."""

    kind: Kind
    reasons: tuple[Ground, ...]
    bpb: float | None = None
    standing: int | None = None
    better: Welch | None = None
    faster: Welch | None = None
    p: float | None = None
    p_holm: float | None = None
    checks: tuple[Probe, ...] = field(default=())

    @property
    def codes(self) -> list[Reason]:
        return list(dict.fromkeys(ground.code for ground in self.reasons))


def judge(evidence: Evidence, rules: Rules) -> Verdict:
    """The verdict. Raises ValueError where a valid submission has not had all its registered runs."""
    wrong = invalid_reasons(evidence)
    checks = (_reproduced(evidence, rules),) if evidence.runs and evidence.claimed_bpb is not None else ()
    wrong += [Ground(check.reason, check.words) for check in checks if check.reason and not wrong]
    scores = [run.bpb for run in registered(evidence.runs) if run.bpb is not None]
    bpb = math.fsum(scores) / len(scores) if scores else None
    if wrong:
        return Verdict(
            "invalid", tuple(wrong), None, _number(evidence.standing), checks=checks
        )  # its score means nothing
    if len(scores) < rules.seeds:
        raise ValueError(f"expected {rules.seeds} registered runs, found {len(scores)}")
    if evidence.standing is None:
        return Verdict("record", (Ground("first", "no record stood before it"),), bpb, checks=checks)
    return _against(evidence, evidence.standing, bpb, rules, checks)


def registered(runs: Sequence[RunFacts]) -> list[RunFacts]:
    return [run for run in runs if run.purpose == "registered"]


def invalid_reasons(evidence: Evidence) -> list[Ground]:
    """What triage and runs found: empty for a legal submission."""
    found = list(evidence.triage.problems)
    for run in evidence.runs:
        if run.purpose == "standing":
            continue
        if run.broke:
            found.append(Ground(run.broke, f"seed {run.seed}: {run.words}"))
        found += [
            Ground(probe.reason, f"seed {run.seed}, {probe.name}: {probe.words}")
            for probe in run.probes
            if not probe.held and probe.reason
        ]
    return found


def _reproduced(evidence: Evidence, rules: Rules) -> Probe:
    """No worse than claimed, within the contest's tolerance: the mean over seeds nobody could choose, and a claimed seed."""
    claimed = evidence.claimed_bpb or 0.0
    means = {}
    for purpose, name in (("registered", "registered seeds"), ("claimed", "a seed of its own")):
        scores = [run.bpb for run in evidence.runs if run.purpose == purpose and run.bpb is not None]
        if scores:
            means[name] = math.fsum(scores) / len(scores)
    short = {name: mean - claimed for name, mean in means.items()}
    worst = max(short.values(), default=0.0)
    held = worst <= rules.reproduce_bpb
    words = ", ".join(f"{mean:.4f} with {name}" for name, mean in means.items())
    return Probe(
        "claim reproduced", held, len(evidence.runs), max(0.0, worst), f"claimed {claimed:.4f}, re-run {words}",
        None if held else "not_reproduced",
    )  # fmt: skip


def _against(
    evidence: Evidence, standing: Standing, bpb: float | None, rules: Rules, checks: tuple[Probe, ...]
) -> Verdict:
    """Better by the margin? Else, on the speed track, faster and no worse? Else no worse? Each at level alpha."""
    runs = registered(evidence.runs)
    nats = [run.nats_per_byte for run in runs if run.nats_per_byte is not None]
    better = welch(nats, standing.nats, rules.margin_nats, rules.alpha)
    no_worse = welch(nats, standing.nats, -rules.no_worse_nats, rules.alpha)
    faster = None
    deciding = better
    if evidence.track == "speed":
        faster = welch([run.clocks.training_s for run in runs], standing.training_s, 0.0, rules.alpha)
        deciding = faster if faster.p > no_worse.p else no_worse  # both must be shown: the larger p decides
    p_holm = holm([*standing.rivals, deciding.p])[-1]
    shown = p_holm < rules.alpha
    words = f"{better.gain:+.4f} nats a byte against record {standing.number}, p = {deciding.p:.2g}, Holm {p_holm:.2g}"
    reason: Reason
    kind: Kind
    if shown and faster is not None:
        kind, reason = "record", "faster_no_worse"
    elif shown:
        kind, reason = "record", "better_by_margin"
    elif no_worse.p < rules.alpha:
        kind, reason = "supports_record", "no_worse_than_record"
    else:
        kind, reason = "non_record", "not_better"
    shown_by = better if faster is None else no_worse
    ground = (Ground(reason, words),)
    return Verdict(kind, ground, bpb, standing.number, shown_by, faster, deciding.p, p_holm, checks)


def _number(standing: Standing | None) -> int | None:
    return None if standing is None else standing.number

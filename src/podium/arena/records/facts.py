"""What the referee found out about a submission: measured here, recorded as JSON, judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from podium.arena.records.passes import Sums

Purpose = Literal["registered", "claimed", "standing"]
Reason = Literal[
    "schema", "size", "train_time", "eval_time", "causality", "normalisation", "data_overlap", "bytes", "crash",
    "not_reproduced", "claim_disagrees_with_logs", "document_boundary", "grouping", "nondeterministic", "configuration",
    "memory", "first", "better_by_margin", "faster_no_worse", "no_worse_than_record", "not_better",
]  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """A reason with its words."""

    code: Reason
    words: str


@dataclass(frozen=True)
class Probe:
    """One question put to a run: what was asked, whether it held, over how many positions, the largest deviation, in words."""

    name: str
    held: bool
    compared: int = 0
    worst: float = 0.0
    words: str = ""
    reason: Reason | None = None  # what it means where it did not hold


@dataclass(frozen=True)
class Clocks:
    """Seconds, as the referee measured them. The first three since the training data were within reach."""

    training_s: float = 0.0
    data_s: float = 0.0
    artifact_s: float = 0.0
    evaluation_s: float = 0.0


@dataclass(frozen=True)
class RunFacts:
    """One training run and its evaluation. `broke`: the reason where it did not get to its end."""

    purpose: Purpose
    seed: int
    clocks: Clocks = field(default_factory=Clocks)
    artifact_bytes: int = 0
    artifact_sha256: str = ""
    bpb: float | None = None
    nats_per_byte: float | None = None
    bytes: int = 0
    sums: Sums = field(default_factory=Sums)
    probes: tuple[Probe, ...] = ()
    level: str = ""
    broke: Reason | None = None
    words: str = ""
    log: str = ""

    @property
    def reasons(self) -> list[Reason]:
        """Why it is invalid, the surest first; empty where it is not."""
        found = [self.broke] if self.broke else []
        found += [probe.reason for probe in self.probes if not probe.held and probe.reason]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Finding:
    """Something of note in the source. `state`: open until a run has confirmed or dismissed it."""

    kind: str
    line: int
    words: str
    state: Literal["open", "confirmed", "dismissed"] = "open"
    why: str = ""


@dataclass(frozen=True)
class Likeness:
    """How much of this submission's code stands in an earlier one, 0..1; `named`: whether `builds_on` says so."""

    submission: int
    share: float
    named: bool


@dataclass(frozen=True)
class Triage:
    """What is known before anything runs."""

    problems: tuple[Ground, ...] = ()
    code_bytes: int = 0
    findings: tuple[Finding, ...] = ()
    likenesses: tuple[Likeness, ...] = ()

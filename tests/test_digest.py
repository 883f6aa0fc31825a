"""Digests: bounded whatever the campaign grew to, with the best and the newest, and data fenced."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.protocol import Column
from podium.records import (
    AuditFinding,
    Brief,
    Charter,
    Facts,
    Hypothesis,
    Learning,
    Requirement,
    Review,
    Role,
    Stack,
)
from podium.team import digest
from podium.team.roles import ROLE_OF, SCOPES
from podium.testing import seat_conformance

ROLES: tuple[Role, ...] = get_args(Role)


def grown(n: int, text: str = "a long sentence about one thing or another ") -> Facts:
    """Facts with `n` of everything."""
    facts = seat_conformance.under_way()
    long = text * 20
    tried = tuple(
        replace(facts.experiments[i % 4], id=f"E{i:03d}", hypothesis=long, score=0.5 + i / 10_000) for i in range(n)
    )
    return replace(
        facts,
        competition=replace(facts.competition, description=long * n, classes=tuple(f"class {i}" for i in range(n))),
        data=replace(facts.data, columns=tuple(Column(f"{text}{i}", "numeric") for i in range(n))),
        audit=tuple(AuditFinding("leak", "warn", None, None, long) for _ in range(n)),
        experiments=tried,
        families={f"family {i}": 1 for i in range(n)},
        blends=facts.blends * n,
        learnings=tuple(Learning(f"L{i}", long, long) for i in range(n)),
        notes=(long,) * n,
        hypotheses=tuple(Hypothesis(f"H{i}", long, "x", 0.1, long) for i in range(n)),
        plan=tuple(replace(seat_conformance.brief("build", facts).facts.plan[0], hypothesis=long) for _ in range(n)),
        review=Review("REVISE", long, (), long * n),
        charter=Charter(long * n, tuple(Requirement(f"Q{i}", long) for i in range(n))),
        stack=Stack(tuple(f"lib{i}" for i in range(n)), long * n),
    )


def of(role: Role, facts: Facts, reads: tuple[str, ...] = ()) -> str:
    phase = next(phase for phase, player in ROLE_OF.items() if player == role)
    return digest.digest(Brief("R04_x", facts.round, phase, role, ".", facts, reads))


@pytest.mark.parametrize("role", ROLES)
def test_bounded(role: Role) -> None:
    sizes = [len(of(role, grown(n), ("rounds/R01_plan.md",) * n)) for n in (0, 5, 60, 200)]
    assert max(sizes) <= digest.limit()
    assert sizes[3] <= 1.05 * sizes[2], "more of everything, and no longer"
    assert digest.limit() < 40_000


def test_in_short() -> None:
    brief = Brief("R04_plan", 4, "plan", "builder", ".", grown(60))
    full, short = digest.digest(brief), digest.digest(brief, 1 / 3)
    assert len(short) < len(full) / 2
    assert [line for line in short.split("\n") if line[:3] == "## "] == [
        line for line in full.split("\n") if line[:3] == "## "
    ], "each part is still there"


@settings(max_examples=25)
@given(st.text(max_size=300), st.integers(0, 30))
def test_bounded_whatever_the_texts(text: str, n: int) -> None:
    assert len(of("builder", grown(n, text))) <= digest.limit()


def test_a_small_campaign_is_told_in_few_words() -> None:
    assert len(of("researcher", seat_conformance.young())) < 1500


def test_best_and_newest_experiments() -> None:
    facts = seat_conformance.under_way()
    tried = tuple(replace(facts.experiments[1], id=f"E{i:03d}", score=0.9 - i / 1000, message="") for i in range(1, 41))
    text = of("builder", replace(facts, experiments=tried))
    assert "0.899 [E001.score]" in text
    assert "E040" in text
    assert "E020" not in text
    lower = replace(facts.competition, metric="rmse", metric_direction="lower")
    text = of("builder", replace(facts, experiments=tried, competition=lower))
    assert text.index("E040") < text.index("E039")
    assert "E001.score" not in text


def test_figures_are_citable() -> None:
    from podium.team import citations

    facts = seat_conformance.under_way()
    text = of("reflector", facts)
    assert "[E002.score]" in text
    assert "[blend.R03.score]" in text
    assert citations.problems(text, facts) == []


@pytest.mark.parametrize("role", ROLES)
def test_scope_is_applied(role: Role) -> None:
    """Even to a brief that shows too much."""
    text = of(role, grown(3, "w "))
    shown = SCOPES[role].facts
    for field, title in {
        "charter": "## Charter", "stack": "## Stack", "audit": "## Audit", "learnings": "## Learnings",
        "notes": "## Notes", "hypotheses": "## This round's hypotheses", "plan": "## This round's plan",
        "review": "## This round's review",
    }.items():  # fmt: skip
        assert (title in text) == (field in shown), f"{role}: {title}"


def test_newest_paths_first() -> None:
    text = of("builder", seat_conformance.young(), ("config.json", "rounds/R01_review.md", "rounds/R02_review.md"))
    assert text.index("R02_review") < text.index("R01_review") < text.index("config.json")


def test_lines_say_what_is_left_out() -> None:
    text = digest.lines((f"- line {i}" for i in range(100)), 200)
    assert len(text) <= 200
    assert text.endswith(" more")
    assert digest.lines(["- a\nb"], 100) == "- a b"

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from podium.arena.records.facts import Clocks, Ground, Probe, Reason, RunFacts, Triage
from podium.arena.records.judge import Evidence, Standing, judge
from podium.arena.records.rules import Rules
from podium.arena.records.significance import holm, welch

RULES = Rules()
STANDING = Standing(4, (1.2000, 1.2004, 1.1996), (500.0, 502.0, 498.0))


def run(
    nats: float,
    seed: int = 1,
    *,
    training_s: float = 500.0,
    probes: tuple[Probe, ...] = (),
    purpose: str = "registered",
) -> RunFacts:
    clocks = Clocks(training_s=training_s)
    return RunFacts(purpose, seed, clocks, bpb=nats / np.log(2), nats_per_byte=nats, probes=probes)  # type: ignore[arg-type]


def evidence(
    *nats: float, track: str = "record", standing: Standing | None = STANDING, training_s: float = 500.0
) -> Evidence:
    runs = tuple(run(value, i, training_s=training_s + i) for i, value in enumerate(nats))
    return Evidence(Triage(), max(nats) / np.log(2), track, runs, standing)


def test_welch_is_scipys_shifted_by_the_margin() -> None:
    a, b = [1.0, 1.1, 0.9], [1.2, 1.25, 1.3, 1.2]
    expected = stats.ttest_ind(np.array(b) - 0.05, a, equal_var=False, alternative="greater").pvalue
    assert welch(a, b, 0.05, 0.01).p == pytest.approx(expected)


@given(st.lists(st.floats(0, 10), min_size=2, max_size=6), st.lists(st.floats(0, 10), min_size=2, max_size=6))
def test_welchs_lower_bound_is_above_the_margin_exactly_where_p_is_below_the_level(
    a: list[float], b: list[float]
) -> None:
    test = welch(a, b, 0.005, 0.01)
    if abs(test.lower - 0.005) > 1e-9:
        assert (test.lower > 0.005) == (test.p < 0.01)


def test_one_run_shows_nothing() -> None:
    assert welch([0.5], [1.2, 1.2, 1.2], 0.005, 0.01).p == 1.0


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.004]) == [0.004]


def test_a_record_is_better_by_the_margin() -> None:
    verdict = judge(evidence(1.190, 1.1904, 1.1896), RULES)
    assert (verdict.kind, verdict.codes) == ("record", ["better_by_margin"])
    assert verdict.better is not None and verdict.better.gain == pytest.approx(0.01)


def test_better_by_less_than_the_margin_supports_the_record() -> None:
    verdict = judge(evidence(1.198, 1.1984, 1.1976), RULES)
    assert (verdict.kind, verdict.codes) == ("supports_record", ["no_worse_than_record"])


def test_better_at_p_below_a_quarter_is_no_record() -> None:
    verdict = judge(evidence(1.190, 1.180, 1.205), RULES)
    assert verdict.p is not None and 0.01 < verdict.p < 0.5
    assert verdict.kind == "non_record"


def test_many_candidates_against_one_record_need_a_smaller_p() -> None:
    alone = evidence(1.1905, 1.1905, 1.192)
    assert judge(alone, RULES).kind == "record"
    crowd = replace(STANDING, rivals=(0.5,) * 20)
    verdict = judge(replace(alone, standing=crowd), RULES)
    assert verdict.kind != "record"
    assert verdict.p_holm == pytest.approx(21 * (verdict.p or 0))


def test_faster_is_exempt_from_the_margin_and_not_from_no_worse() -> None:
    rules = replace(RULES, no_worse_nats=0.002)
    same = evidence(1.2001, 1.2003, 1.1997, track="speed", training_s=400.0)
    assert (judge(same, rules).kind, judge(same, rules).codes) == ("record", ["faster_no_worse"])
    worse = evidence(1.2051, 1.2053, 1.2047, track="speed", training_s=400.0)
    assert judge(worse, rules).kind == "non_record"
    slower = evidence(1.2001, 1.2003, 1.1997, track="speed", training_s=510.0)
    assert judge(slower, rules).kind == "supports_record"


def test_the_first_is_a_record() -> None:
    assert judge(evidence(1.5, 1.5, 1.5, standing=None), RULES).codes == ["first"]


def test_a_valid_submission_without_its_runs_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="expected 3 registered runs, found 2"):
        judge(evidence(1.5, 1.5), RULES)


def test_short_of_the_claim_is_not_reproduced() -> None:
    verdict = judge(replace(evidence(1.19, 1.19, 1.19), claimed_bpb=1.6), RULES)
    assert (verdict.kind, verdict.codes) == ("invalid", ["not_reproduced"])
    modest = judge(replace(evidence(1.19, 1.1904, 1.1896), claimed_bpb=2.5), RULES)
    assert modest.kind == "record"


@pytest.mark.parametrize("reason", ["causality", "normalisation", "size", "data_overlap"])
def test_one_failed_question_in_one_run_is_enough(reason: Reason) -> None:
    good = evidence(1.10, 1.10, 1.10)
    bad = replace(good, runs=(*good.runs[:2], run(1.10, 9, probes=(Probe("asked", False, reason=reason),))))
    verdict = judge(bad, RULES)
    assert (verdict.kind, verdict.codes, verdict.bpb) == ("invalid", [reason], None)


def test_triage_decides_without_a_run() -> None:
    verdict = judge(Evidence(Triage((Ground("schema", "no seeds"),))), RULES)
    assert (verdict.kind, verdict.codes) == ("invalid", ["schema"])

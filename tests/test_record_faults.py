"""Every public failure, variants nobody wrote a check for, and honest look-alikes: each gets the right verdict, in one queue."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from record_world import Drained, drain

from podium.arena.records import history, page
from podium.execution import sandbox
from podium.testing import record_faults

pytestmark = pytest.mark.slow
# "What went wrong in public", every number that the rules name.
PUBLIC = ("#886", "#959", "#677", "#1184", "#1797", "#2127", "#2124", "#2118", "#1925", "#1902", "#400", "#1458")
DOCS = Path(__file__).parents[1] / "docs" / "records.md"


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Drained:
    return drain(tmp_path_factory.mktemp("records"), record_faults.catalogue())


@pytest.mark.parametrize("name", [one.name for one in record_faults.catalogue()])
def test_the_right_verdict(drained: Drained, name: str) -> None:
    planted = next(one for one in record_faults.catalogue() if one.name == name)
    if planted.brings == "address" and sandbox.measured_level() == "process":
        pytest.skip("without a sandbox the documents are within reach")
    verdict = drained.verdict(name)
    assert planted.right(verdict), f"{verdict.kind} {verdict.codes}: {[ground.words for ground in verdict.reasons]}"


def test_every_public_number_is_planted_and_every_family_is_large_enough() -> None:
    told = " ".join(one.like for one in record_faults.catalogue() if one.family == "public")
    assert [number for number in PUBLIC if number not in told] == []
    sizes = {family: sum(one.family == family for one in record_faults.catalogue()) for family in ("variant", "honest")}
    assert sizes["variant"] >= 20 and sizes["honest"] >= 10


def test_the_queue_was_taken_oldest_first_without_gaps(drained: Drained) -> None:
    for where, (_, docket) in drained.contests.items():
        assert [number for there, number in drained.order if there == where] == [e.number for e in docket.entries()]


def test_findings_are_settled_by_runs(drained: Drained) -> None:
    dead = drained.findings("a helper that is never called") + drained.findings("a branch that is never taken")
    assert {one.state for one in dead} == {"dismissed"} and len(dead) >= 3
    leak = drained.findings("leaks in every other full block")
    assert [one.state for one in leak if one.kind == "looks ahead"] == ["confirmed"]


def test_what_is_not_there_cannot_be_trained_on(drained: Drained) -> None:
    if sandbox.measured_level() == "process":
        pytest.skip("without a sandbox the documents are within reach")
    _, number = drained.numbers["reaches for the documents"]
    logs = [run.facts.log for run in drained.contests["bytes"][1].runs(number) if run.facts]
    assert [log.count("not there") for log in logs] == [2] * 4


def test_a_copy_is_seen_with_what_it_builds_on(drained: Drained) -> None:
    _, docket = drained.contests["bytes"]
    cases = {case.entry.name: case for case in history.cases(docket)}
    assert cases["counts of three orders"].unnamed == ()
    triage = docket.triage(cases["properly normalised n-grams"].entry.number)
    assert triage is not None
    standing = next(one for one in triage.likenesses if one.submission == 2)
    assert standing.share > 0.9 and standing.named


def test_the_history_is_what_stood(drained: Drained) -> None:
    _, docket = drained.contests["bytes"]
    names = [case.entry.name for case in history.records(history.cases(docket))]
    assert names == ["counts of pairs", "counts of three orders", "learns from what is scored"]


def test_the_page_shows_all_and_lets_no_markup_through(drained: Drained, tmp_path: Path) -> None:
    contest, docket = drained.contests["bytes"]
    text = page.write(contest, docket, tmp_path / "page.html").read_text("utf-8")
    for case in history.cases(docket):
        assert html.escape(case.entry.name) in text
    assert "normalisation" in text and "<svg" in text and "<script" not in text
    assert not re.search(r"(src|href)=\"(?!#|data:)", text)


def test_the_table_in_the_docs_is_the_catalogue() -> None:
    assert table() in DOCS.read_text("utf-8")


def table() -> str:
    """As docs/records.md has it: `python -c "import test_record_faults as t; print(t.table())"` in tests/ writes it."""
    lines = ["| planted | like | verdict | reason |", "|---|---|---|---|"]
    for one in record_faults.catalogue():
        verdict = " or ".join(kind.replace("_", " ") for kind in one.verdict)
        lines.append(f"| {one.name} | {one.like} | {verdict} | {' or '.join(f'`{code}`' for code in one.reason)} |")
    return "\n".join(lines)

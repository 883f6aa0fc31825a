"""One submission on the page: verdict, reasons, every run, every question put to it, every finding, what it is like."""

from __future__ import annotations

from collections.abc import Sequence

from podium.arena.records import review
from podium.arena.records.docket import Docket, Run
from podium.arena.records.facts import Finding, Probe, RunFacts
from podium.arena.records.history import Case
from podium.arena.records.judge import Verdict
from podium.arena.records.significance import Welch
from podium.markup import EMPTY, Child, Html, element
from podium.page import table

MOST_LIKE = 3


def state(case: Case) -> Html:
    return element("span", case.state.replace("_", " "), class_=case.state)


def submission(case: Case, docket: Docket) -> Html:
    """Folded up; open where it waits for a person's eye."""
    entry, verdict = case.entry, case.verdict
    runs, found = docket.runs(entry.number), docket.triage(entry.number)
    codes = ", ".join(verdict.codes) if verdict else "waits"
    summary = element(
        "summary",
        f"{entry.number} {entry.name} ",
        state(case),
        element("span", f" {codes} · {entry.author}", class_="soft"),
    )
    parts = [summary, element("p", f"Received {entry.received_at}, sha256 {entry.sha256[:16]}.", class_="soft")]
    parts += [element("p", f"Taken back: {case.invalid}.", class_="invalidated")] if case.invalid else []
    if case.rests_on:
        parts.append(element("p", f"Rests on {_numbers(case.rests_on)}, which is invalid.", class_="invalidated"))
    parts += [_verdict(verdict)] if verdict else []
    parts += [_builds_on(case)] if case.builds_on or case.unnamed else []
    if runs:
        parts += [element("h3", "Runs"), _runs(runs)]
        parts += [element("h3", "Questions"), _questions([*_facts(runs)], verdict)]
    findings = review.settled(docket, entry.number)
    if findings:
        parts += [element("h3", "Stands out in the source"), _findings(findings)]
    if found is not None and verdict is not None:
        parts.append(element("p", f"{found.code_bytes:,} bytes of code.", class_="soft"))
    printed = next((facts.log for facts in _facts(runs) if facts.log.strip()), "")
    parts += [element("h3", "What it printed (not believed)"), element("pre", printed[-2000:])] if printed else []
    return element("details", *parts, id=f"s{entry.number}")


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _verdict(verdict: Verdict) -> Html:
    reasons = [element("li", element("b", ground.code), f": {ground.words}") for ground in verdict.reasons]
    tests = [("better" if verdict.faster is None else "no worse", verdict.better), ("faster", verdict.faster)]
    shown = [_test(name, test) for name, test in tests if test is not None]
    corrected = f"p = {verdict.p:.3g}, with Holm's correction {verdict.p_holm:.3g}" if verdict.p is not None else ""
    return element(
        "div", element("ul", *reasons), *shown, element("p", corrected, class_="soft") if corrected else EMPTY
    )


def _test(name: str, test: Welch) -> Html:
    unit = "s" if name == "faster" else "nats a byte"
    words = (
        f"{name}: gain {test.gain:+.4f} {unit} ± {test.stderr:.4f}, at least {test.lower:+.4f} at the contest's level; "
    )
    return element(
        "p", f"{words}margin {test.margin:+.4f}; p = {test.p:.3g} over {test.n[0]} and {test.n[1]} runs (Welch)"
    )


def _builds_on(case: Case) -> Html:
    named = [element("li", f"{one.submission}: {one.technique} ({one.author})") for one in case.builds_on]
    unnamed = [
        element("li", f"{number}: its code stands in it, and it is not named", class_="failed")
        for number in case.unnamed[:MOST_LIKE]
    ]
    return element("div", element("h3", "Builds on"), element("ul", *named, *unnamed))


def _facts(runs: Sequence[Run]) -> list[RunFacts]:
    return [run.facts for run in runs if run.facts is not None]


def _runs(runs: Sequence[Run]) -> Html:
    heads = (
        "seed",
        "why",
        "outcome",
        "bits per byte",
        "training s",
        "last data s",
        "artifact s",
        "evaluation s",
        "bytes",
    )
    rows: list[Sequence[Child]] = []
    for run in runs:
        f = run.facts
        clocks = [f"{v:.2f}" if f else "" for v in (_clocks(f) if f else (0.0,) * 4)]
        score = f"{f.bpb:.5f}" if f and f.bpb is not None else ""
        outcome = element("span", run.outcome or "under way", class_="held" if run.outcome == "done" else "failed")
        rows.append((str(run.seed), run.purpose, outcome, score, *clocks, f"{f.artifact_bytes:,}" if f else ""))
    level = next((f.level for f in _facts(runs)), "")
    return table(
        heads, rows, kinds="nkknnnnnn", caption=f"Clocks by the referee; sandbox level {level}." if level else ""
    )


def _clocks(facts: RunFacts) -> tuple[float, ...]:
    clocks = facts.clocks
    return clocks.training_s, clocks.data_s, clocks.artifact_s, clocks.evaluation_s


def _questions(runs: Sequence[RunFacts], verdict: Verdict | None) -> Html:
    asked: list[tuple[str, Probe]] = [(str(run.seed), probe) for run in runs for probe in run.probes]
    asked += [("all", probe) for probe in (verdict.checks if verdict else ())]
    rows = [
        (seed, probe.name, _answer(probe), f"{probe.compared:,}", f"{probe.worst:.3g}", probe.words)
        for seed, probe in asked
    ]
    return table(("seed", "question", "answer", "over", "worst", "in words"), rows, kinds="nmknnt")


def _answer(probe: Probe) -> Html:
    return element("span", "held" if probe.held else probe.reason or "no", class_="held" if probe.held else "failed")


def _findings(findings: Sequence[Finding]) -> Html:
    rows = [
        (
            one.kind,
            one.words,
            element("span", one.state, class_="failed" if one.state == "confirmed" else None),
            one.why,
        )
        for one in findings
    ]
    return table(("what", "where", "a run said", "why"), rows, kinds="mtkt")

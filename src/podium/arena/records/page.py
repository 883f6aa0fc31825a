"""The reviewer's page: one self-contained file about a contest of the record track, from its database alone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from podium import page, whole
from podium.arena.records import evidence, history
from podium.arena.records.chart import history_chart
from podium.arena.records.contest import Contest
from podium.arena.records.docket import Docket
from podium.arena.records.graph import attribution
from podium.arena.records.history import Case
from podium.markup import Html, element, join


def write(contest: Contest, docket: Docket, path: Path | None = None) -> Path:
    """Write it atomically, by default as records.html in the contest's folder; returns where."""
    return whole.write(path or contest.folder / "records.html", render(contest, docket))


def render(contest: Contest, docket: Docket) -> str:
    """The page as text. Whatever comes from a submission is escaped."""
    found = history.cases(docket)
    body = join(
        (
            _head(contest, found),
            _section("History", history_chart(found), _records(found)),
            _section("Attribution", attribution(found)),
            _section("Queue", _queue(found)),
            _section("Submissions", *(evidence.submission(case, docket) for case in reversed(found))),
            _section("Rules", _rules(contest)),
            element(
                "footer", "Podium, the record track. Figures are the referee's own; a submission's are shown as claims."
            ),
        )
    )
    style = (resources.files("podium.arena.records") / "assets" / "records.css").read_text("utf-8")
    return page.render(f"{contest.title} · records", body, style)


def _section(title: str, *parts: Html) -> Html:
    return element("section", element("h2", title), *(parts or (element("p", "None yet.", class_="soft"),)))


def _head(contest: Contest, found: Sequence[Case]) -> Html:
    held = history.records(list(found))
    best = held[-1] if held else None
    waiting = [case for case in found if case.verdict is None]
    invalid = sum(case.state in ("invalid", "invalidated") for case in found)
    score = f"{best.verdict.bpb:.4f}" if best and best.verdict and best.verdict.bpb is not None else "none"
    tiles = (
        (score, f"bits per byte: the record, {best.entry.name} by {best.entry.author}" if best else "no record yet"),
        (str(len(held)), "records"),
        (str(len(found)), "submissions"),
        (str(invalid), "of them invalid"),
        (str(len(waiting)), "in the queue"),
    )
    listed = [element("li", element("span", a, class_="figure"), element("span", b, class_="about")) for a, b in tiles]
    return element(
        "header",
        element("h1", contest.title),
        element("p", "Constrained training, refereed.", class_="soft"),
        element("ul", *listed, class_="tiles"),
    )


def _records(found: Sequence[Case]) -> Html:
    rows = []
    for case in history.records(list(found)):
        verdict = case.verdict
        if verdict is None or verdict.bpb is None:
            continue
        gain = f"{verdict.better.gain:+.4f}" if verdict.better else ""
        p = f"{verdict.p_holm:.2g}" if verdict.p_holm is not None else ""
        name = element("a", case.entry.name, href=f"#s{case.entry.number}")
        rows.append((str(case.entry.number), name, case.entry.author, case.entry.received_at[:16].replace("T", " "),
                     f"{verdict.bpb:.4f}", gain, p, ", ".join(verdict.codes)))  # fmt: skip
    heads = ("number", "record", "author", "submitted (UTC)", "bits per byte", "gain, nats a byte", "p (Holm)", "why")
    return page.table(heads, rows, kinds="nmmknnnk", caption="Each was a record when it was submitted.")


def _queue(found: Sequence[Case]) -> Html:
    waiting = [case for case in found if case.verdict is None]
    rows = [
        (str(c.entry.number), c.entry.name, c.entry.author, c.entry.received_at[:19].replace("T", " ")) for c in waiting
    ]
    heads = ("number", "submission", "author", "received (UTC)")
    return page.table(heads, rows, kinds="nmmk", caption="Oldest first; nothing is passed over.")


def _rules(contest: Contest) -> Html:
    rules = contest.rules
    rows = (
        ("size", f"{rules.size_bytes:,} bytes of code and model"),
        (
            "training, evaluation",
            f"{rules.train_s:g} s and {rules.evaluate_s:g} s, each with {rules.tolerance_s:g} s of tolerance",
        ),
        ("hardware", f"{rules.hardware}; {rules.threads} threads, {rules.memory_mb:,} MB"),
        ("packages", ", ".join(rules.packages)),
        (
            "alphabet",
            "bytes" if rules.tokenizer == "bytes" else "a tokenizer of one's own, which must give back every byte",
        ),
        ("scored", f"{contest.scored_bytes:,} bytes in {len(contest.scored)} documents"),
        (
            "a record",
            f"better by {rules.margin_nats:g} nats a byte at p < {rules.alpha:g}, one-sided, over {rules.seeds} registered seeds",
        ),
        (
            "a faster record",
            f"faster, and no worse by more than {rules.no_worse_nats:g} nats a byte, both at p < {rules.alpha:g}",
        ),
        ("reproduced", f"no more than {rules.reproduce_bpb:g} bits per byte short of the claim"),
    )
    return page.table(("rule", "here"), rows, kinds="mt")

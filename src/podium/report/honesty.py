"""What the page says of its own figures: the expected private score, the vault's choice, adaptive overfitting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podium.report.charts import gap_chart
from podium.report.facts import PageFacts
from podium.report.figures import expected_text, score_digits, score_text
from podium.report.html import EMPTY, Child, Html, element, join, section, table, text


def expected(facts: PageFacts) -> Html:
    """The section, nothing of it before the first blend."""
    found = facts.now["expected_private"]
    if found is None:
        return EMPTY
    whose = "what the campaign submitted" if found["final"] else f"the best blend so far, of round {found['round']}"
    return section(
        "What to expect of the private score",
        element("p", element("strong", expected_text(found)), f", of {whose}."),
        element("p", _why(found), class_="soft"),
        _shifts(found),
        *(element("p", f"{text(note, 200)}.", class_="soft") for note in found["notes"]),
        _choice(facts.now["choice"]),
        _overfitting(facts),
    )


def _why(found: Mapping[str, Any]) -> str:
    width, alone = _width(found), found["test_width"]
    ratio = f", {width / alone:.2f} times as wide as the draw of {found['n_test']:,} private test units alone makes it" if (
        width and alone
    ) else ""  # fmt: skip
    vault = (
        ""
        if found["vault"] is None
        else f" The vault says {score_text(found['vault'])} and has {found['weight']:.0%} of the say."
    )
    return f"A 90 % predictive interval{ratio}: the error of the estimate and the luck of the test rows.{vault}"


def _width(found: Mapping[str, Any]) -> float | None:
    return None if found["low"] is None or found["high"] is None else float(found["high"] - found["low"])


def _shifts(found: Mapping[str, Any]) -> Html:
    digits = score_digits(found["score"], found["stderr"]) + 1
    rows: list[Sequence[Child]] = [("out of fold, nested", f"{found['out_of_fold']:.{digits}f}", "")]
    for shift in found["shifts"]:
        rows.append((text(shift["name"], 60), f"{shift['value']:+.{digits}f}", f"±{shift['stderr']:.{digits}f}"))
    if found["vault"] is not None:
        rows.append((f"the vault (weight {found['weight']:.0%})", f"{found['vault']:.{digits}f}", ""))
    return table(("from the estimate to the private score", "score", "unsure by"), rows, kinds="tnn")


def _choice(choice: Mapping[str, Any] | None) -> Html:
    if choice is None:
        return EMPTY
    rows = [
        (text(one["name"], 60), score_text(one["score"]), f"{one['gain']:+.3g}", f"{one['p']:.2g}",
         "chosen" if one["name"] == choice["chosen"] else "")
        for one in choice["finalists"]
    ]  # fmt: skip
    left_out = [text(name, 60) for name in choice["unasked"]]
    return join(
        (
            element("h3", "The vault’s choice"),
            element("p", f"Asked once, on {choice['n_vault']:,} rows: {text(choice['reason'], 200)}.", class_="soft"),
            table(("finalist", "on the vault", "over the leader", "p", ""), rows, kinds="tnnnk"),
            element(
                "p", f"Not asked, as not all that they need predicted the vault: {', '.join(left_out)}.", class_="soft"
            )
            if left_out
            else EMPTY,
        )
    )


def _overfitting(facts: PageFacts) -> Html:
    found = facts.now["overfitting"]
    if not found or not found["rounds"]:
        return EMPTY
    metric = text(facts.now["competition"]["metric_title"] or "score", 40)
    rows = [
        (str(one["round"]), str(one["tried"]), score_text(one["score"]), score_text(one["vault"]),
         "–" if one["flatters"] is None else f"{one['flatters']:+.2g} ±{one['stderr'] or 0.0:.2g}",
         f"{round(one['optimism'], 12):.2g}")
        for one in found["rounds"]
    ]  # fmt: skip
    heads = (
        "round",
        "experiments",
        "out of fold",
        "vault, one fold model at a time",
        "flatters",
        "optimism by bootstrap",
    )
    words = (
        f"{text(found['message'][:1].upper() + found['message'][1:], 300)}. To report the plain best of "
        f"{found['tried']} experiments would flatter by about {round(found['singles'], 12):.2g}."
    )
    if any(one["vault"] is not None for one in found["rounds"]):
        words += (
            " Here the vault judges each fold’s model by itself, as out of fold does; what is submitted averages "
            "them, so the vault’s choice above may show another score of the same blend."
        )
    return join(
        (
            element("h3", "Adaptive overfitting"),
            gap_chart(found["rounds"], metric),
            element("p", words, class_="soft"),
            element("details", element("summary", "By round"), table(heads, rows, kinds="nnnnnn")),
        )
    )

"""The page's section on probes: how many were made, what they found, and which columns the leading experiment rests on."""

from __future__ import annotations

from podium.report.charts import bar
from podium.report.facts import PageFacts
from podium.report.html import EMPTY, Html, element, join, section, table, text

ABOUT = (
    "Each experiment’s own model was asked again about rows, columns and labels that the engine had changed; what fails makes it "
    "invalid. Probes that were not made say why in the experiment’s own page: podium experiment DIR show ID."
)
OUTCOMES = ("passed", "warned", "failed", "skipped")
MOST_TOLD, MOST_COLUMNS = 60, 15


def probes(facts: PageFacts) -> Html:
    if not facts.probe_counts:
        return EMPTY
    counts = [(name, *(str(found.get(one, 0)) for one in OUTCOMES)) for name, found in facts.probe_counts.items()]
    told = [
        (id_, element("span", one.outcome, class_="block" if one.outcome == "failed" else "warn"), one.probe,
         _figure(one.figure), _figure(one.bound), text(one.message, 300))
        for id_, found in facts.probed.items()
        for one in found
        if one.outcome in ("failed", "warned")
    ]  # fmt: skip
    return section(
        "What probes found",
        element("p", ABOUT, class_="soft"),
        table(("probe", "passed", "warned", "failed", "not probed"), counts, kinds="knnnn"),
        table(("experiment", "outcome", "probe", "figure", "bound", "finding"), told[-MOST_TOLD:], kinds="kkknnt")
        if told
        else element("p", "No probe failed, and none warned.", class_="soft"),
        _importance(facts),
    )  # fmt: skip


def _importance(facts: PageFacts) -> Html:
    """Of the experiment that carries most of the blend."""
    for id_ in facts.compared[:1]:
        for one in facts.probed.get(id_, ()):
            if one.probe == "column" and one.detail:
                ranked = sorted(one.detail.items(), key=lambda item: -item[1])[:MOST_COLUMNS]
                rows = [(text(name, 80), element("span", bar(share), f"{share:.1%}")) for name, share in ranked]
                head = element("h3", f"What {id_} rests on: rank correlation lost when a column is permuted")
                return join((head, table(("column", "share lost"), rows, kinds="mn")))
    return EMPTY


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"

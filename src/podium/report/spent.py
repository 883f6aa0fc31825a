"""What was spent: the ledger, what the CPU went into, and on which experiments most."""

from __future__ import annotations

from podium.report.facts import PageFacts
from podium.report.figures import duration_text, score_text
from podium.report.html import Html, element, section, table, text

UNITS = {"wall_s": "engine time", "cpu_s": "CPU time of runs", "seat_s": "time of seats", "gpu_s": "GPU time"}
PURPOSES = {
    "fold": "training, fold by fold", "holdout": "predicting test and vault", "refit": "refits on all rows",
    "vault": "predicting the vault", "probe": "probes of honesty", "prepare": "preparing features",
    "new": "rows that came later", "": "runs that did not finish",
}  # fmt: skip
DEAREST = 5


def spent(facts: PageFacts) -> Html:
    rows = []
    for kind, amount in facts.now["ledger"].items():
        seconds = kind.endswith("_s")
        figure = "unknown" if amount is None else duration_text(amount) if seconds else f"{amount:,.2f}"
        rows.append((UNITS.get(kind, kind.replace("_", " ")), figure))
    ledger = table(("what", "how much"), rows, kinds="mn")
    return section("What was spent", ledger, *_purposes(facts), *_dearest(facts))


def _purposes(facts: PageFacts) -> list[Html]:
    total = sum(facts.cpu.values())
    if total <= 0:
        return []
    ordered = sorted(facts.cpu.items(), key=lambda pair: -pair[1])
    rows = [
        (PURPOSES.get(purpose, text(purpose, 40)), duration_text(cpu_s), f"{cpu_s / total:.0%}")
        for purpose, cpu_s in ordered
    ]
    return [element("h3", "What the CPU went into"), table(("runs", "CPU", "share"), rows, kinds="tnn")]


def _dearest(facts: PageFacts) -> list[Html]:
    dearest = sorted(facts.now["experiments"], key=lambda e: -e["cost_s"])[:DEAREST]
    rows = [
        (e["id"], text(e["name"], 80), duration_text(e["cost_s"]), score_text(e["score"], e["stderr"]),
         f"{e['blend_weight']:.2f}")
        for e in dearest
        if e["cost_s"] > 0
    ]  # fmt: skip
    heads = ("id", "experiment", "CPU", "OOF score", "weight")
    return [element("h3", "The dearest experiments"), table(heads, rows, kinds="kmnnn")] if rows else []

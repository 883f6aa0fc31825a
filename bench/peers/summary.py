"""What a comparison comes to: one JSON-able summary, told as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean, median
from typing import Any

from peers import compare
from peers.compare import Record
from peers.systems import PODIUM

Summary = dict[str, Any]


def of(records: Sequence[Record], systems: Sequence[str]) -> Summary:
    """`systems` are those that have records; ranks and ratios are over blocks that all of them played."""
    whole = compare.blocks(records, systems)
    ratios, ranks = compare.over_data(whole, compare.ratios), compare.over_data(whole, compare.ranks)
    return {
        "blocks": sum(map(len, whole.values())),
        "data": {data: _data_row(whole[data], ratios[data]) for data in whole},
        "systems": {
            name: {
                "ratio": compare.geometric(row[name] for row in ratios.values()),
                "rank": mean([row[name] or 0.0 for row in ranks.values()]) if ranks else None,
                **_costs([record for record in records if record["system"] == name]),
            }
            for name in systems
        },
        "duels": {name: _duels(records, name) for name in systems if name != PODIUM and PODIUM in systems},
    }


def _data_row(seeds: Any, ratios: dict[str, float | None]) -> Summary:
    first = next(iter(next(iter(seeds.values())).values()))
    scores = {name: [block[name]["score"] for block in seeds.values()] for name in next(iter(seeds.values()))}
    return {
        "metric": first["metric"],
        "scores": {name: None if None in found else mean(found) for name, found in scores.items()},
        "ratios": ratios,
        "seeds": len(seeds),
    }


def _costs(mine: Sequence[Record]) -> Summary:
    first = [record["first_s"] for record in mine if record["first_s"] is not None]
    return {
        "cells": len(mine),
        "failed": sum(record["score"] is None for record in mine),
        "late": sum(map(compare.late, mine)),
        "most_past_s": max(record["past_s"] for record in mine),
        "first_s": median(first) if first else None,
        "peak_mb": max(record["peak_mb"] for record in mine),
        "cpu": mean(record["cpu_s"] / (record["wall_s"] * record["cores"]) for record in mine),
        "others": mean(record["others_s"] / record["wall_s"] for record in mine),
    }


def _duels(records: Sequence[Record], other: str) -> Summary:
    """With ties by noise; by bare scores; by what lay there when the budget ended."""
    kinds = {"noise": {}, "bare": {"ties": False}, "in_time": {"in_time": True}}
    found = {name: compare.duel(records, PODIUM, other, **how) for name, how in kinds.items()}
    return {name: None if share is None else asdict(share) for name, share in found.items()}


def tell(found: Summary) -> list[str]:
    """The tables a person reads."""
    systems = list(found["systems"])
    wide = max([len(name) for name in found["data"]] + [12]) + 1
    lines = [f"private score, mean over seeds (its loss over the best loss); {found['blocks']} blocks that all played"]
    lines.append(" " * (wide + 10) + "".join(f"{name:>21}" for name in systems))
    for data, row in found["data"].items():
        cells = [_cell(row["scores"][name], row["ratios"][name]) for name in systems]
        lines.append(f"{data:<{wide}}{row['metric'][:9]:<10}" + "".join(f"{cell:>21}" for cell in cells))
    lines += ["", _head()]
    lines += [_system(name, row) for name, row in found["systems"].items()]
    if found["duels"]:
        lines += ["", "Podium against: win rate, a tie is half [95 % interval over competitions] wins-ties-losses"]
    for name, row in found["duels"].items():
        told = [f"{title} {_share(row[kind])}" for kind, title in TITLES.items()]
        lines.append(f"  {name:<18}" + "   ".join(told))
    return lines


TITLES = {"noise": "ties by noise", "bare": "bare scores", "in_time": "within the budget"}


def _cell(score: float | None, ratio: float | None) -> str:
    return "–" if score is None or ratio is None else f"{score:.5g} ({ratio:.3f})"


def _head() -> str:
    titles = (
        "mean rank",
        "loss ratio",
        "cells",
        "failed",
        "late",
        "worst past s",
        "first s",
        "peak MB",
        "CPU",
        "others",
    )
    return f"{'':<18}" + "".join(f"{title:>13}" for title in titles)


def _system(name: str, row: Summary) -> str:
    def number(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    cells = (
        number(row["rank"], ".2f"), number(row["ratio"], ".4f"), row["cells"], row["failed"], row["late"],
        number(row["most_past_s"], ".1f"), number(row["first_s"], ".1f"), row["peak_mb"], f"{row['cpu']:.0%}",
        f"{row['others']:.2f}",
    )  # fmt: skip
    return f"{name:<18}" + "".join(f"{cell!s:>13}" for cell in cells)


def _share(share: Summary | None) -> str:
    if share is None:
        return "–"
    counts = f"{share['wins']}-{share['ties']}-{share['losses']}"
    return f"{share['mean']:.0%} [{share['low']:.0%}, {share['high']:.0%}] {counts}"

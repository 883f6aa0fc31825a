"""Charts as inline SVG, drawn here: no script, no request, no library. Each says in words what it shows (aria-label)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from podium.drawing import Scale, ticks
from podium.report.figures import score_text
from podium.report.html import EMPTY, Html, element, text

WIDTH, HEIGHT = 720.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 14.0, 40.0


def score_chart(
    experiments: Sequence[Mapping[str, Any]], blends: Sequence[Mapping[str, Any]], metric: str, baseline: float | None
) -> Html:
    """OOF scores of experiments by round, the blend with its standard error, and its vault scores."""
    scored = [e for e in experiments if e["score"] is not None]
    if not scored:
        return element("p", "No scores yet.", class_="soft")
    low, high = score_range([e["score"] for e in scored], blends)
    rounds = [e["round"] for e in scored] + [b["round"] for b in blends]
    x = Scale(min(rounds) - 0.5, max(rounds) + 0.5, LEFT, WIDTH - RIGHT)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(x, y, sorted(set(rounds)), metric)]
    if baseline is not None and y.inside(baseline):
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(baseline), y2=y(baseline), class_="baseline"))
    parts += [_experiment(e, x(px), y) for e, px in zip(scored, positions(scored), strict=True)]
    parts += _blend_line(blends, x, y)
    beyond = sum(not y.inside(e["score"]) for e in scored)
    words = _words(scored, blends, metric)
    svg = element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img", aria_label=words)
    legend = "● pooled, ★ champion, ○ killed or undecided, × invalid; ■ blend ± standard error, ◆ blend on the vault"
    more = f" {beyond} outside the range are drawn at its edge." if beyond else ""
    return element("figure", element("div", svg, class_="scroll"), element("figcaption", f"{legend}. {words}{more}"))


def score_range(scores: Sequence[float], blends: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Where the action is: quartiles widened by 2.5 interquartile ranges, and all blends with their errors."""
    ordered = sorted(scores)
    q1, q3 = ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
    reach = 2.5 * (q3 - q1) or abs(q1) * 0.02 or 0.01
    kept = [s for s in ordered if q1 - reach <= s <= q3 + reach]
    for blend in blends:
        kept += [blend["score"] - (blend["stderr"] or 0.0), blend["score"] + (blend["stderr"] or 0.0)]
        kept += [] if blend["vault_score"] is None else [blend["vault_score"]]
    margin = (max(kept) - min(kept)) * 0.06 or abs(kept[0]) * 0.01 or 0.01
    return min(kept) - margin, max(kept) + margin


def positions(experiments: Sequence[Mapping[str, Any]]) -> list[float]:
    """Where each stands on the axis of rounds: spread within its round, in order."""
    count: dict[int, int] = {}
    for experiment in experiments:
        count[experiment["round"]] = count.get(experiment["round"], 0) + 1
    seen: dict[int, int] = {}
    found = []
    for experiment in experiments:
        round_ = experiment["round"]
        seen[round_] = seen.get(round_, 0) + 1
        found.append(round_ + (seen[round_] - (count[round_] + 1) / 2) / (count[round_] + 1) * 0.8)
    return found


def _axes(x: Scale, y: Scale, rounds: Sequence[int], metric: str) -> list[Html]:
    parts, bottom = [], HEIGHT - BOTTOM
    marks = ticks(y.low, y.high)
    step = marks[1] - marks[0] if len(marks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    for value in marks:
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value), class_="axis"))
        parts.append(element("text", f"{value:.{digits}f}", x=LEFT - 8, y=y(value) + 4, text_anchor="end"))
    every = max(1, math.ceil(len(rounds) / 14))
    for round_ in rounds[::every]:
        parts.append(element("text", str(round_), x=x(round_), y=bottom + 17, text_anchor="middle"))
    parts.append(element("text", f"round (vertical: {metric})", x=LEFT, y=HEIGHT - 6))
    return parts


def _experiment(experiment: Mapping[str, Any], px: float, y: Scale) -> Html:
    py, look = y(experiment["score"]), experiment["verdict"] or "killed"
    name = (
        f"{experiment['id']} {text(experiment['name'], 80)}: {score_text(experiment['score'], experiment['stderr'])}, "
    )
    title = element("title", name + str(experiment["verdict"] or experiment["status"]))
    if look == "champion":
        return element("path", title, d=star(px, py, 7.5), class_="p-champion")
    if look == "invalid":
        d = f"M{px - 4:.1f} {py - 4:.1f}l8 8M{px - 4:.1f} {py + 4:.1f}l8 -8"
        return element("path", title, d=d, class_="p-invalid")
    return element("circle", title, cx=px, cy=py, r=4.0, class_=f"p-{look}")


def star(x: float, y: float, r: float) -> str:
    """Path of a five-pointed star."""
    points = []
    for i in range(10):
        radius, angle = (r if i % 2 == 0 else r * 0.45), math.pi * (i / 5 - 0.5)
        points.append(f"{x + radius * math.cos(angle):.1f} {y + radius * math.sin(angle):.1f}")
    return "M" + "L".join(points) + "Z"


def _blend_line(blends: Sequence[Mapping[str, Any]], x: Scale, y: Scale) -> list[Html]:
    at = [(x(b["round"] + 0.45), b) for b in blends]
    points = " ".join(f"{px:.1f},{y(b['score']):.1f}" for px, b in at)
    parts = [element("polyline", points=points, class_="blend")] if len(at) > 1 else []
    for px, blend in at:
        score, stderr = blend["score"], blend["stderr"] or 0.0
        title = element("title", f"blend of round {blend['round']}: {score_text(score, stderr)}")
        parts.append(element("line", x1=px, x2=px, y1=y(score - stderr), y2=y(score + stderr), class_="blend"))
        parts.append(element("rect", title, x=px - 3, y=y(score) - 3, width=6, height=6, class_="blend-point"))
        if blend["vault_score"] is not None:
            py = y(blend["vault_score"])
            about = element("title", f"vault, round {blend['round']}: {score_text(blend['vault_score'])}")
            parts.append(element("path", about, d=f"M{px:.1f} {py - 6:.1f}l5 6l-5 6l-5 -6Z", class_="vault"))
    return parts


def _words(scored: Sequence[Mapping[str, Any]], blends: Sequence[Mapping[str, Any]], metric: str) -> str:
    scores = [e["score"] for e in scored]
    words = f"{len(scored)} scored experiments, {metric} from {score_text(min(scores))} to {score_text(max(scores))}"
    if blends:
        first, last = blends[0], blends[-1]
        words += (
            f"; the blend went from {score_text(first['score'], first['stderr'])} in round {first['round']} "
            f"to {score_text(last['score'], last['stderr'])} in round {last['round']}"
        )
    return words + "."


def gap_chart(rounds: Sequence[Mapping[str, Any]], metric: str) -> Html:
    """By round: how much the blend's out-of-fold score flatters by the vault, with two standard errors, and by bootstrap."""
    if len(rounds) < 2:
        return EMPTY
    known = [one for one in rounds if one["flatters"] is not None]
    ends = [one["flatters"] + k * (one["stderr"] or 0.0) for one in known for k in (-2, 2)]
    values = [0.0, *ends, *(one["optimism"] for one in rounds)]
    margin = (max(values) - min(values)) * 0.08 or 1e-9
    x = Scale(rounds[0]["round"] - 0.5, rounds[-1]["round"] + 0.5, LEFT, WIDTH - RIGHT)
    y = Scale(min(values) - margin, max(values) + margin, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(x, y, [one["round"] for one in rounds], f"{metric}, positive flatters")]
    parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(0.0), y2=y(0.0), class_="baseline"))
    line = " ".join(f"{x(one['round']):.1f},{y(one['optimism']):.1f}" for one in rounds)
    parts.append(element("polyline", points=line, class_="blend"))
    for one in known:
        px, error = x(one["round"]), 2 * (one["stderr"] or 0.0)
        title = element("title", f"round {one['round']}: {one['flatters']:+.3g} ± {error / 2:.2g} on the vault")
        parts.append(
            element("line", x1=px, x2=px, y1=y(one["flatters"] - error), y2=y(one["flatters"] + error), class_="blend")
        )
        parts.append(element("circle", title, cx=px, cy=y(one["flatters"]), r=4.0, class_="vault"))
    words = f"Out-of-fold score less what it is worth, over {len(rounds)} rounds: the line is what choosing flatters by bootstrap"
    words += ", points are measured on the vault, with two standard errors." if known else "; there is no vault."
    svg = element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img", aria_label=words)
    return element("figure", element("div", svg, class_="scroll"), element("figcaption", words))


def heat_map(ids: Sequence[str], correlations: Sequence[Sequence[float]]) -> Html:
    """OOF correlations of the pool, darker where more alike; each cell also says its figure."""
    if len(ids) < 2:
        return element("p", "Fewer than two experiments to compare.", class_="soft")
    size, left, top = 46.0, 58.0, 26.0
    off = [correlations[i][j] for i in range(len(ids)) for j in range(len(ids)) if i != j]
    low = min(off)
    parts: list[Html] = []
    for i, row in enumerate(ids):
        parts.append(element("text", row, x=left - 8, y=top + (i + 0.5) * size + 4, text_anchor="end"))
        parts.append(element("text", row, x=left + (i + 0.5) * size, y=top - 8, text_anchor="middle"))
        for j, column in enumerate(ids):
            parts += _cell(row, column, correlations[i][j], low, left + j * size, top + i * size, size)
    words = (
        f"Correlations of out-of-fold predictions between {len(ids)} experiments of the pool: "
        f"from {low:.3f} to {max(off):.3f}, median {sorted(off)[len(off) // 2]:.3f}."
    )
    width, height = left + len(ids) * size + 8, top + len(ids) * size + 8
    svg = element(
        "svg", *parts, viewBox=f"0 0 {width:.0f} {height:.0f}", role="img", aria_label=words,
        style=f"width:{width:.0f}px;max-width:none",
    )  # fmt: skip
    return element("figure", element("div", svg, class_="scroll"), element("figcaption", words))


def _cell(row: str, column: str, value: float, low: float, x: float, y: float, size: float) -> list[Html]:
    share = 1.0 if low >= 1.0 else max(0.0, (value - low) / (1.0 - low))
    title = element("title", f"{row} and {column}: {value:.4f}")
    rect = element(
        "rect", title, x=x + 1, y=y + 1, width=size - 2, height=size - 2, rx=3.0, class_="cell",
        fill_opacity=0.08 + 0.87 * share,
    )  # fmt: skip
    label = "1" if row == column else f"{value:.3f}".replace("0.", ".", 1)
    look = "on-dark" if share > 0.55 else "on-light"
    return [rect, element("text", label, x=x + size / 2, y=y + size / 2 + 4, text_anchor="middle", class_=look)]


def bar(share: float) -> Html:
    """A bar for a table's cell, up to 7 rem; the figure stands beside it."""
    return element("span", class_="bar", style=f"width:{max(0.0, min(1.0, share)) * 7:.2f}rem", aria_hidden="true")

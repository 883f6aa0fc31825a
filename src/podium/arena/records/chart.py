"""The record's history as a picture: bits per byte by order of submission, and the line of what stood."""

from __future__ import annotations

from collections.abc import Sequence

from podium.arena.records.history import Case, records
from podium.drawing import Scale, short, ticks
from podium.markup import Html, element

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 16.0, 14.0, 40.0
MARK = 4.5


def history_chart(found: Sequence[Case]) -> Html:
    """Records stand on a stepped line; an invalid submission is a cross at the edge where its score means nothing."""
    scored = [case for case in found if case.verdict is not None and case.verdict.bpb is not None and _legal(case)]
    if not scored:
        return element("p", "No scores yet.", class_="soft")
    values = [float(case.verdict.bpb) for case in scored if case.verdict and case.verdict.bpb is not None]
    margin = (max(values) - min(values)) * 0.08 or 0.05
    x = Scale(0.5, max(case.entry.number for case in found) + 0.5, LEFT, WIDTH - RIGHT)
    y = Scale(min(values) - margin, max(values) + margin, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(x, y), _step(found, x, y), *(_mark(case, x, y) for case in found)]
    words = _words(found)
    svg = element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img", aria_label=words)
    legend = "★ record, ● supports a record, ○ non-record, × invalid (at the lower edge), · in the queue. "
    return element("figure", element("div", svg, class_="scroll"), element("figcaption", legend + words))


def _legal(case: Case) -> bool:
    return case.state in ("record", "supports_record", "non_record")


def _axes(x: Scale, y: Scale) -> list[Html]:
    parts = []
    for value in ticks(y.low, y.high):
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value), class_="axis"))
        parts.append(element("text", f"{value:.4g}", x=LEFT - 8, y=y(value) + 4, text_anchor="end"))
    numbers = sorted({round(value) for value in ticks(x.low, x.high, 12)})
    for number in (one for one in numbers if x.inside(one)):
        parts.append(element("text", short(number), x=x(number), y=HEIGHT - BOTTOM + 17, text_anchor="middle"))
    parts.append(element("text", "submission, as received (vertical: bits per byte)", x=LEFT, y=HEIGHT - 6))
    return parts


def _step(found: Sequence[Case], x: Scale, y: Scale) -> Html:
    held = [
        (case.entry.number, case.verdict.bpb)
        for case in records(list(found))
        if case.verdict and case.verdict.bpb is not None
    ]
    if not held:
        return element("path", d="")
    path = f"M{x(held[0][0]):.1f} {y(held[0][1]):.1f}"
    path += "".join(f"H{x(number):.1f}V{y(bpb):.1f}" for number, bpb in held[1:])
    return element("path", d=f"{path}H{x(x.high):.1f}", class_="step")


def _mark(case: Case, x: Scale, y: Scale) -> Html:
    place, bpb = x(case.entry.number), case.verdict.bpb if case.verdict else None
    title = element(
        "title",
        f"{case.entry.number} {case.entry.name}: {case.state}"
        + (f", {bpb:.4f}" if bpb is not None and _legal(case) else ""),
    )
    if case.verdict is None:
        return element("circle", title, cx=place, cy=HEIGHT - BOTTOM - 3, r=1.6, class_="m-non_record")
    if not _legal(case) or bpb is None:
        down = HEIGHT - BOTTOM - 6
        cross = f"M{place - 4:.1f} {down - 4:.1f}l8 8m0 -8l-8 8"
        return element("path", title, d=cross, class_="m-invalid")
    if case.state == "record":
        return element("path", title, d=_star(place, y(bpb)), class_="m-record")
    return element("circle", title, cx=place, cy=y(bpb), r=MARK, class_=f"m-{case.state}")


def _star(x: float, y: float) -> str:
    points = (
        (0, -7),
        (1.9, -2.3),
        (6.9, -2.2),
        (2.9, 0.9),
        (4.3, 5.8),
        (0, 2.9),
        (-4.3, 5.8),
        (-2.9, 0.9),
        (-6.9, -2.2),
        (-1.9, -2.3),
    )
    return "M" + "L".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in points) + "Z"


def _words(found: Sequence[Case]) -> str:
    held = records(list(found))
    counts: dict[str, int] = {}
    for case in found:
        counts[case.state] = counts.get(case.state, 0) + 1
    told = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in counts.items())
    best = next((case for case in reversed(held) if case.verdict and case.verdict.bpb is not None), None)
    stands = (
        f" The record stands at {best.verdict.bpb:.4f} (submission {best.entry.number})."
        if best and best.verdict
        else ""
    )
    return f"{len(found)} submissions: {told}.{stands}"

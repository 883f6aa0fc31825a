"""Who builds on whom, drawn: parents above their children, what is invalid and what rests on it marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podium.arena.records.history import Case
from podium.markup import Html, element

BOX_W, BOX_H, GAP_X, GAP_Y, MARGIN = 164.0, 48.0, 16.0, 34.0, 10.0
PER_ROW = 5
MOST_DRAWN = 200
LETTERS = 25

Place = tuple[float, float]


def attribution(found: Sequence[Case]) -> Html:
    """Every submission that names another, is named, or is like one it does not name; the newest MOST_DRAWN of them."""
    edges = {(parent, case.entry.number): "named" for case in found for parent in _parents(case, found)}
    edges |= {(case.unnamed[0], case.entry.number): "unnamed" for case in found if case.unnamed}
    linked = {number for edge in edges for number in edge} | {case.entry.number for case in found if case.counts}
    nodes = [case for case in found if case.entry.number in linked][-MOST_DRAWN:]
    if not nodes:
        return element("p", "Nobody builds on anybody yet.", class_="soft")
    by_number = {case.entry.number: case for case in nodes}
    places = _places(nodes, edges)
    width = max(x for x, _ in places.values()) + BOX_W + MARGIN
    height = max(y for _, y in places.values()) + BOX_H + MARGIN
    drawn = [
        _edge(places[a], places[b], kind, bad=a in by_number[b].rests_on)
        for (a, b), kind in edges.items()
        if a in places and b in places
    ]
    boxes = [_box(case, *places[case.entry.number]) for case in nodes]
    svg = element(
        "svg", *drawn, *boxes, viewBox=f"0 0 {width:.0f} {height:.0f}", width=width, height=height, role="img",
        aria_label="submissions and what they build on",
    )  # fmt: skip
    words = "A line: it names the one above. Dotted: it holds code of the one above, unnamed. "
    words += "Red: invalid; red and dashed: it rests on an invalid one."
    return element("figure", element("div", svg, class_="scroll"), element("figcaption", words))


def _parents(case: Case, found: Sequence[Case]) -> list[int]:
    here = {one.entry.number for one in found}
    return [one.submission for one in case.builds_on if isinstance(one.submission, int) and one.submission in here]


def _places(nodes: Sequence[Case], edges: Mapping[tuple[int, int], str]) -> dict[int, Place]:
    """Upper left corners: a submission stands one row below its lowest parent; a wide generation takes more rows."""
    depth: dict[int, int] = {}
    for case in nodes:
        number = case.entry.number
        depth[number] = 1 + max((depth[a] for a, b in edges if b == number and a in depth), default=-1)
    places: dict[int, Place] = {}
    top = MARGIN
    for level in range(max(depth.values()) + 1):
        row = [number for number in depth if depth[number] == level]
        for i, number in enumerate(row):
            places[number] = (MARGIN + (i % PER_ROW) * (BOX_W + GAP_X), top + (i // PER_ROW) * (BOX_H + GAP_X / 2))
        top += -(-len(row) // PER_ROW) * (BOX_H + GAP_X / 2) + GAP_Y
    return places


def _edge(parent: Place, child: Place, kind: str, *, bad: bool) -> Html:
    x0, y0, x1, y1 = parent[0] + BOX_W / 2, parent[1] + BOX_H, child[0] + BOX_W / 2, child[1]
    middle = (y0 + y1) / 2
    path = f"M{x0:.1f} {y0:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    look = "edge bad" if bad else "edge unnamed" if kind == "unnamed" else "edge"
    return element("path", d=path, class_=look)


def _box(case: Case, x: float, y: float) -> Html:
    look = "tainted" if case.rests_on and case.state not in ("invalid", "invalidated") else case.state
    score = (
        f" {case.verdict.bpb:.4f}" if case.verdict and case.verdict.bpb is not None and case.state != "invalid" else ""
    )
    state = case.state.replace("_", " ")
    rests = f", rests on {', '.join(map(str, case.rests_on))}" if case.rests_on else ""
    frame = element("rect", x=x, y=y, width=BOX_W, height=BOX_H, rx=5, class_=f"box {look}")
    lines = (
        (f"{case.entry.number} {case.entry.author}", "title"),
        (case.entry.name, "line"),
        (f"{state}{score}{rests}", "line"),
    )
    texts = [
        element("text", _cut(word), x=x + 8, y=y + 15 + 14 * i, class_=class_) for i, (word, class_) in enumerate(lines)
    ]
    return element("g", element("title", " · ".join(word for word, _ in lines)), frame, *texts)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"

"""The experiments as a graph: a tree in the terminal, a drawing for the page. Both from `campaign.lineage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from podium.markup import Html, element
from podium.report.figures import few_of, one_line, score_text

if TYPE_CHECKING:
    from rich.tree import Tree

    from podium.campaign.lineage import Lineage, Node

BOX_W, BOX_H, GAP_X, GAP_Y, MARGIN = 148.0, 46.0, 18.0, 34.0, 12.0
PER_ROW = 8  # boxes beside each other before a generation goes on below
FILLS: Mapping[str, str] = {
    "champion": "#d9f2dd", "pooled": "#e8eef7", "invalid": "#f8dcdc", "killed": "#f0f0f0", "failed": "#f8e6d4",
}  # fmt: skip
STYLES: Mapping[str, str] = {"champion": "bold green", "invalid": "red", "failed": "red", "killed": "dim"}
MOST_DRAWN = 400


def look(node: Node) -> str:
    return node.verdict or node.status


def tree(found: Lineage, title: str) -> Tree:
    """Each experiment below its first parent; other parents are named beside it."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(title))
    places: dict[str, Tree] = {}
    for node in found.nodes:
        parent = next((places[one] for one in node.parents if one in places), root)
        places[node.id] = parent.add(Text(line(node), style=STYLES.get(look(node), "")))
    return root


def line(node: Node) -> str:
    """`E007 improve lightgbm: more leaves  pooled 0.865 ±0.002  30 %  also from E003  [P05]`"""
    score = "" if node.score is None else f" {score_text(node.score, node.stderr)}"
    parts = [f"{node.id} {node.operator} {one_line(node.name, 60)}  {look(node)}{score}"]
    parts += [f"{node.weight:.0%} of the blend"] if node.weight else []
    parts += [f"also from {few_of(node.parents[1:])}"] if len(node.parents) > 1 else []
    cited = list(dict.fromkeys(one.id for one in node.sources if one.kind != "fact"))
    parts += [f"[{one_line(', '.join(cited), 80)}]"] if cited else []
    parts += [f"INVALID: {one_line(node.invalid, 80)}"] if node.invalid else []
    parts += [f"rests on {', '.join(node.rests_on)}, which is invalid"] if node.rests_on else []
    return "  ".join(parts)


def credit_lines(found: Lineage) -> list[str]:
    return [f"{one.share:6.1%}  {one.kind:10}  {one_line(one.source, 100)}" for one in found.credits]


def drawing(found: Lineage, *, alone: bool = False) -> Html:
    """The graph as one SVG: a generation a row, the newest MOST_DRAWN experiments, parents above their children.

    `alone`: for a file of its own, which must name its language; a page that needs nothing from anywhere names none."""
    nodes = found.nodes[-MOST_DRAWN:]
    places = _places(nodes)
    width = max((x for x, _ in places.values()), default=0.0) + BOX_W + MARGIN
    height = max((y for _, y in places.values()), default=0.0) + BOX_H + MARGIN
    edges = [
        _edge(places[parent], places[node.id], broken=bool(node.rests_on))
        for node in nodes
        for parent in node.parents
        if parent in places
    ]
    boxes = [_box(node, *places[node.id]) for node in nodes]
    frame: dict[str, str | float] = {
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
        "width": width,
        "height": height,
        "role": "img",
    }
    about, font = "experiments and what they descend from", "system-ui, sans-serif"
    language = "http://www.w3.org/2000/svg" if alone else None
    return element("svg", *edges, *boxes, xmlns=language, **frame, aria_label=about, font_family=font)


def _places(nodes: Sequence[Node]) -> dict[str, tuple[float, float]]:
    """Id → upper left corner. A node stands one generation below its lowest parent; a long generation takes more rows."""
    depth: dict[str, int] = {}
    for node in nodes:
        depth[node.id] = 1 + max((depth[parent] for parent in node.parents if parent in depth), default=-1)
    places, top = {}, MARGIN
    for level in range(max(depth.values(), default=-1) + 1):
        row = [node.id for node in nodes if depth[node.id] == level]
        for i, id_ in enumerate(row):
            x = MARGIN + (i % PER_ROW) * (BOX_W + GAP_X)
            places[id_] = (x, top + (i // PER_ROW) * (BOX_H + GAP_X / 2))
        top += -(-len(row) // PER_ROW) * (BOX_H + GAP_X / 2) + GAP_Y
    return places


def _edge(parent: tuple[float, float], child: tuple[float, float], *, broken: bool) -> Html:
    x0, y0, x1, y1 = parent[0] + BOX_W / 2, parent[1] + BOX_H, child[0] + BOX_W / 2, child[1]
    middle = (y0 + y1) / 2
    path = f"M{x0:.1f} {y0:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    dashes = "4 3" if broken else None
    return element("path", d=path, fill="none", stroke="#8a93a3", stroke_width=1.2, stroke_dasharray=dashes)


def _box(node: Node, x: float, y: float) -> Html:
    """Verdict by colour and by word; a thick border where it carries weight; dashed where it rests on an invalid one."""
    score = "" if node.score is None else score_text(node.score, None)
    weight = f" · {node.weight:.0%}" if node.weight else ""
    frame = element(
        "rect", x=x, y=y, width=BOX_W, height=BOX_H, rx=5, fill=FILLS.get(look(node), "#ffffff"),
        stroke="#b3261e" if node.invalid or node.rests_on else "#5b6472", stroke_width=2 if node.weight else 1,
        stroke_dasharray="4 3" if node.rests_on else None,
    )  # fmt: skip
    words = (
        (f"{node.id} {node.operator}", 14.0, 11, "bold"),
        (one_line(node.name, 25), 27.0, 10, "normal"),
        (f"{look(node)} {score}{weight}", 40.0, 10, "normal"),
    )
    texts = [
        element("text", word, x=x + 7, y=y + down, font_size=size, font_weight=weight_, fill="#1c2430")
        for word, down, size, weight_ in words
    ]
    return element("g", element("title", line(node)), frame, *texts)

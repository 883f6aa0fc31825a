"""The plot: score against time, and each competition's loss ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from peers import compare
from peers.compare import Block, Record
from podium.drawing import Scale, short, ticks

COLOURS = ("#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#000000")
WIDTH, LEFT, TALL, STEP = 900, 300, 240, 18
POINTS = 200


def plot(records: Sequence[Record], systems: Sequence[str], titles: Mapping[str, str]) -> str:
    """SVG of blocks that all systems played."""
    whole = compare.blocks(records, systems)
    height = TALL + 150 + STEP * len(whole)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *_legend(systems, titles),
    ]
    if whole:
        body += [*_curves(whole, systems), *_dots(whole, systems, TALL + 110)]
    return "\n".join([*body, "</svg>", ""])


def share_at(record: Record, best: float, second: float) -> float:
    """Best loss of the block over the loss of what lay there at that second: 1 is the block's best, 0 nothing yet."""
    known = [score for at, score in record["versions"] if at <= second]
    held = None if not known else compare.ratio(abs(record["optimum"] - known[-1]), best)
    return 0.0 if held is None else 1 / held


def curve(blocks: Sequence[Block], system: str, seconds: Sequence[float]) -> list[float]:
    """Mean share over blocks at each second."""
    bests = [
        min((loss for loss in compare.losses(block).values() if loss is not None), default=0.0) for block in blocks
    ]
    return [
        float(np.mean([share_at(block[system], best, second) for block, best in zip(blocks, bests, strict=True)]))
        for second in seconds
    ]


def _legend(systems: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    parts = [
        '<text x="10" y="16">Best final loss of the block over the loss of what lay there, mean over blocks (1: best)</text>'
    ]
    for at, name in enumerate(systems):
        y = 40 + 16 * at
        parts.append(f'<rect x="10" y="{y - 9}" width="10" height="10" fill="{COLOURS[at % len(COLOURS)]}"/>')
        parts.append(f'<text x="26" y="{y}">{escape(titles.get(name, name))}</text>')
    return parts


def _curves(whole: Mapping[str, Mapping[int, Block]], systems: Sequence[str]) -> list[str]:
    blocks = [block for seeds in whole.values() for block in seeds.values()]
    budget = max(record["time_s"] for block in blocks for record in block.values())
    end = max([budget, *(at for block in blocks for record in block.values() for at, _ in record["versions"])])
    x, y = Scale(0.0, end, LEFT, WIDTH - 20), Scale(0.0, 1.0, TALL, 30)
    parts = [
        f'<line x1="{x(budget):.1f}" x2="{x(budget):.1f}" y1="30" y2="{TALL}" stroke="#999" stroke-dasharray="4 3"/>'
    ]
    for tick in ticks(0.0, end, 8):
        parts.append(f'<text x="{x(tick):.1f}" y="{TALL + 16}" text-anchor="middle">{short(tick)} s</text>')
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    seconds = [float(second) for second in np.linspace(0.0, end, POINTS)]
    for at, name in enumerate(systems):
        line = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(seconds, curve(blocks, name, seconds), strict=True))
        colour = COLOURS[at % len(COLOURS)]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    return parts


def _dots(whole: Mapping[str, Mapping[int, Block]], systems: Sequence[str], top: int) -> list[str]:
    """A line a competition; right of 1: how many times the best loss. Beyond 1.5 at the edge, no submission as a cross."""
    x = Scale(1.0, 1.5, LEFT, WIDTH - 40)
    bottom = top + STEP * len(whole)
    parts = [
        f'<text x="10" y="{top - 26}">Loss over the best loss, mean over seeds (beyond 1.5 at the edge; ×: no submission)</text>'
    ]
    for tick in ticks(1.0, 1.5, 5):
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 12}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:g}</text>')
    for place, (data, row) in enumerate(compare.over_data(whole, compare.ratios).items()):
        y = top + STEP * place
        metric = next(iter(next(iter(whole[data].values())).values()))["metric"]
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(data[:40])}, {escape(metric)}</text>'
        )
        for at, name in enumerate(systems):
            colour, ratio = COLOURS[at % len(COLOURS)], row[name]
            if ratio is None:
                parts.append(f'<text x="{WIDTH - 30 + 4 * (at % 5)}" y="{y + 4}" fill="{colour}">×</text>')
            else:
                parts.append(f'<circle cx="{x(ratio):.1f}" cy="{y}" r="4" fill="{colour}" fill-opacity="0.8"/>')
    return parts

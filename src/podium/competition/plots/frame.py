"""The paper that plots are drawn on: one SVG, self-contained, in the colours of the report, for light and dark screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.drawing import Scale, short, ticks
from podium.markup import Html, element

WIDTH, TOP, EDGE = 720.0, 62.0, 20.0
LABEL, ROW = 190.0, 22.0  # of bar charts: width of the names, height of a row
Floats = NDArray[np.float64]
STYLE = (
    "svg.eda{--paper:#fff;--ink:#1b1f24;--soft:#5b6470;--line:#d8dde3;--a:#0072b2;--b:#e69f00;--bad:#c44601;"
    'font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}'
    "@media (prefers-color-scheme:dark){svg.eda{--paper:#14171b;--ink:#e7eaee;--soft:#9aa4b0;--line:#343b44;--a:#56b4e9;"
    "--b:#f0b23c;--bad:#ff8a4c}}"
    "@media print{svg.eda{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--a:#0072b2;--b:#e69f00;--bad:#a83a00}}"
    "svg.eda .paper{fill:var(--paper)}svg.eda text{fill:var(--soft);font-size:12px}"
    "svg.eda text.title{fill:var(--ink);font-size:16px;font-weight:650}svg.eda text.name{fill:var(--ink)}"
    "svg.eda .grid{stroke:var(--line);stroke-width:1}svg.eda .a{fill:var(--a)}svg.eda .b{fill:var(--b)}"
    "svg.eda .bad{fill:var(--bad)}svg.eda .faint{fill:var(--line)}svg.eda .over{fill:var(--b);fill-opacity:.6}"
    "svg.eda .line-a{fill:none;stroke:var(--a);stroke-width:2}svg.eda .line-b{fill:none;stroke:var(--b);stroke-width:2}"
    "svg.eda .mark{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}svg.eda .tick{stroke:var(--ink);stroke-width:2}"
)


def picture(title: str, note: str, height: float, parts: Sequence[Html]) -> str:
    """A whole SVG document: a title, a line that says what to see, and what is drawn from `TOP` down."""
    svg = element(
        "svg",
        element("style", Html(STYLE)),
        element("rect", class_="paper", width=WIDTH, height=height, rx=8.0),
        words(EDGE, 28, title, class_="title", most=80),
        words(EDGE, 47, note, most=116),
        *parts,
        xmlns="http://www.w3.org/2000/svg", class_="eda", viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img",
        aria_label=f"{title}. {note}",
    )  # fmt: skip
    return svg.text + "\n"


def words(
    x: float, y: float, what: str, *, class_: str | None = None, anchor: str | None = None, most: int = 60
) -> Html:
    """A line of text, cut where it is too long; the whole of it shows on a pointer's rest."""
    clean = "".join(c for c in what if c.isprintable())
    if len(clean) <= most:
        return element("text", clean, x=x, y=y, class_=class_, text_anchor=anchor)
    return element(
        "text", element("title", clean), clean[: most - 1] + "…", x=x, y=y, class_=class_, text_anchor=anchor
    )


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart. `share`: 0 to 1 of the full width; `second`: beneath it, in the other colour; `mark`: a tick."""

    name: str
    share: float
    figure: str
    second: float | None = None
    mark: float | None = None
    look: str = "a"


def bars(rows: Sequence[Bar], top: float = TOP) -> list[Html]:
    """Names at the left, bars, figures behind them."""
    span = Scale(0.0, 1.0, EDGE + LABEL, WIDTH - 150.0)
    parts: list[Html] = []
    for at, row in enumerate(rows):
        y = top + at * ROW
        thick = ROW - 8 if row.second is None else (ROW - 6) / 2
        parts.append(words(EDGE + LABEL - 10, y + 13, row.name, class_="name", anchor="end", most=26))
        parts.append(_bar(span, row.share, y + 2, thick, row.look))
        if row.second is not None:
            parts.append(_bar(span, row.second, y + 2 + thick, thick, "b"))
        if row.mark is not None:
            x = span(row.mark)
            parts.append(element("line", x1=x, x2=x, y1=y, y2=y + ROW - 4, class_="tick"))
        end = max(span(v) for v in (row.share, row.second or 0.0, row.mark or 0.0))
        parts.append(words(end + 8, y + 13, row.figure, most=24))
    return parts


def _bar(span: Scale, share: float, y: float, thick: float, look: str) -> Html:
    return element(
        "rect", x=span.start, y=y, width=max(1.0, span(share) - span.start), height=thick, rx=1.5, class_=look
    )


@dataclass(frozen=True)
class Panel:
    """A small plot's place and scales."""

    x: Scale
    y: Scale

    @classmethod
    def at(
        cls, left: float, top: float, width: float, height: float, xs: tuple[float, float], ys: tuple[float, float]
    ) -> Panel:
        return cls(Scale(*xs, left, left + width), Scale(*ys, top + height, top))

    def axes(self, about_x: int = 6, about_y: int = 4, *, power: bool = False, share: bool = False) -> list[Html]:
        """Grid lines with round figures. `power`: x is a decimal logarithm; `share`: y is one of 0 to 1."""
        spell = (lambda v: short(10.0**v)) if power else short
        below = [
            words(self.x(v), self.y.start + 16, spell(v), anchor="middle")
            for v in ticks(self.x.low, self.x.high, about_x)
        ]
        return [*self.grid(about_y, share=share), *below]

    def grid(self, about: int = 4, *, share: bool = False) -> list[Html]:
        """Horizontal lines alone."""
        parts: list[Html] = []
        for value in ticks(self.y.low, self.y.high, about):
            at = self.y(value)
            parts.append(element("line", x1=self.x.start, x2=self.x.end, y1=at, y2=at, class_="grid"))
            spelled = f"{100 * value:.3g} %" if share else short(value)
            parts.append(words(self.x.start - 6, at + 4, spelled, anchor="end"))
        return parts

    def histogram(self, shares: Floats, look: str) -> list[Html]:
        """Bars of equal width from edge to edge."""
        step = (self.x.end - self.x.start) / len(shares)
        return [
            element("rect", x=self.x.start + i * step, y=self.y(s), width=max(0.5, step - 0.7), height=self.y.start - self.y(s),
                    class_=look)
            for i, s in enumerate(shares.tolist()) if s > 0
        ]  # fmt: skip

    def line(self, xs: Floats, ys: Floats, look: str = "a") -> list[Html]:
        """A line through points, with dots; points that are no numbers are left out."""
        points = [(self.x(a), self.y(b)) for a, b in zip(xs.tolist(), ys.tolist(), strict=True) if np.isfinite(b)]
        path = element("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in points), class_=f"line-{look}")
        return [path, *(element("circle", cx=a, cy=b, r=2.6, class_=look) for a, b in points)]


def key(pairs: Sequence[tuple[str, str]], y: float = 28.0) -> list[Html]:
    """What the colours mean, at the top right: (look, word)."""
    parts: list[Html] = []
    x = WIDTH - EDGE
    for look, word in reversed(pairs):
        x -= 7.0 * len(word) + 4
        parts.append(words(x, y, word))
        x -= 16
        parts.append(element("rect", x=x, y=y - 10, width=11.0, height=11.0, rx=2.0, class_=look))
        x -= 14
    return parts

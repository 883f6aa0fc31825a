"""Parts of the page: sections, tables, foreign text on one line. Markup itself is `podium.markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from podium.markup import EMPTY, Child, Html, element, escape, join
from podium.report.figures import one_line

__all__ = ["EMPTY", "Child", "Html", "element", "escape", "join", "section", "table", "text"]


def section(title: str, *parts: Html) -> Html:
    return element("section", element("h2", title), *parts)


def table(heads: Sequence[str], rows: Iterable[Sequence[Child]], *, caption: str = "", kinds: str = "") -> Html:
    """A table. `kinds`: a letter a column: n number, t long text, k key, m name, anything else plain."""
    classes = {"n": "number", "t": "text", "k": "key", "m": "name"}
    look = [classes.get(kinds[i : i + 1]) for i in range(len(heads))]
    head = element(
        "tr",
        *(element("th", h, class_=c if c == "number" else None, scope="col") for h, c in zip(heads, look, strict=True)),
    )
    body = [element("tr", *(element("td", v, class_=c) for v, c in zip(row, look, strict=True))) for row in rows]
    if not body:
        return element("p", "None.", class_="soft")
    title = element("caption", caption) if caption else EMPTY
    return element("div", element("table", title, element("thead", head), element("tbody", *body)), class_="scroll")


def text(value: object, width: int = 400) -> str:
    """Foreign text on one line, cut; still to be escaped."""
    return one_line(value, width)

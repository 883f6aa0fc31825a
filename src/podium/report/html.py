"""HTML as values: whatever is not `Html` is escaped, so text from data or solutions cannot become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.report.figures import one_line


@dataclass(frozen=True)
class Html:
    """Markup that is safe to put on the page as it is."""

    text: str


Child = Html | str | int | float | None
EMPTY = Html("")
VOID = ("line", "rect", "circle", "path", "polyline")


def element(name: str, *children: Child, **attributes: str | float | None) -> Html:
    """`<name attributes>children</name>`; `class_` is class, `aria_label` is aria-label; None leaves an attribute out."""
    spelled = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(child) for child in children)
    if not inside and name in VOID:
        return Html(f"<{name}{spelled}/>")
    return Html(f"<{name}{spelled}>{inside}</{name}>")


def escape(child: Child) -> str:
    """The child as markup. Control characters other than newline and tab are left out: no reader needs them."""
    if isinstance(child, Html):
        return child.text
    if child is None:
        return ""
    text = _number(child)
    return html.escape("".join(c for c in text if c >= " " or c in "\n\t"))


def join(parts: Iterable[Html]) -> Html:
    return Html("\n".join(part.text for part in parts))


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


def _number(value: str | int | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

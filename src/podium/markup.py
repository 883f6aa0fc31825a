"""HTML and SVG as values: whatever is not `Html` is escaped, so text from data or solutions cannot become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Html:
    """Markup that is safe to put on the page as it is."""

    text: str


Child = Html | str | int | float | None
EMPTY = Html("")
VOID = ("line", "rect", "circle", "path", "polyline", "input")


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Html:
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


def _number(value: str | int | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

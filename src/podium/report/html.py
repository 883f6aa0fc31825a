"""Parts of the page: sections, tables, foreign text on one line. Markup itself is `podium.markup`, the page `podium.page`."""

from __future__ import annotations

from podium.markup import EMPTY, Child, Html, element, escape, join
from podium.page import section, table
from podium.report.figures import one_line

__all__ = ["EMPTY", "Child", "Html", "element", "escape", "join", "section", "table", "text"]


def text(value: object, width: int = 400) -> str:
    """Foreign text on one line, cut; still to be escaped."""
    return one_line(value, width)

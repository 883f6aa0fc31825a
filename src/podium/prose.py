"""The little of Markdown that descriptions are written in: headings, lists, code, emphasis. Everything else stays as text.

No raw HTML, no links and no images: a description can say anything, and do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from podium.markup import Child, Html, element, join

HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(.*)")
INLINE = re.compile(r"\*\*(?P<strong>[^*\n]+)\*\*|`(?P<code>[^`\n]+)`|(?<![\w*])[*_](?P<em>[^*_\n]+)[*_](?![\w*])")
FENCE = "```"
TOP = 2  # the page has the only <h1>


def prose(text: str, top: int = TOP) -> Html:
    """Markdown as markup, escaped; its headings are of level `top` at least."""
    return element("div", join(_blocks(text.splitlines(), top)), class_="prose")


def _blocks(lines: list[str], top: int) -> Iterator[Html]:
    at = 0
    while at < len(lines):
        start, line = at, lines[at]
        if not line.strip():
            at += 1
        elif line.lstrip().startswith(FENCE):
            at = next((n for n in range(at + 1, len(lines)) if lines[n].lstrip().startswith(FENCE)), len(lines)) + 1
            yield element("pre", "\n".join(lines[start + 1 : at - 1]))
        elif found := HEADING.match(line):
            at += 1
            yield element(f"h{min(6, max(top, len(found[1]) + top - 1))}", *_inline(found[2]))
        elif ITEM.match(line):
            at = _while(lines, at, lambda text: bool(ITEM.match(text)) or text.startswith(("  ", "\t")))
            yield element("ul", *(element("li", *_inline(item)) for item in _items(lines[start:at])))
        elif line.lstrip().startswith("|"):
            at = _while(lines, at, lambda text: text.lstrip().startswith("|"))
            yield element("pre", "\n".join(lines[start:at]))
        else:
            at = _while(lines, at, lambda text: bool(text.strip()) and not HEADING.match(text) and not ITEM.match(text))
            yield element("p", *_inline(" ".join(part.strip() for part in lines[start:at])))


def _while(lines: list[str], at: int, goes_on: Callable[[str], bool]) -> int:
    end = at + 1
    while end < len(lines) and lines[end].strip() and goes_on(lines[end]):
        end += 1
    return end


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if found := ITEM.match(line):
            items.append(found[1])
        else:
            items[-1] += " " + line.strip()
    return items


def _inline(text: str) -> Iterator[Child]:
    at = 0
    for found in INLINE.finditer(text):
        yield text[at : found.start()]
        name = found.lastgroup or "em"
        yield element(name, found[name])
        at = found.end()
    yield text[at:]

"""The competition's description as text: its title, its sections, what it says of dates, quotas, target and order."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Collection
from html.parser import HTMLParser
from pathlib import Path

from podium.competition.table import decode

SUFFIXES = (".md", ".txt", ".html", ".htm", ".rst")
_HIDDEN = ("script", "style", "head", "nav", "svg")
_BLOCKS = ("p", "div", "li", "br", "tr", "section", "ul", "ol", "table", "pre")


class _Text(HTMLParser):
    """Text of a page, headings as Markdown so that sections can be found."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if re.fullmatch(r"h[1-6]", tag):
            self.parts.append("\n\n" + "#" * int(tag[1]) + " ")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _BLOCKS or re.fullmatch(r"h[1-6]", tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def read_description(folder: Path, ref: str) -> str:
    """The text of a Markdown, plain or HTML description. Raises IntakeError when it is not text."""
    text, _ = decode(ref, (folder / ref).read_bytes())
    if ref.lower().endswith((".html", ".htm")) or re.match(r"\s*<(!doctype|html|body|div|h\d)", text[:200], re.I):
        parser = _Text()
        parser.feed(text)
        text = "".join(parser.parts)
    return html.unescape(text).strip()


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, body) of Markdown headings, in order; a body ends at the next heading of any level."""
    found = list(re.finditer(r"^(#{1,6})\s*(.+?)\s*#*\s*$", text, re.M))
    ends = [*(m.start() for m in found[1:]), len(text)][: len(found)]
    return [(m.group(2), text[m.end() : end].strip()) for m, end in zip(found, ends, strict=True)]


def metric_text(text: str) -> str:
    """The part that says how submissions are scored: sections named evaluation or metric, until the submission format."""
    parts = sections(text)
    chosen: list[str] = []
    for at, (heading, body) in enumerate(parts):
        if re.search(r"\b(evaluation|metric|scoring|score)\b", heading, re.I):
            chosen.append(body)
            for later, words in parts[at + 1 : at + 3]:  # Evaluation often holds its text under a sub-heading
                if re.search(r"metric|formula|goal|score", later, re.I):
                    chosen.append(words)
    return "\n\n".join(dict.fromkeys(part for part in chosen if part))


def target_named(text: str) -> str | None:
    """The column a section called Target names, or a sentence "predict (the value of) the `x` column"."""
    for heading, body in sections(text):
        if re.fullmatch(r"targets?( columns?| variables?)?", heading, re.I) and body:
            return body.strip().splitlines()[0].strip("` *")
    match = re.search(r"target (?:column|variable|is|column is|variable is)[ :]+`([^`\n]{1,80})`", text, re.I)
    return match.group(1) if match else None


def predicted(text: str, candidates: Collection[str]) -> tuple[str, str] | None:
    """(column, sentence) where sentences on what to predict name exactly one of these columns, as code or in bold."""
    found: dict[str, str] = {}
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if re.search(r"\b(predict|forecast|estimate)", sentence, re.I):
            marked = re.findall(r"`([^`\n]{1,80})`|\*\*([^*\n]{1,80})\*\*", sentence)
            found |= {name: sentence.strip()[:160] for pair in marked for name in pair if name in candidates}
    return next(iter(found.items())) if len(found) == 1 else None


def deadline(text: str) -> str | None:
    """ISO date of the final submission deadline, where the description states one."""
    day = r"\**([A-Z][a-z]+ \d{1,2},? \d{4})\**"
    for pattern in (
        rf"{day}[\s*:–-]+Final submission deadline",
        rf"Final submission deadline[\s*:–-]+{day}",
        rf"(?:will conclude|closes|ends|end date)(?: on)?[\s*:–-]+{day}",
        rf"{day}[\s*:–-]+(?:End date|Close date)",
    ):
        match = re.search(pattern, text, re.I)
        if match:
            for style in ("%B %d %Y", "%b %d %Y"):
                try:
                    return datetime.datetime.strptime(match.group(1).replace(",", ""), style).date().isoformat()
                except ValueError:
                    continue
    return None


def quota(text: str) -> int | None:
    """Submissions allowed a day, where the description says so."""
    match = re.search(
        r"(?:maximum of|up to|limit(?:ed)? (?:of|to)|submit)\s+(\d{1,3})\s+(?:entries|submissions|times)\s+(?:per|a|each)\s+day",
        text,
        re.I,
    )
    match = match or re.search(r"(\d{1,3})\s+submissions?\s+(?:per|a|each)\s+day", text, re.I)
    return int(match.group(1)) if match else None


def says_rows_are_in_time(text: str) -> str | None:
    """The sentence that says rows are in order of time, or test comes later."""
    patterns = (
        r"rows are [a-z ]*\b(days|hours|weeks|months|years|dates|time)\b[^.\n]{0,40}\b(order|chronolog)",
        r"chronological(ly)? (order|sorted|split)|(sorted|ordered) by (date|time)",
        r"test (set|data|rows)[^.\n]{0,60}\b(later|future|following|subsequent|after the train|last \d+ ?%|last part)",
        r"(predict|forecast)[^.\n]{0,40}\bfuture\b",
    )
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if any(re.search(p, sentence, re.I) for p in patterns):
            return sentence.strip()[:200]
    return None


def title(text: str) -> str | None:
    """The first heading that is not a generic one."""
    for heading, _ in sections(text)[:3]:
        if heading.lower() not in ("overview", "description", "competition", "about"):
            return heading
    return None

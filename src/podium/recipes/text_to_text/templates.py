"""Answers as programs: literal words and what is made of a segment of the source (copied, read, spelled).

A source is cut into runs of letters, runs of digits and single signs; its shape keeps the signs and forgets the rest. A
training answer is aligned with the segments, and becomes a template that other sources of the same shape can fill.
"""

from __future__ import annotations

import re

from podium.recipes.text_to_text.numbers import Numbers

SEGMENT = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)
MOST_SEGMENTS = 12
Piece = tuple[str, int]  # (word, -1), or (how, segment)
Template = tuple[Piece, ...]
WAYS = ("copy", "lower", "read", "digits", "letters")


def segments(source: str) -> list[str]:
    return SEGMENT.findall(source)


def shape(source: str) -> str:
    """Letters as A (a capital first), a; digits as 9, but 1 and runs of zeros as they are; everything else as it is."""
    parts = []
    for part in segments(source)[: MOST_SEGMENTS + 1]:
        if part[0].isdigit():
            parts.append(part if part == "1" or not part.strip("0") else "9" if part[0] != "0" else "09")
        elif part[0].isalpha():
            parts.append("A" if part.isupper() else "Aa" if part[0].isupper() else "a")
        else:
            parts.append(" " if part.isspace() else part)
    return "\x1f".join(parts)


def aligned(source: str, answer: str, numbers: Numbers) -> Template | None:
    """The answer as a template of the source's segments, longest pieces first; None: too many segments."""
    parts = segments(source)
    if len(parts) > MOST_SEGMENTS or answer == source:
        return ((("copy", -2)),) if answer == source else None
    words = answer.split()
    rendered = [
        (made.split(), (way, at))
        for at, part in enumerate(parts)
        for way in WAYS
        if (made := render(part, way, numbers))
    ]
    rendered.sort(key=lambda one: -len(one[0]))
    template: list[Piece] = []
    used: set[int] = set()
    place = 0
    while place < len(words):
        fits = (piece for made, piece in rendered if piece[1] not in used and words[place : place + len(made)] == made)
        piece = next(fits, None)
        if piece is None:
            template.append((words[place], -1))
            place += 1
            continue
        template.append(piece)
        used.add(piece[1])
        place += len((render(parts[piece[1]], piece[0], numbers) or " ").split())
    return tuple(template)


def filled(source: str, template: Template, numbers: Numbers) -> str | None:
    """The template's answer for another source of its shape; None where a segment cannot be made so."""
    if template == ((("copy", -2)),):
        return source
    parts = segments(source)
    out = []
    for what, at in template:
        made = what if at < 0 else render(parts[at], what, numbers) if at < len(parts) else None
        if made is None:
            return None
        out.append(made)
    return " ".join(out)


def render(part: str, way: str, numbers: Numbers) -> str | None:
    """One segment made into words; None where this way does not apply to it."""
    if part[0].isdigit():
        if way in ("read", "digits"):
            return numbers.read(part) or numbers.read(part.lstrip("0")) if way == "read" else numbers.spelled(part)
        return part if way == "copy" else None
    if not part[0].isalpha():
        return None
    if way == "letters":
        return " ".join(part.lower()) if len(part) > 1 else None
    return {"copy": part, "lower": part.lower()}.get(way)

"""What may be called what: contestants, contests, tags, messages, files."""

from __future__ import annotations

import re
import unicodedata

from podium.arena.errors import BadInput, Conflict

NAME = "^[A-Za-z0-9]+(?:[ ._-][A-Za-z0-9]+)*$"  # ASCII: no two names look alike, none is a formula or a switch
SLUG = "^[a-z0-9]+(?:-[a-z0-9]+)*$"
TAG = "^[A-Za-z0-9][A-Za-z0-9._-]*$"
LONGEST_NAME, LONGEST_SLUG, LONGEST_TAG, LONGEST_MESSAGE, LONGEST_FILE_NAME = 40, 64, 100, 500, 200
RESERVED = frozenset({"admin", "server", "nobody", "you"})


def account(name: str) -> str:
    """Raises BadInput, Conflict: one of the arena's own."""
    if not _fits(NAME, name, LONGEST_NAME):
        raise BadInput(
            f"a name has 1 to {LONGEST_NAME} letters and digits, with single spaces, dots, hyphens or underscores between"
        )
    if key(name) in RESERVED:
        raise Conflict(f"the name {name!r} is taken")
    return name


def key(name: str) -> str:
    """What two names are compared by: `Ann Lee` and `ann_lee` are one."""
    return re.sub("[ ._-]", " ", name.casefold())


def slug(text: str) -> str:
    """Raises BadInput unless `text` can be part of an address and of a path."""
    if not _fits(SLUG, text, LONGEST_SLUG):
        raise BadInput(
            f"a contest's name has 1 to {LONGEST_SLUG} small letters and digits, with single hyphens between; "
            f"found {text[:80]!r}"
        )
    return text


def tag(text: str) -> str:
    if not _fits(TAG, text, LONGEST_TAG):
        raise BadInput(f"a tag has 1 to {LONGEST_TAG} letters, digits, dots, hyphens or underscores")
    return text


def _fits(pattern: str, text: str, longest: int) -> bool:
    return len(text) <= longest and re.fullmatch(pattern, text) is not None and not text.endswith("\n")


def message(text: str) -> str:
    """One line, without control characters, shortened."""
    return _plain(text)[:LONGEST_MESSAGE]


def file_name(text: str) -> str:
    """A file's own name, for people to recognise: never used as a path."""
    return _plain(re.split(r"[/\\]", text)[-1])[-LONGEST_FILE_NAME:] or "submission.csv"


def _plain(text: str) -> str:
    kept = ("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)).split()
    return " ".join(kept)


def for_spreadsheet(cell: str) -> str:
    """A cell of a CSV that people may open in a spreadsheet: no formula, whatever a contestant wrote."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

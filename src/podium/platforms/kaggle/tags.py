"""Our tag in a submission's description, and back. A person may have edited the description: the file's name has it too."""

from __future__ import annotations

import re

DESCRIPTION_CHARS = 400
MARK = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9._-]*)\]")
FILE = re.compile(r"(podium-[0-9a-f]{12})\.")


def described(tag: str, message: str) -> str:
    return f"[{tag}] {' '.join(message.split())}"[:DESCRIPTION_CHARS].strip()


def tag_of(description: str, file_name: str) -> str:
    """ "" for a submission that is not ours."""
    if found := MARK.match(description.strip()):
        return found[1]
    named = FILE.match(file_name)
    return named[1] if named else ""

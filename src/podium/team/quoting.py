"""Text from data, files, solutions and the web, fenced so that it cannot pass for an instruction."""

from __future__ import annotations

import hashlib
import re


def quote(text: str, source: str) -> str:
    """The fence's name is a hash of what it holds, so the text cannot close it; an empty text stays empty."""
    text = text.strip()
    if not text:
        return ""
    mark = "data-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10]
    source = re.sub(r"[^\w./:#, '()-]", "_", source)[:120]
    return f'<{mark} source="{source}">\n{text}\n</{mark}>'


def clip(text: str, chars: int) -> str:
    """At most `chars` characters of a text, its head; says how much is left out."""
    text = text.strip()
    if len(text) <= chars:
        return text
    mark = f" … [{len(text) - chars} characters left out]"
    return text[: max(0, chars - len(mark) - 2)].rstrip() + mark

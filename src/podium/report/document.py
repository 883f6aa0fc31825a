"""A self-contained page of the report's look, for what is no campaign's report: benches and races."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from string import Template

from podium.report.html import Html, element, escape, join


def write_document(path: Path, title: str, *parts: Html) -> Path:
    """Write the page atomically: a heading, then the parts. Everything that is not `Html` was escaped by its maker."""
    assets = resources.files("podium.report") / "assets"
    style = (assets / "page.css").read_text("utf-8")
    body = join((element("h1", title), *parts))
    text = Template((assets / "page.html").read_text("utf-8")).substitute(
        title=escape(f"{title} · Podium"), style=style, body=body.text
    )
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)
    return path


__all__ = ["write_document"]

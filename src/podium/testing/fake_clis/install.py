"""Writing a stand-in's executable. It starts in some 30 ms: the standard library alone, until it plays for real."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.execution.agents import AGENTS

SCRIPT = """#!{python} -IS
import sys
sys.path.insert(0, {source!r})
from podium.testing.fake_clis.{module} import main
main({settings!r})
"""


def install(
    folder: Path,
    kind: str,
    *,
    acts: Sequence[str] = ("play",),
    book: Mapping[str, Any] | None = None,
    places: Sequence[str] = (),
    version: str | None = None,
) -> Path:
    """An executable called as the real one, in `folder`. Its n-th call does `acts[n]`, later ones the last.

    `book`: brief id → deliverable as JSON values; without one the built-in seat is asked. `places`: paths outside that a
    spy tries beside what it finds. Returns the executable.
    """
    source = str(Path(__file__).parents[3])
    module = kind.split("-")[0]
    settings = {"acts": list(acts), "book": book, "places": list(places), "version": version}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (AGENTS[kind].program if kind in AGENTS else kind)
    text = SCRIPT.format(python=sys.executable, source=source, module=module, settings=json.dumps(settings))
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return file

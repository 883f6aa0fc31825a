"""Where an arena's files lie. Answers lie apart from all that is served, in a folder of the server alone."""

from __future__ import annotations

from pathlib import Path

from podium.arena.uploads import Uploads


class Places:
    """`<data>/contests/<slug>/` public files; `<data>/answers/<slug>/` hidden answers; `<data>/submissions/<slug>/<id>`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.uploads = Uploads(data / "submissions")

    def public(self, slug: str) -> Path:
        return self.data / "contests" / slug

    def private(self, slug: str) -> Path:
        return self.data / "answers" / slug

    def make(self) -> None:
        """The folders; nobody else on the machine may read them."""
        self.data.mkdir(parents=True, exist_ok=True)
        for name in ("contests", "answers", "submissions"):
            (self.data / name).mkdir(mode=0o700, exist_ok=True)

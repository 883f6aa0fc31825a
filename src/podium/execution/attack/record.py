"""What one attack has shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Probe:
    """`blocked` is True only on evidence; a probe that could not be made is not blocked, and its detail says so."""

    name: str
    blocked: bool
    detail: str

    def json(self) -> dict[str, Any]:
        return asdict(self)

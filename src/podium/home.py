"""Where Podium keeps what outlives a campaign."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """PODIUM_HOME, by default ~/.podium. Need not exist."""
    return Path(os.environ.get("PODIUM_HOME") or Path.home() / ".podium").absolute()


def kept() -> Path | None:
    """The same; None where PODIUM_HOME is set and empty: nothing is kept."""
    return None if os.environ.get("PODIUM_HOME") == "" else home()

"""KAGGLE_API.md: what an agent in a Kaggle campaign's folder may call, through which command, and under which rules."""

from __future__ import annotations

from importlib.resources import files

NAME = "KAGGLE_API.md"


def guide_text(slug: str) -> str:
    """For a campaign's folder. It names no credential: agents have none, and need none."""
    return files("podium.platforms.kaggle").joinpath(NAME).read_text(encoding="utf-8").replace("{slug}", slug)

"""Pretrained weights that the user names in config.json (`weights`): checked to be here before anything is made."""

from __future__ import annotations

from pathlib import Path

from podium import weights
from podium.competition.config import Config, names
from podium.errors import IntakeError, UserError


def named_weights(config: Config, home: Path, rule: str, why: str) -> tuple[str, ...]:
    """Their names, folders as whole paths. Raises IntakeError: the rules forbid them, a name that is none, not here."""
    found: list[str] = []
    for text in names(config.get("weights")):
        try:
            found.append(weights.find(str(weights.parse(text, home))).name)
        except UserError as problem:
            raise IntakeError(f"weights of config.json: {problem}") from problem
    if found and rule == "no":
        raise IntakeError(
            "pretrained weights are named, and the rules forbid them",
            found=why,
            remedy="delete weights; where the rules were misread, set `pretrained_models` to yes",
        )
    return tuple(dict.fromkeys(found))

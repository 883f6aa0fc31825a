"""Durations as people write them: 90s, 10m, 2h, 1d."""

from __future__ import annotations

import re

from podium.errors import UserError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str, option: str = "--time") -> float:
    """Seconds. Raises UserError for anything but a positive number and its unit."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise UserError(
            f"{option} is not a duration",
            expected="90s, 10m, 2h or 1d",
            found=repr(text),
            remedy="give a number and its unit",
        )
    return float(match[1]) * UNITS[match[2]]

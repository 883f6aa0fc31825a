"""From the text that a player handed back to a checked deliverable."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from podium.errors import BadDeliverable
from podium.records import Brief, Deliverable, from_json
from podium.team.desk import Check
from podium.team.roles import DELIVERABLE_OF


def read(text: str, brief: Brief, check: Check, mend: Callable[[Any], Any] = lambda data: data) -> Deliverable:
    """The deliverable in `text`, checked. `mend` may change its JSON first. Raises BadDeliverable: what is wrong."""
    kind = DELIVERABLE_OF[brief.phase]
    if not text.strip():
        raise BadDeliverable(f"nothing was handed in; expected a {kind.__name__} as JSON")
    try:
        deliverable: Deliverable = from_json(kind, mend(_sound(_parsed(text))))
    except ValueError as problem:
        raise BadDeliverable(str(problem)) from problem
    except RecursionError as problem:
        raise BadDeliverable("not JSON: nested too deep") from problem
    check(deliverable, brief)
    return deliverable


def _sound(data: Any) -> Any:
    """The same data, where every file and database can hold it: no NaN, no infinity, no half of a character.

    Raises ValueError.
    """
    json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    return data


def _parsed(text: str) -> Any:
    """JSON, though a fence or a sentence stand around it. Raises ValueError."""
    try:
        return json.loads(text)
    except ValueError as problem:
        start, end = text.find("{"), text.rfind("}")
        if start < 0 or end < start:
            raise ValueError(f"not JSON: {problem}") from problem
        try:
            return json.loads(text[start : end + 1])
        except ValueError as inner:
            raise ValueError(f"not JSON: {inner}") from inner

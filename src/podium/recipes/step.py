"""One step of a mutation: a parameter moved to another value that is worth trying."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any


def step(
    params: dict[str, Any], name: str, values: Sequence[Any], usual: Mapping[str, Any], rng: random.Random
) -> None:
    """Move `params[name]` in place. `usual`: what is done where a parameter is not named; moved there it is not named either,
    for said or not said it is the same experiment."""
    now = params.get(name, usual.get(name))
    params[name] = rng.choice([value for value in values if value != now])
    if name in usual and params[name] == usual[name]:
        del params[name]

"""Rules with evidence: how evidence is merged, when a rule is contradicted, and when it is retired.

Evidence is counted once for each data set: a second campaign at the same data replaces what the first one said, since its
rows are the same. A rule is *contradicted* while more speaks against it than for it, and *retired* once even the upper end
of a 90 % Wilson interval for the share of evidence in its favour lies below one half (0 : 3 does, 1 : 5 does not yet);
later evidence in its favour brings it back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from podium.records import Learning
from podium.team.builtin.learnings import SEEDED, SOURCE

State = Literal["in force", "contradicted", "retired"]
Z = 1.645  # of a 90 % interval
ANY = "any"
LONGEST = 400  # characters of a rule or of a piece of evidence


@dataclass(frozen=True)
class Evidence:
    """What one campaign showed. `data`: which data set; `effect`: gain in `metric`'s unit with its 90 % interval, positive
    when the rule helped; None where none was measured."""

    campaign: str
    data: str
    competition: str
    kind: str  # of data: task type and size
    support: int
    contradicted: int
    text: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    metric: str = ""


@dataclass(frozen=True)
class Remembered:
    """A rule and all that is known of it. Its id is stable over campaigns."""

    id: str
    rule: str
    applies_to: str  # a task type, or "any"
    evidence: tuple[Evidence, ...]

    @property
    def support(self) -> int:
        return sum(one.support for one in self.evidence)

    @property
    def contradicted(self) -> int:
        return sum(one.contradicted for one in self.evidence)

    @property
    def state(self) -> State:
        if upper_bound(self.support, self.contradicted) < 0.5:
            return "retired"
        return "contradicted" if self.contradicted > self.support else "in force"

    def without(self, data: str) -> Remembered:
        """The rule as it was known before anyone looked at this data set."""
        return replace(self, evidence=tuple(one for one in self.evidence if one.data != data))

    def as_learning(self) -> Learning:
        """As a campaign's roles see it: the totals, and the newest evidence in words."""
        newest = self.evidence[-1].text if self.evidence else ""
        return Learning(self.id, self.rule, newest, self.applies_to, self.support, self.contradicted)


def upper_bound(support: int, contradicted: int) -> float:
    """Upper end of the Wilson score interval (Wilson 1927) for the share in favour; 1 without evidence."""
    n = support + contradicted
    if n == 0:
        return 1.0
    share, z2 = support / n, Z * Z
    spread = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (share + z2 / (2 * n) + spread) / (1 + z2 / n)


def seeded() -> tuple[Remembered, ...]:
    """AutoKaggle's seven, each with the evidence of the campaign they come from."""
    return tuple(
        Remembered(
            one.id,
            one.rule,
            one.applies_to,
            (Evidence("autokaggle", "playground-s6e3", "Playground Series S6E3", ANY, one.support, 0, SOURCE),),
        )
        for one in SEEDED
    )


def stable_id(learning: Learning, taken: Iterable[Remembered]) -> str:
    """The home's id of a campaign's learning: its own where it names the same rule there or belongs to a family
    (`F:task:family`), else one made from the rule's words: ids that minds make up clash between campaigns."""
    words = _words(learning.rule)
    for known in taken:
        if _words(known.rule) == words and known.applies_to == learning.applies_to:
            return known.id
    if learning.id.startswith("F:"):
        return learning.id
    return "M" + hashlib.sha256(f"{words}|{learning.applies_to}".encode()).hexdigest()[:8]


def merged(mine: Iterable[Remembered], theirs: Iterable[Remembered]) -> tuple[Remembered, ...]:
    """All rules of both, by id: same rule, evidence of both; for one data set what `theirs` says stands."""
    found = {one.id: one for one in mine}
    for other in theirs:
        known = found.get(other.id)
        if known is None:
            found[other.id] = other
            continue
        said = {one.data for one in other.evidence}
        kept = tuple(one for one in known.evidence if one.data not in said)
        found[other.id] = replace(known, evidence=kept + other.evidence)
    return tuple(found.values())


def _words(rule: str) -> str:
    return " ".join(rule.lower().rstrip(". ").split())

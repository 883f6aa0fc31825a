"""Who held the record when, by time of submission; who builds on whom; what an invalid submission drags along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.arena.records.docket import Docket, Entry
from podium.arena.records.facts import Likeness
from podium.arena.records.judge import Verdict
from podium.arena.records.submission import BuildsOn

CLOSER = 0.05  # of its code more than stands in what it names


@dataclass(frozen=True)
class Case:
    """A submission with all that is known of it. `above`: all that it descends from, `rests_on` those of them that are invalid;
    `unnamed`: earlier ones whose code stands in it and that `builds_on` does not name; `invalid`: why it was taken back."""

    entry: Entry
    verdict: Verdict | None
    builds_on: tuple[BuildsOn, ...]
    above: tuple[int, ...] = ()
    unnamed: tuple[int, ...] = ()
    invalid: str = ""
    rests_on: tuple[int, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is, as things stand, a record of its time."""
        return self.verdict is not None and self.verdict.kind == "record" and not self.invalid

    @property
    def state(self) -> str:
        if self.verdict is None:
            return "queued"
        return "invalidated" if self.invalid else self.verdict.kind


def cases(docket: Docket) -> list[Case]:
    """All, in order of submission."""
    taken_back = docket.invalidations()
    bad: set[int] = set(taken_back)
    above: dict[int, set[int]] = {}
    found = []
    for entry in docket.entries():
        number, verdict, triage = entry.number, docket.verdict(entry.number), docket.triage(entry.number)
        claim = docket.claim(number)
        builds_on = claim.builds_on if claim else ()
        if verdict is not None and verdict.kind == "invalid":
            bad.add(number)
        parents = {one.submission for one in builds_on if isinstance(one.submission, int) and one.submission < number}
        above[number] = parents | {far for parent in parents for far in above.get(parent, set())}
        unnamed = _unnamed(triage.likenesses if triage else (), above[number])
        rests_on, ancestors = tuple(sorted(above[number] & bad)), tuple(sorted(above[number]))
        found.append(Case(entry, verdict, builds_on, ancestors, unnamed, taken_back.get(number, ""), rests_on))
    return found


def records(found: list[Case]) -> list[Case]:
    """The record history: each was a record when it was submitted, whenever it was reviewed."""
    return [case for case in found if case.counts]


def standing_before(found: list[Case], number: int) -> Case | None:
    """The record that stood when `number` was submitted."""
    earlier = [case for case in records(found) if case.entry.number < number]
    return earlier[-1] if earlier else None


def rivals(found: list[Case], number: int, standing: int) -> tuple[float, ...]:
    """p-values of the candidates that were submitted before `number` and held against the same record."""
    return tuple(
        case.verdict.p
        for case in found
        if case.verdict is not None
        and case.entry.number < number
        and case.verdict.standing == standing
        and case.verdict.p is not None
    )


def descendants(found: list[Case]) -> Mapping[int, tuple[int, ...]]:
    """Number → those that build on it, directly or not."""
    numbers = [case.entry.number for case in found]
    return {number: tuple(case.entry.number for case in found if number in case.above) for number in numbers}


def _unnamed(likenesses: Sequence[Likeness], above: set[int]) -> tuple[int, ...]:
    """Those it is more like than anything it names or descends from; the likest first. What a named one shares is named."""
    explained = max((one.share for one in likenesses if one.submission in above), default=0.0)
    found = [one for one in likenesses if one.submission not in above and one.share > explained + CLOSER]
    return tuple(one.submission for one in sorted(found, key=lambda one: (-one.share, one.submission)))

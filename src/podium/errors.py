"""The exception tree. A `UserError` is the user's mistake: one line, exit 2. Anything else is a bug: a traceback, exit 1.

PodiumError
├── UserError            what was expected, what was given, what to do
│   ├── IntakeError      the competition's files cannot be understood
│   │   ├── Ambiguous        more than one reading fits; a key of config.json settles it
│   │   └── Unplayable       a kind of competition that is understood, and that Podium has no solutions for yet
│   └── CampaignError    the campaign folder does not allow what was asked
├── Refused              the answer is no (exit 3): a mismatch, a refusal by policy
├── EngineBusy           another engine is at work on this campaign (exit 4)
├── NoSubmission         finished without a valid submission (exit 5)
├── StaleEpoch           this engine lost its campaign to a newer one and must stop writing
├── AwaitingHost         an outside agent has a brief to answer; the engine rests until it does
├── SeatError            a seat failed to hand back a valid deliverable
│   └── BadDeliverable   it handed one back, and the check refused it
└── SolutionError        a solution, not the engine, is at fault
    └── InvalidPredictions   wrong shape, wrong type, NaN, out of range
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PodiumError(Exception):
    """Root of everything Podium raises on purpose."""

    exit_code = 1


class UserError(PodiumError):
    """The user's mistake, told in one line: expected, found, remedy."""

    exit_code = 2

    def __init__(self, problem: str, *, expected: str = "", found: str = "", remedy: str = "") -> None:
        parts = [problem.rstrip(".")]
        if expected:
            parts.append(f"expected {expected}")
        if found:
            parts.append(f"found {found}")
        if remedy:
            parts.append(remedy)
        super().__init__("; ".join(part.replace("\n", " ") for part in parts))


class IntakeError(UserError):
    """The competition's folder, files, columns or description cannot be understood."""


class Ambiguous(IntakeError):
    """More than one reading fits. `key` of config.json settles it, with one of `choices` (value → what speaks for it), or
    another value where the choices are `usual` ones only."""

    def __init__(
        self,
        problem: str,
        *,
        key: str,
        choices: Mapping[str, str],
        remedy: str = "",
        usual: bool = False,
        found: str = "",
    ) -> None:
        shown = found if usual else ", ".join(list(choices)[:20])
        super().__init__(problem, found=shown, remedy=remedy or f"set `{key}` in config.json, or --set {key}=VALUE")
        self.problem, self.key, self.choices, self.usual = problem, key, dict(choices), usual


class Unplayable(IntakeError):
    """The competition is understood, and Podium has nothing to play it with yet. Nothing was made."""

    def __init__(self, competition: Any, why: str) -> None:
        kind = competition.task_type.replace("_", " ")
        super().__init__(
            f"this is {kind}, understood but not playable yet: {why}",
            remedy="see `podium init PATH`; if the kind is wrong, set `task_type` in config.json",
        )
        self.competition, self.why = competition, why


class CampaignError(UserError):
    """The campaign folder does not allow what was asked (missing, foreign, edited, unwritable)."""


class Refused(PodiumError):
    """The answer is no: a mismatch, or a policy that forbids it."""

    exit_code = 3


class EngineBusy(PodiumError):
    """Another engine holds this campaign's lock."""

    exit_code = 4


class NoSubmission(PodiumError):
    """The campaign finished without one valid submission."""

    exit_code = 5


class StaleEpoch(PodiumError):
    """A newer engine has taken over this campaign; this one must not write again."""

    exit_code = 4


class AwaitingHost(PodiumError):
    """A host seat's brief is open: the engine rests until its deliverable is handed in. Resumable, like a stop."""

    exit_code = 130

    def __init__(self, brief_id: str) -> None:
        super().__init__(f"brief {brief_id} waits for its host")
        self.brief_id = brief_id


class SeatError(PodiumError):
    """A seat failed to hand back a valid deliverable within its attempts. `usage`: a `records.Usage` of what
    it spent on them, to be charged."""

    def __init__(self, message: str, usage: Any = None) -> None:
        super().__init__(message)
        self.usage = usage


class BadDeliverable(SeatError):
    """A deliverable was handed back and its check refused it; the message names the field."""


class SolutionError(PodiumError):
    """The solution is at fault: it raised, or broke the protocol."""


class InvalidPredictions(SolutionError):
    """Predictions of the wrong shape or type, not finite, or outside their range."""

"""The exception tree. A `UserError` is the user's mistake: one line, exit 2. Anything else is a bug: a traceback, exit 1.

PodiumError
├── UserError            what was expected, what was given, what to do
│   ├── IntakeError      the competition's files cannot be understood
│   └── CampaignError    the campaign folder does not allow what was asked
├── Refused              the answer is no (exit 3): a mismatch, a refusal by policy
├── EngineBusy           another engine is at work on this campaign (exit 4)
├── NoSubmission         finished without a valid submission (exit 5)
├── StaleEpoch           this engine lost its campaign to a newer one and must stop writing
├── SeatError            a seat failed to hand back a valid deliverable
│   └── BadDeliverable   it handed one back, and the check refused it
└── SolutionError        a solution, not the engine, is at fault
    └── InvalidPredictions   wrong shape, wrong type, NaN, out of range
"""

from __future__ import annotations


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


class SeatError(PodiumError):
    """A seat failed to hand back a valid deliverable within its attempts."""


class BadDeliverable(SeatError):
    """A deliverable was handed back and its check refused it; the message names the field."""


class SolutionError(PodiumError):
    """The solution is at fault: it raised, or broke the protocol."""


class InvalidPredictions(SolutionError):
    """Predictions of the wrong shape or type, not finite, or outside their range."""

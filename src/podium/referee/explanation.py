"""What an explanation of errors holds: figures and names, JSON-able, the same for the same saved predictions."""

from __future__ import annotations

from dataclasses import dataclass

from podium.referee.box_errors import BoxErrors
from podium.referee.disagreement import Corner
from podium.referee.leftover import Leftover
from podium.referee.mismatch import Mismatch
from podium.referee.segments import Segment
from podium.referee.slices import Slice
from podium.referee.unit_types import UnitTypes


@dataclass(frozen=True)
class Band:
    """Rows of which the blend says alike, from `low` to `high`: the mean of what it `said`, of what was `seen`, and the
    standard error of their difference."""

    low: float
    high: float
    share: float
    loss_share: float
    said: float
    seen: float
    stderr: float


@dataclass(frozen=True)
class Example:
    """A row as the competition's own files spell it: id, label given, what the team says, and how sure (or how far off)."""

    id: str
    given: str
    said: str
    sure: float


@dataclass(frozen=True)
class Spread:
    """Where `members` disagree. `lift`: how many times likelier a mistake is there than where they agree; `judged`: mistakes are
    labels that are wrong, else the tenth of the rows with the most loss."""

    members: int
    corners: tuple[Corner, ...]
    lift: float
    examples: tuple[Example, ...]
    judged: bool = False

    @property
    def mistakes(self) -> str:
        return "mistakes" if self.judged else "rows among the tenth with the most loss"

    def side(self, *, wrong: bool) -> str:
        return ("wrong" if wrong else "right") if self.judged else ("far off" if wrong else "near")


@dataclass(frozen=True)
class LabelDoubt:
    """`flagged` of `n` rows whose label the whole team doubts; `precision`, `rate`: estimates, None where there is none."""

    n: int
    flagged: int
    precision: float | None
    rate: float | None
    likely: bool
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class UnusedTable:
    """A table that was not joined, and `why`; its column `key` has the values of feature `of` in `covers` of the rows."""

    ref: str
    why: str
    key: str
    of: str
    covers: float
    telling: tuple[Leftover, ...]


@dataclass(frozen=True)
class Unused:
    """`columns` that no solution of the pool uses; of them `telling` predict the residuals, and so do the used ones in
    `left`: what they tell is not used up."""

    columns: tuple[str, ...]
    telling: tuple[Leftover, ...]
    left: tuple[Leftover, ...]
    tables: tuple[UnusedTable, ...]


@dataclass(frozen=True)
class Explanation:
    """Of the best blend as of a round, from `rows` of `rows_of` out-of-fold rows and `columns` of `columns_of` columns."""

    round: int
    metric: str
    score: float  # on the rows looked at
    rows: int
    rows_of: int
    columns: int
    columns_of: int
    members: tuple[str, ...]
    exact: bool  # whether the loss of a row is exact to first order
    slices: tuple[Slice, ...]
    bands: tuple[Band, ...]
    units: tuple[UnitTypes, ...]
    spread: Spread | None
    labels: LabelDoubt | None
    unused: Unused
    mismatches: tuple[Mismatch, ...]
    segments: tuple[Segment, ...] = ()  # kinds of users, where lists of items are asked for
    boxes: BoxErrors | None = None  # where boxes are asked for: errors by type
    whole: bool = True  # False: answers are no numbers, and only slices and kinds of users were looked at

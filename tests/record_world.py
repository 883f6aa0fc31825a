"""A queue of planted submissions, drained: for tests of the record track."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.arena.records import rehearse, review
from podium.arena.records.contest import Contest
from podium.arena.records.docket import Docket
from podium.arena.records.judge import Verdict
from podium.arena.records.review import Reviewer
from podium.arena.records.stage import Stage
from podium.arena.records.trial import Trial
from podium.testing import record_faults
from podium.testing.record_faults import Planted, Where


@dataclass(frozen=True)
class Drained:
    contests: dict[Where, tuple[Contest, Docket]]
    numbers: dict[str, tuple[Where, int]]
    order: list[tuple[Where, int]]  # as reviewed

    def verdict(self, name: str) -> Verdict:
        where, number = self.numbers[name]
        verdict = self.contests[where][1].verdict(number)
        assert verdict is not None
        return verdict

    def findings(self, name: str) -> list[Any]:
        where, number = self.numbers[name]
        return review.settled(self.contests[where][1], number)


def drain(folder: Path, planted: Sequence[Planted]) -> Drained:
    """Hand everything in, then review everything: oldest first in each contest."""
    with ExitStack() as stages:
        contests: dict[Where, tuple[Contest, Docket]] = {}
        stage: dict[Where, Stage] = {}
        for where in dict.fromkeys(one.where for one in planted):
            contest = record_faults.contest(folder / where, where)
            contests[where] = (contest, Docket(contest.folder))
            stage[where] = stages.enter_context(Stage(contest.rules))
        numbers = {}
        for one in planted:
            contest, docket = contests[one.where]
            written = record_faults.write(one, contest, measured(one, contest, stage[one.where]))
            numbers[one.name] = (one.where, review.receive(docket, written).number)
        order = []
        for where, (contest, docket) in contests.items():
            reviewer = Reviewer(contest, docket, stage[where])
            while (done := reviewer.next()) is not None:
                order.append((where, done[0].number))
    return Drained(contests, numbers, order)


def measured(one: Planted, contest: Contest, stage: Stage) -> list[dict[str, Any]]:
    if not one.measured:
        return []
    run = Trial(contest, stage, one.files(contest), 0).run("claimed", record_faults.SEEDS[0], probed="no")
    assert not run.broke, run.words
    return [rehearse.figures(run)]

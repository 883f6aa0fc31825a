from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from podium.arena.records import contest as contests
from podium.arena.records import review
from podium.arena.records.contest import Contest
from podium.arena.records.docket import Docket
from podium.arena.records.facts import Ground, RunFacts, Triage
from podium.arena.records.judge import Verdict
from podium.arena.records.review import Reviewer
from podium.arena.records.rules import Rules
from podium.arena.records.stage import Broke, Stage
from podium.arena.records.trial import Trial
from podium.errors import Refused, UserError
from podium.testing import record_faults, record_text

SMALL = replace(record_faults.rules("bytes"), seeds=2, replay_symbols=200)


def small(folder: Path, rules: Rules = SMALL) -> Contest:
    texts = record_text.documents(140, seed=3, length=60)
    return contests.create(folder, "small", texts[:100], texts[100:110], texts[110:120], rules, secret=b"s" * 32)


def hand_in(contest: Contest, docket: Docket, *names: str) -> None:
    by_name = {one.name: one for one in record_faults.catalogue()}
    for name in names:
        planted = replace(by_name[name], bpb=9.0, measured=False)
        review.receive(docket, record_faults.write(planted, contest))


def told(docket: Docket) -> list[tuple[str, list[str], float | None]]:
    found = [docket.verdict(entry.number) for entry in docket.entries()]
    return [(one.kind, list(one.codes), one.bpb) for one in found if one is not None]


@pytest.mark.slow
def test_a_reviewer_killed_at_any_moment_ends_where_an_unkilled_one_does(tmp_path: Path) -> None:
    names = ("counts of pairs", "n-grams that sum to 277")
    whole, killed = small(tmp_path / "whole"), small(tmp_path / "killed")
    for contest in (whole, killed):
        hand_in(contest, Docket(contest.folder), *names)
    with Stage(whole.rules) as stage:
        reviewer = Reviewer(whole, Docket(whole.folder), stage)
        while reviewer.next():
            pass
    argv = [
        sys.executable,
        "-c",
        "import sys; from podium.cli.arena_record import app; app()",
        "review",
        str(killed.folder),
    ]
    rng, kills = random.Random(4), 0
    while Docket(killed.folder).oldest_open() is not None and kills < 4:
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(0.8, 2.0))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
            process.wait()
    docket = Docket(killed.folder)
    with Stage(killed.rules) as stage:
        reviewer = Reviewer(killed, docket, stage)
        while reviewer.next():
            pass
    assert told(docket) == told(Docket(whole.folder))
    assert all(run.outcome for entry in docket.entries() for run in docket.runs(entry.number))
    for entry in docket.entries():
        assert len(docket.verdicts(entry.number)) == 1
        ended = [(run.purpose, run.seed) for run in docket.runs(entry.number) if run.outcome == "done"]
        assert len(ended) == len(set(ended))


def test_a_contest_whose_data_are_not_in_order_keeps_its_queue_waiting(tmp_path: Path) -> None:
    contest = small(tmp_path / "c")
    docket = Docket(contest.folder)
    hand_in(contest, docket, "counts of pairs")
    (contest.folder / "public" / "train" / "shard_009.docs").write_bytes(b"")
    with Stage(contest.rules) as stage, pytest.raises(UserError, match="5 training shards, the manifest has 4"):
        Reviewer(contest, docket, stage).next()
    assert docket.oldest_open() is not None and docket.runs(1) == []


def test_validation_documents_in_a_training_shard_are_found(tmp_path: Path) -> None:
    from podium.arena.records import documents

    contest = small(tmp_path / "c")
    shard = contest.folder / contest.manifest.train[0].name
    shard.write_bytes(documents.pack([*documents.read(shard), contest.validation[0]]))
    assert contest.check() == [f"{contest.manifest.train[0].name} is not the file that the manifest names"]
    with pytest.raises(UserError, match="both train and validation"):
        texts = record_text.documents(40, seed=3)
        contests.create(tmp_path / "d", "d", texts[:20], texts[19:30], texts[30:], SMALL)


def test_a_lost_sandbox_is_nobodys_fault_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contest = small(tmp_path / "c")
    docket = Docket(contest.folder)
    hand_in(contest, docket, "counts of pairs")
    real, lost = Trial.run, []

    def run(self: Trial, *given: object, **more: object) -> RunFacts:
        if len(lost) < 2:
            lost.append(1)
            raise Broke("lost", "the sandbox went away")
        return real(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Trial, "run", run)
    with Stage(contest.rules) as stage:
        done = Reviewer(contest, docket, stage).next()
    assert done is not None and done[1].kind == "record"
    assert [one.outcome for one in docket.runs(1)][:3] == ["lost", "lost", "done"]


def test_a_sandbox_that_keeps_getting_lost_stops_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contest = small(tmp_path / "c")
    docket = Docket(contest.folder)
    hand_in(contest, docket, "counts of pairs")

    def run(self: Trial, *given: object, **more: object) -> RunFacts:
        raise Broke("lost", "the sandbox went away")

    monkeypatch.setattr(Trial, "run", run)
    with Stage(contest.rules) as stage, pytest.raises(Refused, match="lost 3 times"):
        Reviewer(contest, docket, stage).next()
    assert docket.verdict(1) is None


def test_a_weaker_sandbox_than_the_contest_asks_for_is_refused() -> None:
    with pytest.raises(UserError, match="other people's code; expected sandbox level landlock"):
        Stage(Rules(min_level="landlock"), level="process")


def test_what_was_held_against_a_fallen_record_is_decided_anew(tmp_path: Path) -> None:
    """Only the runs that are recorded are used: nothing runs again on the same machine."""
    contest = small(tmp_path / "c")
    docket = Docket(contest.folder)
    hand_in(contest, docket, "counts of pairs", "counts of three orders", "slow and in time")
    with Stage(contest.rules) as stage:
        reviewer = Reviewer(contest, docket, stage)
        for number, nats in ((1, (2.0, 2.001)), (2, (1.8, 1.801)), (3, (1.85, 1.851))):
            seeds = contest.seeds(2, number)
            docket.register(number, "registered", seeds)
            docket.record_triage(number, Triage())
            for seed, value in zip(seeds, nats, strict=True):
                row = docket.start(number, "registered", seed, reviewer.machine)
                docket.finish(row, RunFacts("registered", seed, bpb=value, nats_per_byte=value), "done")
            docket.register(number, "claimed", [11])
            verdict = _judged(reviewer, number)
            docket.decide(number, verdict)
        assert [one[0] for one in told(docket)] == ["record", "record", "non_record"]
        docket.invalidate(2, "it read the answers")
        changed = reviewer.rejudge(2)
    assert [(number, verdict.kind, verdict.standing) for number, verdict in changed] == [(3, "record", 1)]
    assert [verdict.kind for _, verdict in docket.verdicts(3)] == ["non_record", "record"]


def test_a_record_from_another_machine_runs_again_here_before_anything_is_held_against_it(tmp_path: Path) -> None:
    contest = small(tmp_path / "c")
    docket = Docket(contest.folder)
    hand_in(contest, docket, "counts of pairs", "slow and in time")
    docket.record_triage(1, Triage())
    seeds = contest.seeds(2, 1)
    docket.register(1, "registered", seeds)
    for seed in seeds:
        row = docket.start(1, "registered", seed, "a larger machine")
        docket.finish(row, RunFacts("registered", seed, bpb=0.1, nats_per_byte=0.1), "done")
    docket.decide(1, Verdict("record", (Ground("first", ""),), 0.1))
    with Stage(contest.rules) as stage:
        reviewer = Reviewer(contest, docket, stage)
        done = reviewer.next()
    assert done is not None and done[1].standing == 1 and done[1].kind == "record"
    again = [run for run in docket.runs(1) if run.machine == reviewer.machine]
    assert [(run.purpose, run.seed, run.outcome) for run in again] == [("standing", seed, "done") for seed in seeds]
    assert min(run.facts.bpb or 0 for run in again if run.facts) > 1


def _judged(reviewer: Reviewer, number: int) -> Verdict:
    from podium.arena.records import judge

    return judge.judge(reviewer._evidence(number, reviewer.docket.claim(number)), reviewer.contest.rules)


def test_seeds_cannot_be_foretold_without_the_secret_and_do_not_change(tmp_path: Path) -> None:
    contest = small(tmp_path / "c")
    assert contest.seeds(3, 1) == contest.seeds(3, 1) != contest.seeds(3, 2)
    (contest.folder / "hidden" / "secret").write_bytes(b"t" * 32)
    assert Contest.open(contest.folder).seeds(3, 1) != json.loads(json.dumps(contest.seeds(3, 9)))

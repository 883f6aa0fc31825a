"""The review of one submission, from the head of the queue to its verdict.

Every step is recorded before the next, so a reviewer that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from podium.arena.records import findings, history, judge, machine, triage
from podium.arena.records.contest import Contest
from podium.arena.records.docket import Docket, Entry, Run
from podium.arena.records.facts import Finding, Purpose, RunFacts, Triage
from podium.arena.records.judge import Evidence, Standing, Verdict
from podium.arena.records.stage import Broke, Stage
from podium.arena.records.submission import BadClaim, Claim, Submission
from podium.arena.records.trial import Probed, Trial
from podium.errors import Refused, UserError

PURPOSES: tuple[Purpose, ...] = ("registered", "claimed")
MOST_LOST = 3  # attempts that the sandbox itself may lose

Say = Callable[[str], None]


class Reviewer:
    """`Reviewer(contest, docket, stage).next()` takes the oldest submission to its verdict; None when the queue is empty."""

    def __init__(self, contest: Contest, docket: Docket, stage: Stage, say: Say = lambda line: None) -> None:
        self.contest, self.docket, self.stage, self.say = contest, docket, stage, say
        self.machine = machine.name(stage.level, contest.rules)

    def next(self) -> tuple[Entry, Verdict] | None:
        """Raises EngineBusy where another reviewer is at work, UserError where the contest's own data are not in order."""
        with self.docket.reviewing():
            entry = self.docket.oldest_open()
            if entry is None:
                return None
            if wrong := self.contest.check():
                raise UserError(
                    f"the contest's data are not in order: {'; '.join(wrong)}", remedy="mend them: the queue waits"
                )
            self.say(f"submission {entry.number}: {entry.name} by {entry.author}")
            verdict = self._review(entry.number)
            self.docket.decide(entry.number, verdict)
            return entry, verdict

    def rejudge(self, after: int) -> list[tuple[int, Verdict]]:
        """Decide anew, from the runs recorded on this machine, every valid submission later than `after`: the record it was held
        against may have fallen. Those whose verdict changes get a new one beside the old."""
        changed = []
        with self.docket.reviewing():
            for entry in self.docket.entries():
                old = self.docket.verdict(entry.number)
                if entry.number <= after or old is None or old.kind == "invalid":
                    continue
                verdict = self._review(entry.number)
                if verdict != old:
                    self.docket.decide(entry.number, verdict)
                    changed.append((entry.number, verdict))
        return changed

    # ------------------------------------------------------------ one submission

    def _review(self, number: int) -> Verdict:
        submission, claim = self.docket.submission(number), self.docket.claim(number)
        found = self.docket.triage(number) or self._triage(number, submission)
        if found.problems or claim is None:
            return judge.judge(Evidence(found), self.contest.rules)
        self._register(number, claim)
        trial = Trial(self.contest, self.stage, submission.code, number)
        for purpose in PURPOSES:
            for seed in self.docket.seeds(number, purpose):
                if judge.invalid_reasons(Evidence(found, runs=self._done(number))):
                    break  # its other seeds cannot change that
                self._run(trial, number, purpose, seed)
        return judge.judge(self._evidence(number, claim), self.contest.rules)

    def _triage(self, number: int, submission: Submission) -> Triage:
        earlier = {
            one.number: self.docket.submission(one.number) for one in self.docket.entries() if one.number < number
        }
        found = triage.examine(submission, self.contest, earlier)
        self.docket.record_triage(number, found)
        return found

    def _register(self, number: int, claim: Claim) -> None:
        """Seeds nobody could choose, and one of those claimed, drawn: bound before anything of it runs."""
        fresh = self.contest.seeds(self.contest.rules.seeds, number)
        drawn = claim.seeds[int(self.contest.random("claimed", number).integers(len(claim.seeds)))]
        self.docket.register(number, "registered", fresh)
        self.docket.register(number, "claimed", [drawn])

    def _run(self, trial: Trial, number: int, purpose: Purpose, seed: int) -> None:
        """Unless it is done: one run, recorded. Raises Refused where the sandbox keeps getting lost."""
        runs = [
            run
            for run in self.docket.runs(number)
            if (run.purpose, run.seed, run.machine) == (purpose, seed, self.machine)
        ]
        if any(run.facts for run in runs):
            return
        if sum(run.outcome == "lost" for run in runs) >= MOST_LOST:
            raise Refused(f"the sandbox was lost {MOST_LOST} times on submission {number}: see `podium doctor sandbox`")
        self.say(f"  {purpose} seed {seed}")
        row = self.docket.start(number, purpose, seed, self.machine)
        try:
            facts = trial.run(purpose, seed, probed=self._probed(number, purpose, seed))
        except Broke as broke:  # lost: nobody's fault
            self.docket.finish(row, None, "lost")
            self.say(f"  {broke.message}")
            self._run(trial, number, purpose, seed)
            return
        self.docket.finish(row, facts, "done" if not facts.reasons else facts.reasons[0])

    def _probed(self, number: int, purpose: Purpose, seed: int) -> Probed:
        """Every registered run is put the deciding question, the first of them all of them: no run can tell which it is."""
        if purpose != "registered":
            return "no"
        return "fully" if seed == self.docket.seeds(number, "registered")[0] else "told one by one"

    # ------------------------------------------------------------ evidence

    def _evidence(self, number: int, claim: Claim | None) -> Evidence:
        found = self.docket.triage(number) or Triage()
        runs = self._done(number)
        evidence = Evidence(found, claim.bpb if claim else None, claim.track if claim else "record", runs)
        if judge.invalid_reasons(evidence):
            return evidence
        return replace(evidence, standing=self._standing(number))

    def _standing(self, number: int) -> Standing | None:
        """The record of its time, with runs on this machine: those it has, or those it gets now."""
        everyone = history.cases(self.docket)
        case = history.standing_before(everyone, number)
        if case is None:
            return None
        record = case.entry.number
        if len(self._comparable(record)) < self.contest.rules.seeds:
            self.say(f"  record {record} again, on this machine")
            seeds = self.contest.seeds(self.contest.rules.seeds, record)
            self.docket.register(record, "standing", seeds)
            trial = Trial(self.contest, self.stage, self.docket.submission(record).code, record)
            for seed in seeds:
                self._run(trial, record, "standing", seed)
        runs = self._comparable(record)
        if len(runs) < self.contest.rules.seeds or any(run.reasons for run in runs):
            raise Refused(
                f"record {record} cannot be run again on this machine: see `show {record}`, then invalidate it or move"
            )
        nats = tuple(run.nats_per_byte for run in runs if run.nats_per_byte is not None)
        return Standing(
            record, nats, tuple(run.clocks.training_s for run in runs), history.rivals(everyone, number, record)
        )

    def _comparable(self, number: int) -> list[RunFacts]:
        """Whole runs of a record on this machine, over seeds that nobody chose."""
        runs = [run.facts for run in self._here(number) if run.facts and run.purpose != "claimed"]
        registered = [run for run in runs if run.purpose == "registered"]
        return (
            registered
            if len(registered) >= self.contest.rules.seeds
            else [run for run in runs if run.purpose == "standing"]
        )

    def _done(self, number: int) -> tuple[RunFacts, ...]:
        return tuple(run.facts for run in self._here(number) if run.facts and run.purpose != "standing")

    def _here(self, number: int) -> list[Run]:
        return [run for run in self.docket.runs(number) if run.machine == self.machine]


def receive(docket: Docket, submission: Submission) -> Entry:
    """Into the queue, whatever is wrong with it: the verdict will say. Raises Refused on a copy."""
    try:
        claim = submission.claim()
        author, name = claim.author, claim.name
    except BadClaim:
        author, name = "unknown", "unreadable claim"
    return docket.receive(submission, author, name)


def settled(docket: Docket, number: int) -> list[Finding]:
    """The static findings on it, with what its runs said of them."""
    found, verdict = docket.triage(number), docket.verdict(number)
    runs = [run.facts for run in docket.runs(number) if run.facts and run.purpose != "standing"]
    return findings.settle(found.findings if found else (), runs, verdict.checks if verdict else ())

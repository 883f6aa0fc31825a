"""One run of a submission, refereed: trained on what it was dealt, scored on what it was not, put to the questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np

from podium.arena.records import documents, leakage, passes, probes, spelling, training
from podium.arena.records.contest import Contest
from podium.arena.records.facts import Clocks, Probe, Purpose, Reason, RunFacts
from podium.arena.records.passes import Pass, Reading
from podium.arena.records.stage import Broke, Stage
from podium.arena.records.training import Trained

BROKE: Mapping[str, Reason] = {
    "crash": "crash", "processes": "crash", "disk": "crash", "memory": "memory", "size": "size",
}  # fmt: skip
Probed = Literal["no", "told one by one", "fully"]
REPLAY = 100  # a symbol at a time takes longer, and no clock of the contest counts it


class Trial:
    """A submission's files on a stage. `number` names it in the referee's randomness."""

    def __init__(self, contest: Contest, stage: Stage, files: Mapping[str, bytes], number: int) -> None:
        self.contest, self.stage, self.files, self.number, self.rules = contest, stage, files, number, contest.rules

    @cached_property
    def _reference(self) -> leakage.Reference:
        return leakage.Reference(d for shard in self.contest.train for d in documents.unpack(shard))

    def run(self, purpose: Purpose, seed: int, *, probed: Probed) -> RunFacts:
        """Train and score with one seed, and put the questions asked for. Raises Broke where the sandbox was lost."""
        try:
            trained = training.run(self.stage, self.files, self.contest.train, seed, self.rules)
        except Broke as broke:
            return self._broken(purpose, seed, broke, "train_time", Clocks())
        clocks = Clocks(trained.training_s, trained.data_s, trained.artifact_s)
        try:
            return self._scored(purpose, seed, trained, clocks, probed=probed)
        except Broke as broke:
            return self._broken(purpose, seed, broke, "eval_time", clocks)
        except spelling.Lossy as lossy:
            return RunFacts(
                purpose, seed, clocks, broke="bytes", words=str(lossy), level=self.stage.level, log=trained.log
            )

    def _broken(self, purpose: Purpose, seed: int, broke: Broke, in_time: Reason, clocks: Clocks) -> RunFacts:
        if broke.why == "lost":
            raise broke
        reason = in_time if broke.why == "time" else BROKE[broke.why]
        return RunFacts(purpose, seed, clocks, broke=reason, words=broke.message, level=self.stage.level, log=broke.log)

    def _scored(self, purpose: Purpose, seed: int, trained: Trained, clocks: Clocks, *, probed: Probed) -> RunFacts:
        contest, rules = self.contest, self.rules
        spelled = spelling.spell(self.stage, self.files, contest.validation, rules, rules.evaluate_s)
        texts = dict(enumerate(spelled))
        main = self._ask(trained, seed, probes.official(texts, rules.block), rules.evaluate_s)
        clocks = Clocks(clocks.training_s, clocks.data_s, clocks.artifact_s, main.wall_s)
        nats = math.fsum(float(main.nats[i].sum()) for i in contest.scored)
        found = [*self._counted(trained, clocks, main)]
        if probed != "no" and all(probe.held for probe in found):
            found += self._questions(trained, seed, texts, main, fully=probed == "fully")
        return RunFacts(
            purpose, seed, clocks, len(trained.artifact), trained.sha256,
            nats / math.log(2) / contest.scored_bytes, nats / contest.scored_bytes, contest.scored_bytes,
            main.sums, tuple(found), self.stage.level, log=trained.log,
        )  # fmt: skip

    def _counted(self, trained: Trained, clocks: Clocks, main: Pass) -> list[Probe]:
        """What needs no further question: size, clocks, sums."""
        rules, sums = self.rules, main.sums
        size = sum(map(len, self.files.values())) + len(trained.artifact)
        train_s = max(clocks.training_s, clocks.data_s, clocks.artifact_s)
        return [
            _limit("size", "size", size, rules.size_bytes, "bytes of code and model"),
            _limit("training clock", "train_time", train_s, rules.train_s + rules.tolerance_s, "s"),
            _limit("evaluation clock", "eval_time", clocks.evaluation_s, rules.evaluate_s + rules.tolerance_s, "s"),
            Probe(
                "distributions", sums.sound, sums.rows, min(sums.furthest, 1e300),
                "" if sums.sound else f"{sums.bad} of {sums.rows} rows are none: the largest sums to {sums.largest:.6g}, "
                f"the least probability is {sums.least:.3g}",
                None if sums.sound else "normalisation",
            ),
        ]  # fmt: skip

    def _questions(self, trained: Trained, seed: int, texts: probes.Texts, main: Pass, *, fully: bool) -> list[Probe]:
        rules, rng = self.rules, self.contest.random("probes", self.number, seed)
        ask = self._asker(trained, seed)
        replay = ask(probes.replayed(texts, rules.block, rules.replay_symbols, rng))
        found = [probes.compare("told one by one", "causality", main, replay, rules.same_nats)]
        if not found[0].held:
            why = probes.diagnose(ask, texts, main, rules.block, rules.same_nats, rng)
            return [replace(found[0], reason=None), *why]
        found.append(leakage.canaries([main.nats[i] for i in self.contest.manifest.canaries]))
        if fully:
            found.append(leakage.carried({"the artifact": trained.artifact}, self.contest.pieces))
            found.append(self._future(trained, seed, texts, main, rng))
            found.append(self._unseen(trained, seed, main, rng))
        return found

    def _future(self, trained: Trained, seed: int, texts: probes.Texts, main: Pass, rng: np.random.Generator) -> Probe:
        readings, places = probes.altered(texts, self.rules.block, rng)
        other = self._asker(trained, seed)(readings)
        return probes.compare("another future", "causality", main, other, self.rules.same_nats, places)

    def _unseen(self, trained: Trained, seed: int, main: Pass, rng: np.random.Generator) -> Probe:
        """Documents nobody has seen, in a drawn order, in a pass of their own."""
        contest, rules = self.contest, self.rules
        spelled = spelling.spell(self.stage, self.files, contest.reserve, rules, rules.evaluate_s)
        offset = len(contest.validation)
        texts = {offset + i: one for i, one in enumerate(spelled)}
        there = self._asker(trained, seed)(probes.shuffled(texts, rules.block, rng))
        bits = [_bits(there, offset + i, len(text)) for i, text in enumerate(contest.reserve)]
        scored = [contest.validation[i] for i in contest.scored]
        own = [_bits(main, i, len(contest.validation[i])) for i in contest.scored]
        return leakage.known(
            np.array(own), np.array(bits),
            self._reference.bits_per_byte(scored), self._reference.bits_per_byte(contest.reserve),
        )  # fmt: skip

    def _asker(self, trained: Trained, seed: int) -> probes.Ask:
        return lambda readings: self._ask(trained, seed, readings, REPLAY * self.rules.evaluate_s)

    def _ask(self, trained: Trained, seed: int, readings: Sequence[Reading], limit_s: float) -> Pass:
        projection = int(self.contest.random("projection", self.number, seed).integers(2**31))
        return passes.run(self.stage, self.files, trained.artifact, readings, projection, self.rules, limit_s)


def _limit(name: str, reason: Reason, value: float, limit: float, unit: str) -> Probe:
    held = value <= limit
    words = "" if held else f"{value:.6g} {unit}, at most {limit:.6g}"
    return Probe(name, held, 1, float(value), words, None if held else reason)


def _bits(one: Pass, key: int, n_bytes: int) -> float:
    return float(one.nats[key].sum()) / math.log(2) / n_bytes

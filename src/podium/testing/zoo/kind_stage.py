"""Faults of solutions where an answer is no row of numbers, played in this process at a generated contest of that kind."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from podium import referee
from podium.campaign.probes import probe_fits, probing
from podium.cli import making
from podium.competition import audit
from podium.protocol import Rows
from podium.referee.probes import findings
from podium.tasks.difference import APART
from podium.testing.zoo import engines
from podium.testing.zoo.kind_faults import HONEST, KindFault
from podium.testing.zoo.playing import SIGMAS, Played


class KindStage:
    """One contest of `podium.testing.contests` on which the faults and their honest twin are played."""

    def __init__(self, folder: Path, contest: str, *, seed: int = 0) -> None:
        planted = import_module(f"podium.testing.contests.{contest}").make(folder / "contest", seed)
        campaign = making.open_or_create(
            str(planted.public), campaign=folder / "campaign", experiments=50, threads=1, memory=False
        )
        self.contest, self.engine, self._answers = contest, engines.inline(campaign), folder / "answers"
        self.engine.registry.set_audit(audit(self.engine.competition, self.engine.dataset, 0))
        self._twin = ""

    def honest(self) -> Played:
        found = self._play(HONEST[self.contest])
        self._twin = self._last
        return found

    def play(self, fault: KindFault) -> Played:
        """The honest twin is played first where it was not yet."""
        if not self._twin:
            self.honest()
        if not self._answers.exists():
            self._tell()
        return self._play(fault.source(self.contest))

    def close(self) -> None:
        self.engine.executor.close()
        self.engine.registry.close()

    def _play(self, source: str) -> Played:
        engine = self.engine
        self._last = f"E{engine.registry.experiments.count() + 1:03d}"
        filled = source.replace("CAMPAIGN", str(engine.campaign)).replace("ANSWERS", str(self._answers))
        one = engines.experiment(engine, filled.replace("EXPERIMENT", self._last), builtin=False)
        if one is None:
            failed = engine.registry.experiments.get(self._last)
            return Played(frozenset({"run: failed"}), (failed.message if failed else "",), (), None)
        found = findings((*probing.cheap(engine, [one])[one.id], *probe_fits.dear(engine, [one])[one.id]))
        words = {f"alarm: {f.check.removeprefix('probe_')}" for f in found}
        if self._twin and not self._gained(one.id):
            words.add("gained nothing")
        told = {
            gravity: tuple(f"{f.check}: {f.message}" for f in found if f.severity == gravity)
            for gravity in ("block", "warn")
        }
        raw = np.asarray(engine.store.oof(one.id))
        score = engine.task.score_raw(engine.truth, raw, engine.fold_of)
        return Played(frozenset(words), told["block"], told["warn"], score)

    def _gained(self, id_: str) -> bool:
        """Whether it predicts better than its honest twin by more than chance allows."""
        engine = self.engine
        old, new = engine.store.oof(self._twin), engine.store.oof(id_)
        paired = referee.paired(engine.task, engine.truth, new, old, engine.fold_of)
        return paired.gain > SIGMAS * paired.stderr

    def _tell(self) -> None:
        """Leave the true answers of all training rows where who looks them up finds them."""
        data, layout = self.engine.dataset, self.engine.task.layout()
        told: dict[str, Any] = {}
        exec(HONEST[self.contest], told)
        rows = Rows(data.frame(), data.train, files=data.files)
        said = APART[layout.kind].saying(self.engine.task.encode(data.labels(data.train)), layout)
        self._answers.mkdir()
        np.save(self._answers / "answers.npy", np.nan_to_num(said).astype(layout.dtype))
        (self._answers / "contents.json").write_text(json.dumps(told["contents"](rows)))


__all__ = ["KindStage"]

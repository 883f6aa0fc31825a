"""Recommendation: a row is somebody at a cut-off. Their history is the feature, what they turn to next is the truth.

Train rows are cut as test was (`kinds.tails`, `units.cut_offs`): by users' last events, by a window after everybody's cut-off,
or within a session. The history of a row of test holds what rows of train are to tell, so test comes last and no fold's file
has it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import splits
from podium.competition.dealt import Dealt, bar, no_bars
from podium.competition.kinds import tails
from podium.competition.source import Source
from podium.competition.units import cut_offs
from podium.competition.units.catalogue import side_tables_of
from podium.competition.units.cut_offs import HISTORY
from podium.competition.units.events import ITEM, USER, Events, read_events
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition

CODE = "user"  # the feature that tells whose history a row is: rows of one user at several cut-offs share it


def make(competition: Competition, data: Path, seed: int) -> Units:
    """One row a user (or session) and cut-off. Raises IntakeError: nothing to learn from."""
    events = read_events(competition, data)
    tail = tail_of(competition, events)
    told = cut_offs.cut(events, tail, competition.cv_folds, seed)
    rng = np.random.default_rng([seed, 8])
    told = told[rng.permutation(told.height)].sort("#clock", maintain_order=True)
    users, tables = side_tables_of(competition, data, events)
    train = _with_users(told, users)
    scored = (train[TRUTH].list.len() > 0).to_numpy()
    if int(scored.sum()) < 2 * competition.cv_folds:
        raise IntakeError(
            f"{int(scored.sum())} users have something held out of their histories",
            expected=f"{2 * competition.cv_folds} at least",
            remedy="check `group_column` and `time_column` in config.json",
        )
    clock = train["#clock"].to_numpy().astype(np.float64)
    dealt = _dealt(clock, scored, competition.cv_folds, seed)
    test = _with_users(_asked(events), users)
    names = [c for c in train.columns if c in test.columns]
    key = competition.id_column or competition.submission_columns[0]
    source = Source(
        train.select(*names, TRUTH),
        test.select(pl.Series(key, events.asked["name"]), *names),
        None,
        events.notices,
    )
    return Units(
        source,
        clock=np.concatenate([clock, np.full(test.height, clock.max() + 1.0)]),
        groups=np.concatenate([train[CODE].to_numpy(), test[CODE].to_numpy()]).astype(np.int64)
        if clock.max()
        else None,
        dealt=dealt,
        files={},
        names={ITEM: events.items},
        tables=tables,
    )


def tail_of(competition: Competition, events: Events) -> tails.Tail:
    """As the description says; `cv_strategy` and `cv_horizon` of the config overrule it."""
    tail = tails.read(competition.description, timed=events.timed, apart=events.apart)
    asked = competition.evidence.get("cv_strategy")
    length = competition.cv_horizon
    if asked is not None and asked.confidence == 1.0:
        if competition.cv_strategy == "forward" and events.timed:
            return replace(tail, how="window", days=length or tail.days or 7.0, most=1000, share=1.0)
        if competition.cv_strategy == "last_n":
            return replace(tail, how="last", most=round(length) or tail.most)
    return tail


def _asked(events: Events) -> pl.DataFrame:
    return cut_offs.rows(events.asked.select(USER), events.before_test, None, events)


def _with_users(rows: pl.DataFrame, users: pl.DataFrame | None) -> pl.DataFrame:
    joined = rows if users is None else rows.join(users, on=USER, how="left", maintain_order="left")
    return joined.rename({USER: CODE})


# ---------------------------------------------------------------- folds


def _dealt(clock: NDArray[np.float64], scored: NDArray[np.bool_], folds: int, seed: int) -> Dealt:
    """At one cut-off: users at random, in folds and vault. At several: a fold is one of them, or some users at it, trained
    on earlier ones alone; the first is never scored, and there is no vault: what is fitted for it would know the tails of
    others at its own cut-off, and seem better than any fold."""
    n, rng = len(clock), np.random.default_rng([seed, splits.VERSION])
    fold_of, barred, vault = np.full(n, -1, dtype=np.int8), no_bars(n), np.zeros(n, dtype=bool)
    last = int(clock.max())
    chosen = rng.permutation(np.flatnonzero(scored)) if not last else np.zeros(0, dtype=np.int64)
    vault[chosen[: splits.vault_size(len(chosen))]] = True
    cuts = np.arange(min(1, last), last + 1)[-folds:]
    for cut, at in zip(cuts, np.array_split(np.arange(folds), len(cuts)), strict=True):
        here = rng.permutation(np.flatnonzero(scored & (clock == cut) & ~vault))
        fold_of[here] = at[np.arange(len(here)) % len(at)]
        for fold in at if last else ():
            bar(barred, int(fold), clock >= cut)
    return Dealt(vault, fold_of, barred, clock)


__all__ = ["CODE", "HISTORY", "make", "tail_of"]

"""Recommendation: a row is somebody at a cut-off. Their history is the feature, what they turn to next is the truth.

Train rows are cut as test was (`kinds.tails`): by a user's last events, by a window after everybody's cut-off, or within
a session. The history of a row of test holds what rows of train are to tell, so test comes last and no fold's file has it.
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
from podium.competition.units.catalogue import side_tables_of
from podium.competition.units.events import EVENT, ITEM, TIME, USER, Events, read_events
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition

HISTORY = "history"
CODE = "user"  # the feature that tells whose history a row is: rows of one user at several cut-offs share it
LONGEST = 5_000  # events of a history that are kept, the latest
WINDOWS = 4  # cut-offs that rows of train are dealt at where a window is asked for; the first is never scored
COLD_LEAST = 0.01  # share of those asked who have no history, from which train has rows without one too


def make(competition: Competition, data: Path, seed: int) -> Units:
    """One row a user (or session) and cut-off. Raises IntakeError: nothing to learn from."""
    events = read_events(competition, data)
    tail = tail_of(competition, events)
    cut = _windows(events, tail, competition) if tail.how == "window" else _tails(events, tail, seed)
    rng = np.random.default_rng([seed, 8])
    cut = cut[rng.permutation(cut.height)].sort("#clock", maintain_order=True)
    users, tables = side_tables_of(competition, data, events)
    train = _with_users(cut, users)
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
        groups=None,
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


# ---------------------------------------------------------------- rows


def _tails(events: Events, tail: tails.Tail, seed: int) -> pl.DataFrame:
    """Each user once: all but the last events as history, the relevant of the last as truth."""
    rng = np.random.default_rng([seed, 7])
    size = pl.len().over(USER)
    if tail.how == "session":
        place = pl.DataFrame({USER: np.arange(events.n_users), "#u": rng.random(events.n_users)})
        told = events.learnt.join(place, on=USER, how="left", maintain_order="left")
        at = 1 + (pl.col("#u") * (size - 1)).floor().cast(pl.Int64)
        held = (pl.col("#nth") >= at) & (pl.col("#nth") < at + tail.most) & (size > 1)
        gone = pl.col("#nth") >= at + tail.most
    else:
        told = events.learnt
        count = pl.min_horizontal(pl.lit(tail.most), (size * tail.share).floor().clip(lower_bound=1)).clip(
            upper_bound=size - 1
        )
        held, gone = pl.col("#nth") >= size - count, pl.lit(False)
    told = told.with_columns(pl.int_range(pl.len()).over(USER).alias("#nth"))
    told = told.with_columns(held.alias("#held"), gone.alias("#gone")).filter(~pl.col("#gone"))
    told = told.with_columns(_cold(events, rng, told).alias("#cold"))
    past, future = told.filter(~pl.col("#held") & ~pl.col("#cold")), told.filter(pl.col("#held"))
    known = past[ITEM].unique()
    truth = _relevant(future, past, tail, known)
    rows = pl.DataFrame({USER: told[USER].unique(maintain_order=True)})
    return _rows(rows, past, truth, events).with_columns(pl.lit(0.0).alias("#clock"))


def _cold(events: Events, rng: np.random.Generator, told: pl.DataFrame) -> pl.Series:
    """Whose history is hidden as well, so that users without one are learnt from and scored as often as they are asked."""
    share = events.cold_share
    if share < COLD_LEAST:
        return pl.Series([False] * told.height)
    chosen = rng.random(events.n_users) < share
    return pl.Series(chosen[told[USER].to_numpy()])


def _windows(events: Events, tail: tails.Tail, competition: Competition) -> pl.DataFrame:
    """Users at several cut-offs, a window's length apart; who turned to nothing in a window is no row of it."""
    told, end = events.learnt, float(events.learnt[TIME].max())  # type: ignore[arg-type]
    cuts: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for nth in range(competition.cv_folds + 1):
        low = end - (nth + 1) * tail.days
        past = told.filter(pl.col(TIME) <= low)
        future = told.filter((pl.col(TIME) > low) & (pl.col(TIME) <= low + tail.days))
        if not past.height or not future.height:
            break
        truth = _relevant(future, past, tail, past[ITEM].unique())
        if events.cold_share < COLD_LEAST:
            truth = truth.join(past.select(USER).unique(), on=USER, how="semi", maintain_order="left")
        cuts.append((past, truth))
    if len(cuts) < 2:
        raise IntakeError(
            f"the events do not reach back two windows of {tail.days:g} days",
            expected="a history before the first cut-off",
            remedy="set `cv_horizon` (days), or `cv_strategy` to last_n, in config.json",
        )
    parts = []
    for clock, (past, truth) in enumerate(reversed(cuts)):
        users = truth[USER] if clock else pl.concat([truth[USER], past[USER]])  # the first has all whose past is known
        rows = _rows(pl.DataFrame({USER: users.unique().sort()}), past, truth, events)
        parts.append(rows.with_columns(pl.lit(float(clock)).alias("#clock")))
    return pl.concat(parts)


def _relevant(future: pl.DataFrame, past: pl.DataFrame, tail: tails.Tail, known: pl.Series) -> pl.DataFrame:
    """The relevant items of what was held out, a list a user."""
    found = future
    rating = _rating(future) if tail.least is not None else None
    if rating is not None:
        found = found.filter(pl.col(rating) >= tail.least)
    if tail.known:
        found = found.filter(pl.col(ITEM).is_in(known.implode()))
    if tail.fresh:
        found = found.join(past.select(USER, ITEM).unique(), on=[USER, ITEM], how="anti", maintain_order="left")
    listed = found.group_by(USER, maintain_order=True).agg(pl.col(ITEM).unique(maintain_order=True).alias(TRUTH))
    return listed.with_columns(pl.col(TRUTH).cast(pl.List(pl.Int64)))


def _rating(frame: pl.DataFrame) -> str | None:
    named = [
        c
        for c in frame.columns
        if c.startswith(EVENT) and any(w in c.lower() for w in ("rat", "star", "score", "grade"))
    ]
    return named[0] if named else None


def _rows(rows: pl.DataFrame, past: pl.DataFrame, truth: pl.DataFrame | None, events: Events) -> pl.DataFrame:
    """`rows` (a column USER) with their histories as lists, in the order of time, and their truth."""
    spelled = {ITEM: HISTORY, TIME: f"{HISTORY}_time"}
    columns = [ITEM, *([TIME] if events.timed else []), *events.extras]
    lists = past.group_by(USER, maintain_order=True).agg(
        pl.col(c).tail(LONGEST).alias(spelled.get(c, f"{HISTORY}_{c.removeprefix(EVENT)}")) for c in columns
    )
    out = rows.join(lists, on=USER, how="left", maintain_order="left")
    out = out.with_columns(pl.col(pl.List(pl.Int64), pl.List(pl.Float64)).fill_null([]))
    if truth is not None:
        out = out.join(truth, on=USER, how="left", maintain_order="left").with_columns(pl.col(TRUTH).fill_null([]))
    return out


def _asked(events: Events) -> pl.DataFrame:
    return _rows(events.asked.select(USER), events.before_test, None, events)


def _with_users(rows: pl.DataFrame, users: pl.DataFrame | None) -> pl.DataFrame:
    joined = rows if users is None else rows.join(users, on=USER, how="left", maintain_order="left")
    return joined.rename({USER: CODE})


# ---------------------------------------------------------------- folds


def _dealt(clock: NDArray[np.float64], scored: NDArray[np.bool_], folds: int, seed: int) -> Dealt:
    """At one cut-off: users at random, in folds and vault. At several: a fold a window, trained on earlier ones alone."""
    n, rng = len(clock), np.random.default_rng([seed, splits.VERSION])
    fold_of, barred, vault = np.full(n, -1, dtype=np.int8), no_bars(n), np.zeros(n, dtype=bool)
    if clock.max() == clock.min():
        chosen = rng.permutation(np.flatnonzero(scored))
        size = splits.vault_size(len(chosen))
        vault[chosen[:size]] = True
        fold_of[chosen[size:]] = np.arange(len(chosen) - size) % folds
        return Dealt(vault, fold_of, barred, clock)
    windows = int(clock.max())
    for nth in range(1, windows + 1):
        at = nth - 1 + (folds - windows)
        fold_of[(clock == nth) & scored] = at
        bar(barred, at, clock >= nth)
    return Dealt(vault, fold_of, barred, clock)


__all__ = ["CODE", "HISTORY", "make", "tail_of"]

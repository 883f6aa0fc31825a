"""Users at cut-offs: what came before is their history, the relevant of what came next their truth.

Test hides the tails of all who are asked at once. So, where histories are long enough, rows of train are dealt at several
cut-offs, each user's last tail, the one before it and so on: a fold is one of them, and nothing that is fitted for it has
seen what anybody turned to later. Where they are not, each user is cut once, and who trains sees the tails of others.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from podium.competition.kinds import tails
from podium.competition.units.events import EVENT, ITEM, TIME, USER, Events
from podium.competition.units.unit import TRUTH
from podium.errors import IntakeError

HISTORY = "history"
LONGEST = 5_000  # events of a history that are kept, the latest
COLD_LEAST = 0.01  # share of those asked who have no history, from which train has rows without one too
FEW_ASKED = 0.5  # of those known: where fewer are asked, most tails are known when test is, and so they are to a fold

Cut = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]  # who (USER), their events before, their truth


def cut(events: Events, tail: tails.Tail, folds: int, seed: int) -> pl.DataFrame:
    """USER, histories, truth and `#clock` (0 the earliest cut-off), a row a user and cut-off. Raises IntakeError: too short."""
    if tail.how == "window":
        cuts = _windows(events, tail, folds)
    elif tail.how == "session":
        cuts = [_session(events, tail, seed)]
    else:
        cuts = _last(events, tail, folds, seed)
    parts = []
    for clock, (who, past, truth) in enumerate(reversed(cuts)):
        parts.append(rows(who, past, truth, events).with_columns(pl.lit(float(clock)).alias("#clock")))
    return pl.concat(parts)


def _last(events: Events, tail: tails.Tail, folds: int, seed: int) -> list[Cut]:
    """Each user's last events, then those before them, and so on, the latest cut-off first."""
    rng, told, cuts = np.random.default_rng([seed, 7]), events.learnt, []
    sizes = told.group_by(USER, maintain_order=True).len()["len"].to_numpy()
    asked = events.asked[USER].is_in(told[USER].unique().implode()).sum()
    at_once = not events.apart and asked >= FEW_ASKED * len(sizes)
    for _ in range(min(folds + 1, tails.depth(sizes, tail)) if at_once else 1):
        size = pl.len().over(USER)
        count = pl.min_horizontal(pl.lit(tail.most), (size * tail.share).floor().clip(lower_bound=1))
        held = pl.int_range(pl.len()).over(USER) >= size - count.clip(upper_bound=size - 1)
        told = told.with_columns(held.alias("#held"), _cold(events, rng, told).alias("#cold"))
        cuts.append(_cut(told, tail))
        told = told.filter(~pl.col("#held") & ~pl.col("#cold"))  # who was new at one cut-off was not there before
    return cuts


def _session(events: Events, tail: tails.Tail, seed: int) -> Cut:
    """Each session once, cut at any place."""
    rng, size = np.random.default_rng([seed, 7]), pl.len().over(USER)
    place = pl.DataFrame({USER: np.arange(events.n_users), "#u": rng.random(events.n_users)})
    told = events.learnt.join(place, on=USER, how="left", maintain_order="left")
    told = told.with_columns(pl.int_range(pl.len()).over(USER).alias("#nth"))
    at = 1 + (pl.col("#u") * (size - 1)).floor().cast(pl.Int64)
    held = (pl.col("#nth") >= at) & (pl.col("#nth") < at + tail.most) & (size > 1)
    gone = pl.col("#nth") >= at + tail.most
    told = told.with_columns(held.alias("#held"), gone.alias("#gone")).filter(~pl.col("#gone"))
    return _cut(told.with_columns(_cold(events, rng, told).alias("#cold")), tail)


def _cut(told: pl.DataFrame, tail: tails.Tail) -> Cut:
    past, future = told.filter(~pl.col("#held") & ~pl.col("#cold")), told.filter(pl.col("#held"))
    who = pl.DataFrame({USER: told[USER].unique(maintain_order=True)})
    return who, past, _relevant(future, past, tail, past[ITEM].unique())


def _cold(events: Events, rng: np.random.Generator, told: pl.DataFrame) -> pl.Series:
    """Whose history is hidden as well, so that users without one are learnt from and scored as often as they are asked."""
    share = events.cold_share
    if share < COLD_LEAST:
        return pl.Series([False] * told.height)
    chosen = rng.random(events.n_users) < share
    return pl.Series(chosen[told[USER].to_numpy()])


def _windows(events: Events, tail: tails.Tail, folds: int) -> list[Cut]:
    """Users at several cut-offs, a window's length apart; who turned to nothing in a window is no row of it."""
    told, end = events.learnt, float(events.learnt[TIME].max())  # type: ignore[arg-type]
    found: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for nth in range(folds + 1):
        low = end - (nth + 1) * tail.days
        past = told.filter(pl.col(TIME) <= low)
        future = told.filter((pl.col(TIME) > low) & (pl.col(TIME) <= low + tail.days))
        if not past.height or not future.height:
            break
        truth = _relevant(future, past, tail, past[ITEM].unique())
        if events.cold_share < COLD_LEAST:
            truth = truth.join(past.select(USER).unique(), on=USER, how="semi", maintain_order="left")
        found.append((past, truth))
    if len(found) < 2:
        raise IntakeError(
            f"the events do not reach back two windows of {tail.days:g} days",
            expected="a history before the first cut-off",
            remedy="set `cv_horizon` (days), or `cv_strategy` to last_n, in config.json",
        )
    cuts = [(pl.DataFrame({USER: truth[USER].unique().sort()}), past, truth) for past, truth in found]
    past, truth = found[-1]  # the first in time has all whose past is known
    cuts[-1] = (pl.DataFrame({USER: pl.concat([truth[USER], past[USER]]).unique().sort()}), past, truth)
    return cuts


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


def rows(who: pl.DataFrame, past: pl.DataFrame, truth: pl.DataFrame | None, events: Events) -> pl.DataFrame:
    """`who` (a column USER) with their histories as lists, in the order of time, and their truth."""
    spelled = {ITEM: HISTORY, TIME: f"{HISTORY}_time"}
    columns = [ITEM, *([TIME] if events.timed else []), *events.extras]
    lists = past.group_by(USER, maintain_order=True).agg(
        pl.col(c).tail(LONGEST).alias(spelled.get(c, f"{HISTORY}_{c.removeprefix(EVENT)}")) for c in columns
    )
    out = who.join(lists, on=USER, how="left", maintain_order="left")
    out = out.with_columns(pl.col(pl.List(pl.Int64), pl.List(pl.Float64)).fill_null([]))
    if truth is not None:
        out = out.join(truth, on=USER, how="left", maintain_order="left").with_columns(pl.col(TRUTH).fill_null([]))
    return out


__all__ = ["HISTORY", "cut", "rows"]

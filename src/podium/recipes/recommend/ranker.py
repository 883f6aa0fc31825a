"""Candidates of several sources, ranked by LightGBM's LambdaRank (Burges 2010; as in OTTO's and H&M's winning solutions)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.recommend import repeats
from podium.recipes.recommend.candidates import Candidates, Committee
from podium.recipes.recommend.log import Ints, Log
from podium.recipes.recommend.model import CELLS, Recommender, World
from podium.recipes.recommend.sources import Scores

SOURCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("popular", {}),
    ("visits", {"near": 20.0, "reach": 40, "half": 10.0}),
    ("visits", {"near": 3.0, "reach": 8, "half": 2.0}),
    ("ease", {"penalty": 300.0, "half": 20.0, "liked": 1.0}),
    ("walk", {"half": 20.0}),
)
MOST_USERS = 20_000  # that the ranking is learnt from
MARGIN_S = 5.0


class TwoStage(Recommender):
    """The ranking is learnt on candidates of sources that have not seen what is relevant; then the sources are fitted
    anew on all that is told. params: LightGBM's, and `rounds`, `each` (candidates a source), `sources`, `bags`, `cuts`
    (further cut-offs, earlier in the same histories, to learn from)."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, sources: Sequence[Any] = SOURCES, each: int = 60,
        rounds: int = 150, bags: int = 2, cuts: int = 0, **params: Any,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.sources, self.each, self.rounds, self.bags, self.cuts, self.params = (
            sources,
            each,
            rounds,
            bags,
            cuts,
            params,
        )

    def _fit(self, world: World, ctx: Context) -> None:
        self.lifts = self.repeated >= repeats.RARE
        found, hits = self._learnt(world, ctx)
        self.boosters = self._boosted(found, hits, ctx) if sum(map(len, hits)) else []  # no hits: no order to learn
        self.notes |= {"candidates": sum(len(one.items) for one in found), "bags": len(self.boosters)}
        self.committee = self._committee().fit(world.told, world.n_items, ctx.tables, ctx.seed)

    def _boosted(self, found: list[Candidates], hits: list[Ints], ctx: Context) -> list[lightgbm.Booster]:
        data = lightgbm.Dataset(
            np.concatenate([one.features for one in found]), np.concatenate(hits), params={"verbosity": -1},
            group=np.concatenate([np.unique(one.user, return_counts=True)[1] for one in found]),
        )  # fmt: skip
        boosters: list[lightgbm.Booster] = []
        started = ctx.time_left()
        for bag in range(self.bags):
            if bag and ctx.time_left() < 1.5 * (started - ctx.time_left()) / bag + MARGIN_S:
                break
            boosters.append(lightgbm.train(self._params(ctx, bag, sum(map(len, hits))), data, self.rounds))
        return boosters

    def _params(self, ctx: Context, bag: int, n: int) -> dict[str, Any]:
        fixed = {
            "objective": "lambdarank", "learning_rate": 0.03, "num_leaves": 4, "min_data_in_leaf": max(20, min(200, n // 200)),
            "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0,
            "lambdarank_truncation_level": 20, "num_threads": ctx.cores, "seed": ctx.seed + 101 * bag,
            "deterministic": True, "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        return {**fixed, **self.params}

    def _committee(self) -> Committee:
        return Committee([(kind, params) for kind, params in self.sources], self.each, self.lifts)

    def _learnt(self, world: World, ctx: Context) -> tuple[list[Candidates], list[Ints]]:
        """Candidates with at least one hit among a user's, at the labelled cut-off and at earlier ones."""
        chosen = np.sort(np.random.default_rng(ctx.seed).permutation(len(world.asked))[:MOST_USERS])
        cases = [(world.blind, world.asked.take(chosen), [world.following[at] for at in chosen])]
        size = max(1, round(float(np.mean([len(one) for one in world.following] or [1])) * 1.6))
        blind = world.blind
        for _ in range(self.cuts):
            blind, following = shortened(blind, size)
            some = np.flatnonzero([len(one) > 0 for one in following])[:MOST_USERS]
            cases.append((blind, blind.take(some), [following[at] for at in some]))
        found, hits, begun = [], [], ctx.time_left()
        for done, (base, asked, following) in enumerate(cases):
            if not len(asked) or (done and ctx.time_left() < 3 * (begun - ctx.time_left()) / done + MARGIN_S):
                continue  # two more as long must fit: this one, and the fit on all that is told
            committee = self._committee().fit(base, world.n_items, ctx.tables, ctx.seed)
            for low, high in _steps(len(asked), world.n_items):
                one = committee.candidates(asked.take(np.arange(low, high)))
                kept, hit = _with_hits(one, following[low:high])
                found.append(kept)
                hits.append(hit)
        return found, hits

    def _scores(self, log: Log, rows: Rows) -> Scores:
        if not self.boosters:
            return self.committee.sources[-1].scores(log)
        out = np.zeros((len(log), self.n_items), dtype=np.float32)
        found = self.committee.candidates(log)
        if len(found.items):
            scored = np.mean([np.asarray(booster.predict(found.features)) for booster in self.boosters], axis=0)
            out[found.user, found.items] = 1.0 / (1.0 + np.exp(-scored))
        return out

    def _with_repeats(self, scores: Scores, log: Log) -> Scores:
        return scores if self.lifts else repeats.apply(scores, log, -1.0)


def shortened(log: Log, size: int) -> tuple[Log, list[Ints]]:
    """Histories without their last `size` events, at most a quarter of them, and those liked of what was cut, that are new."""
    cut = np.minimum(size, log.sizes // 4)
    gone = log.back < np.repeat(cut, log.sizes)
    liked = log.rating >= np.median(log.rating) if len(log.rating) else np.zeros(0, dtype=bool)
    short, after = log.keep(~gone), log.keep(gone & liked)
    lists = np.split(after.items, after.offsets[1:-1])
    return short, [np.unique(one) for one in lists]


def _steps(n: int, n_items: int) -> list[tuple[int, int]]:
    step = max(1, CELLS // n_items)
    return [(low, min(n, low + step)) for low in range(0, n, step)]


def _with_hits(found: Candidates, following: list[Ints]) -> tuple[Candidates, Ints]:
    """The candidates of users with a hit among them, and which are hits: from the others no order is to be learnt."""
    wanted = {(at, item) for at, items in enumerate(following) for item in items.tolist()}
    pairs = zip(found.user.tolist(), found.items.tolist(), strict=True)
    hit = np.fromiter((pair in wanted for pair in pairs), dtype=np.int64, count=len(found.items))
    users = np.unique(found.user[hit > 0])
    kept = np.isin(found.user, users)
    return Candidates(found.user[kept], found.items[kept], found.features[kept]), hit[kept]

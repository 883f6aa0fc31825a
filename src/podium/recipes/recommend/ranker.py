"""Candidates of several sources, ranked by LightGBM's LambdaRank (Burges 2010; as in OTTO's and H&M's winning solutions)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import lightgbm
import numpy as np

from podium.protocol import Context
from podium.recipes.recommend import repeats
from podium.recipes.recommend.candidates import Candidates, Committee, places
from podium.recipes.recommend.log import Floats, Ints, Log
from podium.recipes.recommend.model import CELLS, Case, Recommender, World
from podium.recipes.recommend.sources import Scores

SOURCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("popular", {}),
    ("visits", {"near": 20.0, "reach": 40, "half": 10.0}),
    ("visits", {"near": 3.0, "reach": 8, "half": 2.0}),
    ("ease", {"penalty": 300.0, "half": 20.0, "liked": 1.0}),
    ("walk", {"half": 20.0}),
)
MOST_USERS = 20_000  # that the ranking is learnt from
FEW = 20  # users: with fewer no rounds are chosen
MARGIN_S = 5.0


class TwoStage(Recommender):
    """The ranking is learnt on candidates of sources that have not seen what is relevant; then the sources are fitted
    anew on all that is told. It begins from the source, or the vote of all, that orders best, and boosting moves items
    from there: for as many rounds as help users it was not learnt from. params: LightGBM's, and `rounds` (at most), `each`
    (candidates a source), `sources`, `bags`, `cuts` (further cut-offs, earlier in the same histories, to learn from)."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, sources: Sequence[Any] = SOURCES, each: int = 60,
        rounds: int = 240, bags: int = 2, cuts: int = 1, **params: Any,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.sources, self.each, self.rounds, self.bags = sources, each, rounds, bags
        self.cuts, self.params = cuts, params

    def _fit(self, world: World, ctx: Context) -> None:
        self.lifts = self.repeated >= repeats.RARE
        self.base, self.boosters = -1, []
        found, hits = self._learnt(world, ctx)
        if len(hits):  # else there is no order to learn
            merits = [
                merit(found, -found.orders[:, at].astype(np.float64), hits) for at in range(found.orders.shape[1])
            ]
            self.base = int(np.argmax(merits))
            rounds = self._rounds(found, hits, ctx)
            self.boosters = self._boosted(found, hits, rounds, ctx) if rounds else []
            self.notes |= {"candidates": len(hits), "hits": int(hits.sum()), "base": self.base, "rounds": rounds}
        self.notes["bags"] = len(self.boosters)
        self.committee = self._committee().fit(world.told, world.n_items, ctx.tables, ctx.seed)

    def _rounds(self, found: Candidates, hits: Ints, ctx: Context) -> int:
        """Rounds that best order the candidates of users that were not learnt from; 0 where none helps."""
        users, code = np.unique(found.user, return_inverse=True)
        half = np.random.default_rng(ctx.seed).permutation(len(users))[code] % 2 == 0
        if len(users) < FEW or not (hits[half].any() and hits[~half].any()):
            return self.rounds
        tried = [0, *(self.rounds * share // 4 for share in (1, 2, 3, 4))]
        merits = np.zeros(len(tried))
        for held in (half, ~half):
            booster = self._train(found.take(~held), hits[~held], self.rounds, 0, ctx)
            seen, base = found.take(held), self._begun(found.take(held))
            for at, rounds in enumerate(tried):
                moved = booster.predict(seen.features, num_iteration=rounds) if rounds else 0.0
                merits[at] += merit(seen, base + moved, hits[held])
        return tried[int(np.argmax(merits))]

    def _boosted(self, found: Candidates, hits: Ints, rounds: int, ctx: Context) -> list[lightgbm.Booster]:
        boosters: list[lightgbm.Booster] = []
        started = ctx.time_left()
        for bag in range(self.bags):
            if bag and ctx.time_left() < 1.5 * (started - ctx.time_left()) / bag + MARGIN_S:
                break
            boosters.append(self._train(found, hits, rounds, bag, ctx))
        return boosters

    def _train(self, found: Candidates, hits: Ints, rounds: int, bag: int, ctx: Context) -> lightgbm.Booster:
        params = {
            "objective": "lambdarank", "learning_rate": 0.03, "num_leaves": 7,
            "min_data_in_leaf": max(20, min(200, len(hits) // 200)), "feature_fraction": 0.5, "bagging_fraction": 0.7,
            "bagging_freq": 1, "lambda_l2": 5.0, "lambdarank_truncation_level": 20, "num_threads": ctx.cores,
            "seed": ctx.seed + 101 * bag, "deterministic": True, "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        data = lightgbm.Dataset(
            found.features, hits, params={"verbosity": -1}, init_score=self._begun(found),
            group=np.unique(found.user, return_counts=True)[1],
        )  # fmt: skip
        return lightgbm.train({**params, **self.params}, data, rounds)

    def _begun(self, found: Candidates) -> Floats:
        """Scores that boosting begins from: by the place that the best source gives."""
        return np.asarray(-np.log2(2.0 + found.orders[:, self.base].astype(np.float64)))

    def _committee(self) -> Committee:
        return Committee([(kind, params) for kind, params in self.sources], self.each, self.lifts)

    def _learnt(self, world: World, ctx: Context) -> tuple[Candidates, Ints]:
        """Candidates with at least one hit among a user's, and which are hits, at the labelled cut-offs and at earlier ones."""
        found: list[Candidates] = []
        hits: list[Ints] = []
        begun, users = ctx.time_left(), 0
        for done, case in enumerate(_cases(world, self.cuts, ctx.seed)):
            if not len(case.asked) or (done and ctx.time_left() < 3 * (begun - ctx.time_left()) / done + MARGIN_S):
                continue  # two more as long must fit: this one, and the fit on all that is told
            committee = self._committee().fit(case.blind, world.n_items, ctx.tables, ctx.seed)
            for low, high in _steps(len(case.asked), world.n_items):
                one = committee.candidates(case.asked.take(np.arange(low, high)))
                kept, hit = _with_hits(one, case.following[low:high])
                found.append(replace(kept, user=kept.user + users))
                hits.append(hit)
                users += high - low
        if not found:
            nobody, nothing = np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=np.float32)
            return Candidates(nobody, nobody, nothing, nothing), nobody
        whole = Candidates(*(np.concatenate([getattr(one, f.name) for one in found]) for f in fields(Candidates)))
        return whole, np.concatenate(hits)

    def _scores(self, log: Log, ctx: Context) -> Scores:
        if self.base < 0:
            return self.committee.sources[-1].scores(log)
        out = np.zeros((len(log), self.n_items), dtype=np.float32)
        found = self.committee.candidates(log)
        if len(found.items):
            moved = [np.asarray(booster.predict(found.features)) for booster in self.boosters]
            scored = self._begun(found) + (np.mean(moved, axis=0) if moved else 0.0)
            out[found.user, found.items] = 1.0 / (1.0 + np.exp(-scored))
        return out

    def _with_repeats(self, scores: Scores, log: Log) -> Scores:
        return scores if self.lifts else repeats.apply(scores, log, -1.0)


def merit(found: Candidates, scores: Floats, hits: Ints) -> float:
    """Sum over users of the discounted gain of the first places, of what could be had: as NDCG, of candidates alone."""
    place = places(found.user, -scores)
    gain = np.where(place < repeats.FIRST, hits / np.log2(place + 2.0), 0.0)
    _, code = np.unique(found.user, return_inverse=True)
    there = np.bincount(code, weights=hits)
    ideal = np.cumsum(1.0 / np.log2(np.arange(repeats.FIRST) + 2.0))[
        np.clip(there, 1, repeats.FIRST).astype(np.int64) - 1
    ]
    return float((np.bincount(code, weights=gain) / ideal).sum())


def _cases(world: World, cuts: int, seed: int) -> Iterator[Case]:
    """The labelled cut-offs, the latest first, and `cuts` more before the earliest of them, of at most so many users each."""
    rng = np.random.default_rng(seed)
    for case in world.cases:
        chosen = np.sort(rng.permutation(len(case.asked))[:MOST_USERS])
        yield Case(case.blind, case.asked.take(chosen), [case.following[at] for at in chosen])
    blind = world.cases[-1].blind
    size = max(1, round(float(np.mean([len(one) for one in world.case.following] or [1])) * 1.6))
    for _ in range(cuts):
        blind, following = shortened(blind, size)
        some = np.flatnonzero([len(one) > 0 for one in following])[:MOST_USERS]
        yield Case(blind, blind.take(some), [following[at] for at in some])


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
    return found.take(kept), hit[kept]

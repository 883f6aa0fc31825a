"""Recommenders: every family learns, answers everybody, and answers each user alike alone or among others."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from podium import recipes
from podium.packing import unpack_rankings
from podium.protocol import Context, Layout, Rows
from podium.recipes import recommend, source
from podium.recipes.recommend import catalog, repeats
from podium.recipes.recommend.bonds import bonds
from podium.recipes.recommend.candidates import Candidates, places
from podium.recipes.recommend.factors import in_time
from podium.recipes.recommend.least_squares import solve
from podium.recipes.recommend.log import Log, histories, latest, with_next
from podium.recipes.recommend.model import World
from podium.recipes.recommend.ranker import merit, shortened
from podium.recipes.recommend.sequence import _stretches, _Table
from podium.recipes.recommend.sources import Ease
from podium.records import Competition, DataFacts, Hardware, Recipe

assert recipes
USERS, ITEMS, TASTES = 120, 40, 4
QUICK: dict[str, dict[str, Any]] = {
    "als": {"factors": 8, "rounds": 4},
    "bpr": {"factors": 16, "epochs": 10, "rate": 0.1},
    "sequence_net": {"epochs": 15, "width": 16, "places": 8, "lr": 0.02},
    "two_stage": {"rounds": 40, "bags": 1, "each": 20, "learning_rate": 0.1, "cuts": 1},
}


def world(seed: int = 0, again: bool = False) -> tuple[pl.DataFrame, list[np.ndarray[Any, Any]]]:
    """Users who like one block of ten items each; the next two of that block are relevant. Every tenth has no history."""
    rng = np.random.default_rng(seed)
    rows, following = [], []
    for user in range(USERS):
        taste = user % TASTES
        block = taste * 10 + rng.permutation(10)
        had = [] if user % 10 == 9 else block[:6].tolist()
        day = (100 + rng.random() + np.arange(len(had))).tolist()
        rows.append({
            "user": user, "history": had, "history_time": day, "history_rating": [4.0] * len(had), "taste": f"t{taste}",
        })  # fmt: skip
        following.append(np.array(block[4:6] if again and had else block[6:8], dtype=np.int64))
    frame = pl.DataFrame(rows, schema_overrides={
        "history": pl.List(pl.Int64), "history_time": pl.List(pl.Float64), "history_rating": pl.List(pl.Float64),
    })  # fmt: skip
    return frame, following


def dealt(frame: pl.DataFrame, following: list[Any], n_train: int = 90) -> tuple[Rows, Rows, Context]:
    y = np.empty(n_train, dtype=object)
    y[:] = following[:n_train]
    train = Rows(frame, np.arange(n_train), y=y, times=np.zeros(n_train))
    valid = Rows(frame, np.arange(n_train, USERS), times=np.zeros(USERS - n_train))
    ctx = Context(0, 1, "recommendation", "ndcg@5", 100, (), unlabelled=valid, layout=Layout("ranking", (25, 2)))
    return train, valid, ctx


def model_of(name: str) -> Any:
    family = catalog.FAMILIES[name]
    return getattr(recommend, family.class_name)(**QUICK.get(name, {}))


def lists(model: Any, rows: Rows, ctx: Context) -> list[list[int]]:
    return [one.tolist() for one in unpack_rankings(model.predict(rows, ctx).values.reshape(len(rows), -1))[0]]


@pytest.mark.parametrize("name", list(catalog.families(None, None)))  # type: ignore[arg-type]
def test_a_family_finds_what_users_like(name: str) -> None:
    frame, following = world()
    train, valid, ctx = dealt(frame, following)
    model = model_of(name).fit(train, ctx)
    found = lists(model, valid, ctx)
    hits = np.mean([len(set(one[:4]) & set(following[90 + at].tolist())) for at, one in enumerate(found)])
    assert hits > (0.05 if name == "popularity" else 1.0)
    for row, one in enumerate(found):
        assert len(one) == len(set(one)) == 25
        assert not set(one) & set(frame["history"][90 + row].to_list())
    again = pickle.loads(pickle.dumps(model_of(name).fit(train, ctx)))
    assert lists(again, valid, ctx) == found
    alone = [lists(model, valid.take(np.array([at])), ctx)[0] for at in range(0, len(valid), 7)]
    assert alone == found[::7]


def test_newcomers_get_what_others_like_them_like() -> None:
    frame, following = world()
    train, valid, ctx = dealt(frame, following)
    found = lists(model_of("popularity").fit(train, ctx), valid, ctx)
    for row in range(90, USERS):
        if row % 10 == 9:
            taste = row % TASTES
            assert all(item // 10 == taste for item in found[row - 90][:5])


def test_repeats_are_listed_where_people_come_back() -> None:
    frame, following = world(again=True)
    train, valid, ctx = dealt(frame, following)
    for name in ("popularity", "item_knn", "two_stage"):
        model = model_of(name).fit(train, ctx)
        assert model.notes["repeats"] > 0.8
        found = lists(model, valid, ctx)
        hits = [len(set(one[:6]) & set(following[90 + at].tolist())) for at, one in enumerate(found) if at % 10 != 9]
        assert np.mean(hits) > 1.5, name


def test_the_strength_of_repeats_is_learnt() -> None:
    log = Log(np.arange(1), np.array([1, 2]), np.array([1.0, 2.0]), np.ones(2), np.array([0, 2]))
    scores = np.array([[0.5, 0.0, 0.0, 0.4]], dtype=np.float32)
    assert repeats.choose(scores, log, [np.array([1, 2])]) > 0
    assert repeats.choose(scores, log, [np.array([0, 3])]) == -1.0
    assert repeats.share(log, [np.array([1, 3])], 4) == 0.5


def test_both_ways_of_solving_ease_agree() -> None:
    frame, _ = world()
    log = histories(Rows(frame, np.arange(USERS)))
    over_items = Ease(penalty=3.0).fit(log, ITEMS)
    wide = Ease(penalty=3.0)
    wide.widest = 10**6
    few = log.take(np.arange(30))
    assert not over_items.by_users
    by_users = wide.fit(few, ITEMS)
    assert by_users.by_users
    matrix = few.matrix(ITEMS).toarray().astype(np.float64)
    inverse = np.linalg.inv(matrix.T @ matrix + 3.0 * np.eye(ITEMS))
    weights = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0.0)
    np.testing.assert_allclose(by_users.scores(few), matrix @ weights, atol=1e-4)


def test_what_is_known_when_nothing_is_to_be_seen_yet() -> None:
    frame, following = world()
    train, _, ctx = dealt(frame, following)
    found = World.of(train, ctx)
    assert len(found.told) == len(found.case.blind) == USERS
    assert len(found.told.items) - len(found.case.blind.items) == 2 * 90
    later = Rows(
        frame.with_columns(pl.lit(0, dtype=pl.Int64).alias("user")), np.arange(90, USERS), times=np.ones(USERS - 90)
    )
    assert len(World.of(train, replace(ctx, unlabelled=later)).case.blind) == 90  # a later row may tell what is asked
    twice = Rows(frame, np.arange(90), y=train.y, times=np.repeat([0.0, 1.0], 45))
    early = World.of(twice, ctx).cases
    assert [len(one.asked) for one in early] == [45, 45]
    assert [len(one.blind) for one in early] == [
        USERS,
        45 + USERS - 90,
    ]  # the latest first; at the earlier, no later row


def test_one_history_a_user_is_the_latest() -> None:
    log = Log(np.array([3, 3, 5]), np.arange(6), np.arange(6.0), np.ones(6), np.array([0, 3, 5, 6]))
    assert latest(log, np.array([0.0, 1.0, 0.0])).tolist() == [1, 2]
    longer = with_next(log, [np.array([9]), np.array([], dtype=np.int64), np.array([7, 8])])
    assert longer.items.tolist() == [0, 1, 2, 9, 3, 4, 5, 7, 8]
    short, cut = shortened(longer, 1)
    assert [one.tolist() for one in cut] == [[9], [], []]
    assert short.items.tolist() == [0, 1, 2, 3, 4, 5, 7, 8]


def test_words_of_items_help_to_rank(tmp_path: Path) -> None:
    frame, following = world()
    train, valid, ctx = dealt(frame, following)
    pl.DataFrame(
        {"item": range(ITEMS), "genres": [f"g{i // 10}|all" for i in range(ITEMS)], "year": range(ITEMS)}
    ).write_ipc(tmp_path / "items.arrow")
    ctx = replace(ctx, tables={"items": tmp_path / "items.arrow"})
    found = lists(model_of("two_stage").fit(train, ctx), valid, ctx)
    assert np.mean([len(set(one[:4]) & set(following[90 + at].tolist())) for at, one in enumerate(found)]) > 1.0


# ---------------------------------------------------------------- the catalog

FACTS = DataFacts(500, 0, 400, 5, (), 1, 500)
ASKED = Competition(
    competition="c", data_dir="", task_type="recommendation", metric="ndcg@10", metric_direction="higher",
    target_columns=("item",), id_column="u", submission_columns=("u", "items"), submission_kind="ranking",
)  # fmt: skip


def test_the_portfolio_is_cheap_first_and_of_known_families() -> None:
    listed = catalog.portfolio(FACTS, ASKED, Hardware(2, 8000))
    assert listed[0].model == "popularity"
    assert {one.model for one in listed} == set(catalog.families(FACTS, ASKED))
    assert all(catalog.cost_s(one, FACTS, 400) > 0 and catalog.memory_mb(one, FACTS) > 0 for one in listed)


@pytest.mark.parametrize("name", list(catalog.FAMILIES))
def test_neighbours_change_something_and_make_a_solution(name: str) -> None:
    rng, recipe = random.Random(0), Recipe("recommend", name)
    for _ in range(10):
        other = catalog.neighbours(recipe, rng, FACTS, ASKED)
        assert other != recipe
        text = source.solution(other, "title", "because")
        assert "reads: unlabelled" in text
        compile(text, "solution.py", "exec")
        recipe = other


def test_rounds_end_in_time() -> None:
    assert list(in_time(3, None)) == [0, 1, 2]
    assert list(in_time(1000, 0.0)) == [0]


def test_without_a_hit_to_learn_from_there_is_still_an_answer() -> None:
    frame, following = world()
    train, valid, ctx = dealt(frame, [one[:0] for one in following])
    found = lists(model_of("two_stage").fit(train, ctx), valid, ctx)
    assert all(len(one) == 25 for one in found)


# ---------------------------------------------------------------- parts


def test_least_squares_of_all_rows_at_once_are_those_of_each_row() -> None:
    rng = np.random.default_rng(0)
    matrix = sp.random(60, 30, 0.2, format="csr", random_state=1, dtype=np.float32)
    matrix = sp.vstack([matrix[:7], sp.csr_matrix((1, 30), dtype=np.float32), matrix[8:]], format="csr")
    other = rng.normal(0, 0.5, (30, 8)).astype(np.float32)
    found = solve(matrix, other, 0.3, 10.0, tolerance=1e-5)
    for row in range(60):
        near, sure = other[matrix[row].indices].astype(np.float64), 10.0 * matrix[row].data
        left = other.T @ other + 0.3 * np.eye(8) + (near.T * sure) @ near
        np.testing.assert_allclose(found[row], np.linalg.solve(left, near.T @ (1.0 + sure)), atol=2e-4)
    np.testing.assert_allclose(solve(matrix[20:21], other, 0.3, 10.0, tolerance=1e-5)[0], found[20], atol=1e-6)
    assert not found[7].any()
    again = solve(matrix, other, 0.3, 10.0, found, tolerance=1e-2)
    np.testing.assert_array_equal(again, found)  # begun where it ends


def test_what_passed_between_a_user_and_an_item() -> None:
    log = Log(np.arange(2), np.array([4, 5, 4, 6]), np.array([0.0, 1.0, 2.0, 9.0]), np.ones(4), np.array([0, 3, 4]))
    found = bonds(log, np.array([0, 0, 1, 1]), np.array([4, 5, 4, 6]), 7)
    assert found[:, 0].tolist() == [2, 1, 0, 1]
    assert found[0, 1:4].tolist() == [0, 0, 0]  # the last event; a time of two days between, and none since
    assert found[1, 1] == 1
    assert found[1, 2] == np.float32(np.log(2.0))
    assert np.isnan(found[2, 1:4]).all()
    assert found[:, 4].tolist() == [np.float32(2 / 3), np.float32(1 / 3), 0, 1]
    assert np.isnan(bonds(log.keep(log.items > 9), np.array([0]), np.array([4]), 7)[0, 1])


def test_a_ranking_that_learns_nothing_leaves_the_best_source_alone() -> None:
    frame, following = world()
    train, valid, ctx = dealt(frame, following)
    model = model_of("two_stage")
    model._rounds = lambda *_: 0
    model.fit(train, ctx)
    assert model.boosters == []
    assert model.notes["base"] >= 0
    assert (
        np.mean(
            [len(set(one[:4]) & set(following[90 + at].tolist())) for at, one in enumerate(lists(model, valid, ctx))]
        )
        > 0.5
    )


def test_gain_of_an_order_is_of_what_could_be_had() -> None:
    user, orders = np.array([3, 3, 3, 8]), np.zeros((4, 1), dtype=np.float32)
    found = Candidates(user, np.arange(4), orders, orders)
    hits = np.array([0, 1, 0, 1])
    assert places(user, np.array([2.0, 1.0, 3.0, 0.0])).tolist() == [1, 0, 2, 0]
    assert merit(found, np.array([0.0, 1.0, 0.5, 0.0]), hits) == pytest.approx(2.0)
    assert merit(found, np.array([1.0, 0.5, 0.0, 0.0]), hits) == pytest.approx(1.0 + 1.0 / np.log2(3.0))


def test_the_net_learns_from_what_follows_within_its_reach() -> None:
    log = Log(np.arange(1), np.arange(10, 17), np.arange(7.0), np.ones(7), np.array([0, 7]))
    found = _stretches(log, 3)
    assert found.tolist() == [[3, 7, 0], [0, 4, 0]]  # the last of a user ends with their history
    table = _Table(log, 20)
    items, beside = table.of(found[:, 0], found[:, 1], 3)
    assert items.tolist() == [[13, 14, 15], [10, 11, 12]]
    assert beside.shape == (2, 3, 2)
    after, worth = table.after(found[:, 0], found[:, 1], 3, 1, np.random.default_rng(0))
    assert after.tolist() == [[14, 15, 16], [11, 12, 13]]
    assert (worth == 1).all()
    short, worth = table.after(np.array([5]), np.array([7]), 3, 9, np.random.default_rng(0))
    assert short.tolist() == [[16, -1, -1]]
    assert worth.tolist() == [[1, 0, 0]]
    assert table.of(np.array([5]), np.array([7]), 3)[0].tolist() == [[15, 16, 20]]  # none after the end

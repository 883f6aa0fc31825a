"""Series that are parts of sums: how that is seen, the algebra of MinT, and that it is used where it helps and left where not."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from podium.protocol import Context, Rows
from podium.recipes.forecast import Classical
from podium.recipes.forecast.backtest import Backtest, backtest
from podium.recipes.forecast.hierarchy import Hierarchy, hierarchy_of
from podium.recipes.forecast.panel import Panel
from podium.recipes.forecast.reconcile import Reconciler, Way, _shrinkage

AHEAD, ITEMS, LENGTH = 6, 40, 90
CTX = Context(seed=0, cores=1, task_type="forecasting", metric="mae", n_outputs=1, schema=())


def world(seed: int, told: bool) -> tuple[Rows, Rows, np.ndarray]:
    """Few sales of many items, whose departments share a week and a trend; or, not `told`, walks that share nothing."""
    rng, total = np.random.default_rng(seed), LENGTH + AHEAD
    week, dept = 1 + 0.4 * np.sin(2 * np.pi * np.arange(total) / 7), np.arange(ITEMS) % 4
    trend = np.exp(np.cumsum(0.02 * rng.standard_normal((4, total)), axis=1))
    mean = rng.lognormal(0.0, 0.7, ITEMS)[:, None] * week * trend[dept] * 5
    walks = 100 + np.cumsum(rng.standard_normal((ITEMS, total)), axis=1)
    y = rng.poisson(mean).astype(np.float64) if told else walks
    frame = pl.DataFrame({
        "series": np.repeat([f"i{k:02d}" for k in range(ITEMS)], total), "time": np.tile(np.arange(float(total)), ITEMS),
        "dept": np.repeat([f"d{k}" for k in dept], total), "promo": np.tile(np.arange(total) % 2, ITEMS),
    })  # fmt: skip
    past = frame["time"].to_numpy() < LENGTH
    return Rows(frame, np.flatnonzero(past), y=y.ravel()[past]), Rows(frame, np.flatnonzero(~past)), y.ravel()[~past]


def losses(seed: int, told: bool, reconcile: bool) -> tuple[np.ndarray, Classical]:
    """Mean absolute error of each series."""
    train, asked, truth = world(seed, told)
    model = Classical(features={"horizon": AHEAD, "known": [], "reconcile": reconcile}, method="ses").fit(train, CTX)
    return np.abs(model.predict(asked, CTX).values[:, 0] - truth).reshape(ITEMS, -1).mean(axis=1), model


def test_clear_sums_help_noisy_parts() -> None:
    gains = np.concatenate([losses(seed, True, False)[0] - losses(seed, True, True)[0] for seed in range(4)])
    assert gains.mean() > 3 * gains.std() / np.sqrt(len(gains)), "significant over all series"


@pytest.mark.parametrize("seed", range(2))
def test_sums_of_what_shares_nothing_are_left_alone(seed: int) -> None:
    plain, _ = losses(seed, False, False)
    again, model = losses(seed, False, True)
    assert model.notes["reconciled"] == "none" and np.array_equal(plain, again)


def tree_of(series: list[np.ndarray], parts: list[list[int]]) -> Reconciler:
    masks = np.array([[k in part for k in range(len(series))] for part in parts])
    tree = Hierarchy(np.arange(len(series)), masks, np.arange(len(parts)), np.full(len(parts), -1))
    return Reconciler(tree, [*series, *tree.added(series)], len(series))


def test_mint_is_the_projection_of_its_authors() -> None:
    rng = np.random.default_rng(0)
    series = [rng.normal(10, 1, 60) for _ in range(4)]
    rec = tree_of(series, [[0, 1], [2, 3], [0, 1, 2, 3]])
    past = Backtest(rng.normal(size=(3, 7, 5)), rng.normal(size=(3, 7, 5)))
    paths = rng.normal(10, 1, (7, 5))
    rest = (past.errors / past.growth()).transpose(1, 0, 2).reshape(7, -1)
    keep = _shrinkage(rest)
    w = keep * np.diag((rest**2).mean(axis=1)) + (1 - keep) * rest @ rest.T / rest.shape[1]
    s = np.vstack([np.eye(4), rec.tree.parts.astype(float)])  # parts first, as the paths are
    g = np.linalg.solve(s.T @ np.linalg.solve(w, s), s.T @ np.linalg.inv(w))
    assert rec.apply(Way("mint"), paths, past) == pytest.approx(g @ paths, rel=1e-4)


def test_shares_go_down_from_the_sum() -> None:
    series = [np.full(30, 1.0), np.full(30, 3.0)]
    rec = tree_of(series, [[0, 1]])
    paths, none = np.array([[5.0], [5.0], [8.0]]), Backtest(np.empty((0, 3, 1)), np.empty((0, 3, 1)))
    assert rec.apply(Way("shares", 0), paths, none).tolist() == [[2.0], [6.0]]
    assert rec.apply(Way("proportions", 0), paths, none).tolist() == [[4.0], [4.0]]
    assert rec.apply(Way("none"), paths, none).tolist() == [[5.0], [5.0]]


def panel_of(columns: dict[str, np.ndarray], **extra: list[str]) -> tuple[Panel, pl.DataFrame, np.ndarray]:
    size = len(next(iter(columns.values())))
    frame = pl.DataFrame({
        "series": np.repeat(list(columns), size), "time": np.tile(np.arange(float(size)), len(columns)),
        **{name: np.repeat(values, size) for name, values in extra.items()},
    })  # fmt: skip
    rows = Rows(frame, np.arange(len(frame)))
    panel = Panel.of(rows, np.concatenate(list(columns.values())))
    return panel, frame, panel.place(rows)[0]


def test_sums_are_seen_in_columns_and_in_names() -> None:
    rng = np.random.default_rng(0)
    leaves = {name: rng.random(20) for name in ("a/x", "a/y", "b/x", "b/y")}
    found = hierarchy_of(*panel_of(leaves, state=["s", "s", "t", "t"], item=["1", "2", "3", "4"]))
    assert found is not None and found.parts.sum(axis=1).tolist() == [2, 2, 4], "two states and all"
    assert hierarchy_of(*panel_of(leaves)) is None, "nothing tells of sums"
    sums = {"a": leaves["a/x"] + leaves["a/y"], "b": leaves["b/x"] + leaves["b/y"], "Total": sum(leaves.values())}
    found = hierarchy_of(*panel_of({**leaves, **sums}))
    assert found is not None and len(found.leaves) == 4 and (found.code >= 0).all()
    assert sorted(found.parts.sum(axis=1).tolist()) == [2, 2, 4] and len(np.unique(found.level)) == 2
    assert hierarchy_of(*panel_of({**leaves, "Total": rng.random(20)})) is None, "a name alone is no sum"


def test_totals_that_are_asked_agree_with_their_parts() -> None:
    rng = np.random.default_rng(0)
    leaves = [rng.poisson(3.0, 40).astype(np.float64) for _ in range(4)]
    tree = Hierarchy(np.arange(4), np.ones((1, 4), dtype=bool), np.array([-1]), np.array([4]))
    rec = Reconciler(tree, [*leaves, sum(leaves)], 5)
    past = Backtest(rng.normal(size=(3, 5, 2)), rng.normal(size=(3, 5, 2)))
    for way in (Way("mint"), Way("shares", -1)):
        found = rec.apply(way, rng.random((5, 2)) + 5, past)
        assert found[4] == pytest.approx(found[:4].sum(axis=0))


def test_a_backtest_ends_with_the_time() -> None:
    series = [np.arange(60.0)] * 3
    ctx = dataclasses.replace(CTX, deadline=0.0)
    assert len(backtest(lambda past, h, _: np.stack([y[-h:] for y in past]), series, 4, ctx)) == 0
    found = backtest(lambda past, h, _: np.stack([y[-h:] + h for y in past]), [*series, np.arange(5.0)], 4, CTX)
    assert len(found) == 4 and np.isnan(found.truth[:, 3]).all() and np.nanmax(np.abs(found.errors)) == 0.0

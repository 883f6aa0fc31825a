"""Which split a competition gets: one generated competition for each way in which test can differ from train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from engine_world import add_experiments, engine_of
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_competitions import write

from podium import tasks
from podium.campaign.request import write_request
from podium.campaign.tracks import fold_track, holdout_track
from podium.cli import making
from podium.competition import build, drift, intake, splitcheck, splits, timeline, windows
from podium.competition.dataset import Dataset
from podium.competition.dealt import trained_on
from podium.errors import IntakeError
from podium.records import Competition

STRATEGIES = (*splits.STRATEGIES,)


def world(n: int, seed: int = 0, days: int = 400, users: int = 60) -> pl.DataFrame:
    """Rows of users over days: `y` follows x, the user and a slow drift in time; `habit` and `weather` tell whose row it
    is, and of which day, and nothing else."""
    rng = np.random.default_rng(seed)
    user, day = rng.integers(0, users, n), np.sort(rng.integers(0, days, n))
    habit, weather = rng.normal(size=users), rng.normal(size=days)
    taste, season = rng.normal(size=users), np.cumsum(rng.normal(size=days)) / 2
    x = rng.normal(size=n)
    return pl.DataFrame(
        {
            "id": rng.permutation(n) + 1000,
            "when": [f"{np.datetime64('2020-01-01') + int(d)}" for d in day],
            "user": [f"u{u:03d}" for u in user],
            "habit": habit[user].round(4),
            "weather": weather[day].round(4),
            "x": x.round(4),
            "y": (x + taste[user] + season[day] + rng.normal(size=n)).round(4),
        }
    )


def folder_of(tmp_path: Path, frame: pl.DataFrame, held: np.ndarray[Any, Any], **more: Any) -> Path:
    mask = pl.Series(held)
    return write(tmp_path / "c", frame.filter(~mask), frame.filter(mask).drop("y"), metric="RMSE", **more)


def day_of(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    return frame["when"].str.to_date().dt.epoch("d").to_numpy() - 18_262


def last_per_user(frame: pl.DataFrame, count: int) -> np.ndarray[Any, Any]:
    left = frame.select(pl.int_range(pl.len()).reverse().over("user")).to_series()
    return (left < count).to_numpy()


def held_rows(kind: str, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    day, rng = day_of(frame), np.random.default_rng(5)
    number = frame["user"].str.slice(1).cast(pl.Int64).to_numpy()
    return {
        "later": day >= 340,
        "groups": number % 4 == 0,
        "interleaved": day % 40 >= 30,
        "days": rng.permutation(400)[day] < 80,
        "last": last_per_user(frame, 4),
        "random": rng.random(len(frame)) < 0.25,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "strategy", "group", "time"),
    [
        ("later", "forward", None, "when"),
        ("groups", "grouped", "user", None),
        ("interleaved", "interleaved_block", None, "when"),
        ("days", "grouped", "when", None),
        ("last", "last_n", "user", "when"),
        ("random", "stratified", None, None),
    ],
)
def test_the_strategy_follows_how_test_differs(
    tmp_path: Path, kind: str, strategy: str, group: str | None, time: str | None
) -> None:
    frame = world(2400)
    c = intake(folder_of(tmp_path, frame, held_rows(kind, frame)))
    assert (c.cv_strategy, c.group_column, c.time_column) == (strategy, group, time)
    assert c.evidence["cv_strategy"].value == strategy and c.evidence["cv_strategy"].why
    data = build(c, tmp_path / "data", 1)
    folds = set(range(c.cv_folds))
    assert folds <= set(data.fold_of.tolist()) <= folds | {-1}
    promises(c, data)


def promises(c: Competition, data: Dataset) -> None:
    """What the strategy promises, read from the dealt data as a run is given it."""
    task, frame = tasks.for_competition(c), data.frame()
    for fold in range(c.cv_folds):
        train, valid = (data.train[rows] for rows in task.deal(data.fold_of, fold, data.barred))
        assert len(train) and len(valid) and not set(train) & set(valid)
        if c.looks_forward:
            past = np.load(str(data.times))
            assert past[train].max() <= past[valid].min()
            end = int(max(train.max(), valid.max())) + 1
            later = data.train[data.fold_of > fold]
            assert not len(later) or later.min() >= end, "the run's file ends where its past and its fold end"
        if c.cv_strategy == "grouped":
            assert not set(frame[c.group_column][train]) & set(frame[c.group_column][valid])
        if c.cv_strategy == "last_n":
            latest = frame[valid].group_by("user").agg(pl.col("when").min().alias("first"))
            seen = frame[train].join(latest, on="user")
            assert (seen["when"] <= seen["first"]).all()


def test_gap_and_horizon_of_test_are_left_in_train_too(tmp_path: Path) -> None:
    frame = world(3000)
    day = day_of(frame)
    c = intake(
        folder_of(
            tmp_path, frame.filter(pl.Series((day < 340) | (day >= 360))), (day >= 360)[(day < 340) | (day >= 360)]
        )
    )
    assert c.cv_strategy == "forward" and c.cv_gap == pytest.approx(20) and c.cv_horizon == pytest.approx(40)
    assert "20 days" in c.evidence["time_gap"].value and "40 days" in c.evidence["cv_horizon"].value
    data = build(c, tmp_path / "data", 1)
    when = data.frame()["when"].cast(pl.Date).dt.epoch("d").to_numpy()
    task = tasks.for_competition(c)
    for fold in range(c.cv_folds):
        train, valid = (data.train[rows] for rows in task.deal(data.fold_of, fold, data.barred))
        assert when[valid].min() - when[train].max() > 20
        assert np.ptp(when[valid]) <= 40


def test_embargoed_blocks(tmp_path: Path) -> None:
    """Test in blocks with days thrown away on either side: folds leave the same days out."""
    frame = world(4000)
    day = day_of(frame)
    phase = day % 40
    kept, test = (phase < 24) | ((phase >= 28) & (phase < 36)), (phase >= 28) & (phase < 36)
    c = intake(folder_of(tmp_path, frame.filter(pl.Series(kept)), test[kept]))
    assert c.cv_strategy == "interleaved_block" and c.cv_gap == pytest.approx(4, abs=0.5)
    data = build(c, tmp_path / "data", 1)
    when = data.frame()["when"].cast(pl.Date).dt.epoch("d").to_numpy()
    task = tasks.for_competition(c)
    for fold in range(c.cv_folds):
        train, valid = (data.train[rows] for rows in task.deal(data.fold_of, fold, data.barred))
        nearest = np.abs(when[train][:, None] - np.unique(when[valid])[None, :]).min()
        assert nearest > c.cv_gap


@pytest.mark.parametrize(
    ("config", "strategy"),
    [
        ({"cv_strategy": "purged_kfold", "time_column": "when"}, "purged"),
        ({"cv_strategy": "time_series", "time_column": "when"}, "forward"),
        ({"cv_strategy": "last_n", "group_column": "user", "time_column": "when", "cv_folds": "3"}, "last_n"),
        ({"cv_strategy": "group_kfold", "group_column": "user"}, "grouped"),
        ({"cv_strategy": "interleaved_block", "time_column": "when", "cv_horizon": "7"}, "interleaved_block"),
        ({"cv_strategy": "kfold"}, "random"),
    ],
)
def test_the_config_overrules(tmp_path: Path, config: dict[str, str], strategy: str) -> None:
    frame = world(1600)
    c = intake(folder_of(tmp_path, frame, held_rows("random", frame)), config)
    assert c.cv_strategy == strategy and c.evidence["cv_strategy"].confidence == 1.0
    promises(c, build(c, tmp_path / "data", 2))


def test_lengths_asked_for(tmp_path: Path) -> None:
    frame = world(1600)
    folder = folder_of(tmp_path, frame, held_rows("later", frame))
    c = intake(folder, {"cv_gap": "10", "cv_horizon": "30"})
    assert (c.cv_strategy, c.cv_gap, c.cv_horizon) == ("forward", 10.0, 30.0)
    with pytest.raises(IntakeError, match="5 windows of cv_horizon 90 do not fit"):
        intake(folder, {"cv_horizon": "90"})
    with pytest.raises(IntakeError, match="last_n folds need a group"):
        intake(folder, {"cv_strategy": "last_n"})
    with pytest.raises(IntakeError, match="purged folds need a time"):
        intake(folder_of(tmp_path / "b", frame.drop("when"), held_rows("later", frame)), {"cv_strategy": "purged"})


def test_groups_that_straddle_are_told_and_not_kept_apart(tmp_path: Path) -> None:
    frame = (
        world(1600).drop("when", "user").with_columns(id=pl.Series([f"{r // 4:04d}_{r % 4:02d}" for r in range(1600)]))
    )
    c = intake(folder_of(tmp_path, frame, np.random.default_rng(0).random(1600) < 0.1))
    assert (c.cv_strategy, c.group_column) == ("stratified", None)
    assert "both sides" in c.evidence["group_overlap"].why


@pytest.mark.parametrize("kind", ["later", "last", "interleaved"])
def test_a_run_is_given_its_past_alone(tmp_path: Path, kind: str) -> None:
    """The parts that the engine hands to runs: rows, and the feature file that ends where past and fold end."""
    frame = world(1200)
    folder = making.open_or_create(
        str(folder_of(tmp_path, frame, held_rows(kind, frame))), campaign=tmp_path / "campaign", experiments=1
    )
    engine = engine_of(folder)
    data = engine.dataset
    (experiment,) = add_experiments(engine, 1)
    track = fold_track(engine, experiment)
    parts = {part.name: part for part in (*track.ready, *track.after)}
    assert len(parts) == engine.n_folds
    for fold in range(engine.n_folds):
        part = parts[f"fold_{fold + 1}"]
        barred = data.train[((data.barred >> np.uint32(fold)) & np.uint32(1) == 1) & (data.fold_of != fold)]
        assert not set(part.train) & set(barred) and not set(part.train) & set(part.predict)
        n_rows = pl.scan_ipc(part.features).select(pl.len()).collect().item()
        if kind == "interleaved":
            assert n_rows == data.n_rows
            continue
        assert max(part.predict.max(), part.train.max()) < n_rows
        assert not len(barred) or (n_rows <= barred.min() and n_rows < data.test.min())
    holdout = holdout_track(engine, experiment).ready
    assert [part.name for part in holdout] == ([] if kind == "interleaved" else ["refit"])
    write_request(engine, experiment, parts["fold_1"], "key", tmp_path / "run")
    request = json.loads((tmp_path / "run" / "request.json").read_text())
    assert (request["times"] is None, request["groups"] is None) == ((kind == "interleaved"), (kind != "interleaved"))


# ---------------------------------------------------------------- drift


def test_drift_names_the_column_that_gives_it_away(tmp_path: Path) -> None:
    frame = world(1600)
    held = held_rows("random", frame)
    calm = intake(folder_of(tmp_path / "a", frame, held)).evidence["drift"]
    moved = frame.with_columns(x=pl.col("x") + pl.Series(held.astype(float)))
    told = intake(folder_of(tmp_path / "b", moved, held)).evidence["drift"]
    assert "no drift" in calm.why and float(calm.value) < 0.55
    assert float(told.value) > 0.65 and "by x (" in told.why


def test_other_groups_are_no_drift_by_themselves(tmp_path: Path) -> None:
    """Features that are constant in a group tell every row's side, but only to who saw the group."""
    frame = world(3000, users=200)
    told = intake(folder_of(tmp_path, frame, held_rows("groups", frame))).evidence["drift"]
    assert "no drift" in told.why, told.why


def test_drift_is_the_same_each_time() -> None:
    from podium.competition.source import Source

    frame = world(900)
    source = Source(frame.head(600), frame.tail(300), None, ())
    found = [drift.measure(source, ["habit", "weather", "x"]) for _ in range(2)]
    assert found[0] == found[1] and found[0] is not None and found[0].visible


# ---------------------------------------------------------------- what random folds would claim


@pytest.mark.parametrize("kind", ["groups", "interleaved", "later"])
def test_random_folds_flatter_where_rows_belong_together(tmp_path: Path, kind: str) -> None:
    frame = world(2400).drop("when" if kind == "groups" else "user")
    c = intake(folder_of(tmp_path, frame, held_rows(kind, world(2400))))
    data = build(c, tmp_path / "data", 1)
    found = list(splitcheck.split_findings(c, data, 1))
    assert len(found) == 1 and found[0].check == "split_check"
    assert found == list(splitcheck.split_findings(c, data, 1)), "deterministic"
    assert found[0].message.startswith("random folds would flatter by"), found[0].message
    assert (found[0].figure or 0) > 0


def test_random_folds_are_not_compared_with_themselves(tmp_path: Path) -> None:
    frame = world(600)
    c = intake(folder_of(tmp_path, frame, held_rows("random", frame)))
    assert not list(splitcheck.split_findings(c, build(c, tmp_path / "data", 1), 1))


def test_groups_without_meaning_do_not_flatter(tmp_path: Path) -> None:
    frame = world(1600).drop("habit", "weather", "when")
    frame = frame.with_columns(y=pl.col("x") + pl.Series(np.random.default_rng(9).normal(size=1600)))
    c = intake(folder_of(tmp_path, frame, held_rows("groups", world(1600))))
    found = list(splitcheck.split_findings(c, build(c, tmp_path / "data", 1), 1))
    assert "no difference beyond the noise" in found[0].message


# ---------------------------------------------------------------- time


def test_gap_is_no_weekend() -> None:
    working = np.array([d for d in range(300) if d % 7 < 5], float)
    monday = working[working >= 210]
    timing = timeline.measure("t", working[working < 210], monday)
    assert timing.later and timing.gap == 0
    assert timeline.measure("t", working[working < 200], monday).gap > 5


def test_blocks_lie_as_far_from_train_as_tests_runs_do() -> None:
    """Stretches of 30 days of train between runs of 10 days of test: halves at the edges, a run or so in the middle."""
    day = np.arange(400.0)
    held = day % 40 >= 30
    times = np.concatenate([day[~held], day[held]])
    found = timeline.blocks(times, int((~held).sum()), 0.0, 50)
    train = found[: int((~held).sum())]
    assert not set(train) & set(found[len(train) :])
    assert np.bincount(train)[np.unique(train)].tolist() == [5, 10, 10, 5] * 10
    assert (np.diff(train) >= 0).all(), "numbered in time"


@settings(max_examples=40, deadline=None)
@given(count=st.integers(10, 80), folds=st.integers(2, 6), seed=st.integers(0, 20))
def test_neighbouring_blocks_are_of_different_folds(count: int, folds: int, seed: int) -> None:
    sizes = np.random.default_rng(seed).integers(1, 9, count)
    blocks = np.repeat(np.arange(count), sizes)
    fold_of = splits.deal("interleaved_block", folds, blocks * 1.0, blocks, blocks * 1.0, seed).fold_of
    each = np.array([fold_of[blocks == block][0] for block in range(count)])
    assert (each[1:] != each[:-1]).all()
    if folds > 3 and count >= 2 * folds:  # two folds can but alternate
        rows = np.bincount(fold_of, minlength=folds)
        assert rows.max() - rows.min() <= 3 * sizes.max()


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(80, 400),
    folds=st.integers(2, 5),
    seed=st.integers(0, 20),
    gap=st.floats(0, 5),
    days=st.integers(60, 200),
)
def test_purging_keeps_its_distance(n: int, folds: int, seed: int, gap: float, days: int) -> None:
    rng = np.random.default_rng(seed)
    times = rng.integers(0, days, n).astype(float)
    try:
        found = windows.purged(times, folds, 0, gap, rng)
    except IntakeError:
        return
    assert set(found.fold_of) == set(range(folds))
    for fold in range(folds):
        train, valid = trained_on(found.fold_of, found.barred, fold), found.fold_of == fold
        assert np.abs(times[train][:, None] - times[valid][None, :]).min() > (gap if gap > 0 else -1)
        assert not set(times[train]) & set(times[valid]), "rows of one time stay together"


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(80, 400),
    folds=st.integers(2, 5),
    seed=st.integers(0, 20),
    gap=st.floats(0, 8),
    horizon=st.floats(0, 30),
)
def test_forward_folds_leave_the_gap(n: int, folds: int, seed: int, gap: float, horizon: float) -> None:
    times = np.random.default_rng(seed).integers(0, 200, n).astype(float)
    try:
        found = windows.forward(times, folds, 0, gap, horizon)
    except IntakeError:
        return
    for fold in range(folds):
        train, valid = trained_on(found.fold_of, found.barred, fold), found.fold_of == fold
        assert times[train].max() < times[valid].min() - gap or (gap == 0 and times[train].max() < times[valid].min())
        assert not (train & (found.fold_of > fold)).any()


@settings(max_examples=60, deadline=None)
@given(n=st.integers(60, 500), users=st.integers(3, 12), n_last=st.integers(1, 3), seed=st.integers(0, 30))
def test_last_n_never_trains_on_a_later_row(n: int, users: int, n_last: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, times = rng.integers(0, users, n), rng.integers(0, 50, n).astype(float)
    try:
        found = windows.last_n(groups, times, 3, n_last, 0, rng)
    except IntakeError:
        return
    assert found.clock is not None
    for fold in range(3):
        train, valid = trained_on(found.fold_of, found.barred, fold), found.fold_of == fold
        assert found.clock[train].max() < found.clock[valid].min(), "the dealt order is one of time"
        for user in np.unique(groups[valid]):
            here = groups == user
            assert (valid & here).sum() <= n_last
            assert (train & here).any(), "what is scored has a past"
            assert times[train & here].max() <= times[valid & here].min()


def test_a_vault_of_last_rows() -> None:
    rng = np.random.default_rng(0)
    n = 24_000
    groups, times = rng.integers(0, 2_000, n), rng.random(n)
    found = splits.deal("last_n", 3, times, groups, times, 0, 0.0, 2.0)
    assert found.clock is not None and 1_200 <= found.vault.sum() <= 1_203
    assert found.clock[found.vault].min() > found.clock[~found.vault].max()
    for user in np.unique(groups[found.vault])[:50]:
        here = groups == user
        assert times[here & found.vault].min() > times[here & ~found.vault].max()


def test_a_purged_vault_keeps_its_distance() -> None:
    times = np.random.default_rng(0).permutation(24_000).astype(float)
    found = splits.deal("purged", 5, times, None, times, 0, 50.0)
    assert found.vault.sum() == 1_200
    for fold in range(5):
        train = trained_on(found.fold_of, found.barred, fold) & ~found.vault
        low, high = times[found.vault].min(), times[found.vault].max()
        assert not ((times[train] >= low - 50) & (times[train] <= high + 50)).any()


# ---------------------------------------------------------------- any strategy


@settings(max_examples=60, deadline=None)
@given(n=st.integers(120, 400), strategy=st.sampled_from(STRATEGIES), seed=st.integers(0, 10))
def test_a_row_is_scored_once_and_never_trained_on_then(n: int, strategy: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    strata, groups = rng.integers(0, 3, n).astype(float), rng.integers(0, 25, n)
    times = rng.permutation(n).astype(float)
    found = splits.deal(strategy, 3, strata, groups, times, seed, 1.0, 2.0)
    again = splits.deal(strategy, 3, strata, groups, times, seed, 1.0, 2.0)
    assert np.array_equal(found.fold_of, again.fold_of) and np.array_equal(found.barred, again.barred)
    for fold in range(3):
        train, valid = trained_on(found.fold_of, found.barred, fold), found.fold_of == fold
        assert train.any() and valid.any() and not (train & valid).any()
        if strategy.endswith("grouped"):
            assert not set(groups[train]) & set(groups[valid])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 50), strategy=st.sampled_from(["grouped", "stratified_grouped", "interleaved_block", "last_n"])
)
def test_another_order_of_rows_keeps_groups(seed: int, strategy: str) -> None:
    rng = np.random.default_rng(seed)
    n = 300
    groups, times, strata = rng.integers(0, 20, n), rng.random(n), rng.integers(0, 2, n).astype(float)
    order = rng.permutation(n)
    found = splits.deal(strategy, 3, strata[order], groups[order], times[order], seed, 0.0, 2.0)
    if strategy == "last_n":
        plain = splits.deal(strategy, 3, strata, groups, times, seed, 0.0, 2.0)
        assert np.array_equal(plain.fold_of[order], found.fold_of), "by time alone"
        return
    for group in np.unique(groups):
        assert len(np.unique(found.fold_of[groups[order] == group])) == 1


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(5, 40), min_size=2, max_size=6), seed=st.integers(0, 20))
def test_every_class_is_in_every_fold(counts: list[int], seed: int) -> None:
    strata = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts)).astype(float)
    fold_of = splits.deal("stratified", 5, strata, None, None, seed).fold_of
    for value, count in enumerate(counts):
        inside = np.bincount(fold_of[strata == value], minlength=5)
        assert inside.min() >= 1 and inside.max() - inside.min() <= 1 and inside.sum() == count

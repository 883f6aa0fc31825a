"""Points of series as units: long and wide tables, dates, steps ahead, windows that mimic the horizon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium import tasks
from podium.competition.build import build
from podium.competition.intake import intake
from podium.competition.units import units_of
from podium.competition.units.forecasting import windows
from podium.competition.units.series_steps import grid_of
from podium.competition.units.unit import Units
from podium.errors import IntakeError
from podium.records import Competition

ASKED = 4


def says(folder: Path, metric: str = "sMAPE") -> None:
    (folder / "description.md").write_text(
        f"# A contest\n\nForecast the next {ASKED} values.\n\n## Evaluation\n\nScored by {metric}.\n"
    )


def long_table(folder: Path, lengths: tuple[int, ...] = (40, 30, 55)) -> None:
    rows = [(f"A{k}", t, 10.0 * (k + 1) + t % 5) for k, n in enumerate(lengths) for t in range(1, n + 1)]
    pl.DataFrame(rows, schema=["series", "t", "value"], orient="row").write_csv(folder / "train.csv")
    asked = [(f"A{k}_{h}", f"A{k}", h) for k in range(len(lengths)) for h in range(1, ASKED + 1)]
    pl.DataFrame(asked, schema=["id", "series", "horizon"], orient="row").write_csv(folder / "test.csv")
    pl.DataFrame({"id": [a[0] for a in asked][::-1], "value": 0.0}).write_csv(folder / "sample_submission.csv")
    says(folder)


def wide_table(folder: Path) -> None:
    values = np.arange(6 * 40, dtype=np.float64).reshape(6, 40)
    times = {f"d_{k + 1}": values[:, k] for k in range(40)}
    items = [f"item_{k}_evaluation" for k in range(6)]
    pl.DataFrame({"id": items, "dept": ["x", "y"] * 3, **times}).write_csv(folder / "sales_train.csv")
    both = items + [name.replace("evaluation", "validation") for name in items]
    pl.DataFrame({"id": both, **{f"F{h}": 0 for h in range(1, ASKED + 1)}}).write_csv(folder / "sample_submission.csv")
    says(folder, "RMSSE")


def read(folder: Path) -> tuple[Competition, Units]:
    competition = intake(folder)
    units = units_of(competition, Path(competition.data_dir), 0)
    assert competition.task_type == "forecasting" and units is not None
    return competition, units


def test_steps_ahead_follow_each_series_own_end(tmp_path: Path) -> None:
    long_table(tmp_path)
    competition, units = read(tmp_path)
    train, test = units.source.train, units.source.test
    assert train.columns == ["series", "time", "value"] and train["value"].dtype == pl.Float64
    assert test["id"].to_list() == pl.read_csv(tmp_path / "sample_submission.csv")["id"].to_list()
    assert test.filter(pl.col("series") == "A1")["time"].sort().to_list() == [30.0, 31.0, 32.0, 33.0]
    assert units.clock is not None and set(units.clock[train.height :]) == {1.0, 2.0, 3.0, 4.0}
    assert units.clock[: train.height].max() == 0 and competition.cv_horizon == ASKED


def test_folds_are_windows_of_the_horizon_and_train_on_what_is_before(tmp_path: Path) -> None:
    long_table(tmp_path)
    competition, units = read(tmp_path)
    dealt, clock = units.dealt, units.clock
    assert dealt is not None and clock is not None and competition.looks_forward
    clock = clock[: len(dealt.fold_of)]
    for fold in range(competition.cv_folds):
        here = clock[dealt.fold_of == fold]
        end = -ASKED * (competition.cv_folds - 1 - fold)
        assert (here.min(), here.max()) == (end - ASKED + 1, end)
        trained = (dealt.fold_of != fold) & (dealt.barred >> np.uint32(fold) & np.uint32(1) == 0)
        assert trained.any() and clock[trained].max() < here.min()
    assert (dealt.fold_of == -1).any() and not dealt.vault.any()


def test_rows_are_dealt_in_the_order_of_the_clock(tmp_path: Path) -> None:
    long_table(tmp_path)
    competition, _ = read(tmp_path)
    data = build(competition, tmp_path / "dealt" / "data", 0)
    last = max(int(data.train[data.fold_of == 0].max()), 0)
    later = data.train[data.fold_of > 0]
    assert last < later.min(), "a fold's feature file would hold its future"
    assert set(data.frame().columns) == {"series", "time"}


def test_a_vault_is_the_last_window_of_many_rows() -> None:
    train = np.tile(np.arange(-99.0, 1.0), 250)
    dealt = windows(train, np.array([1.0, 2.0, 3.0]), 3)
    assert sorted(set(train[dealt.vault])) == [-2.0, -1.0, 0.0]
    assert sorted(set(train[dealt.fold_of == 2])) == [-5.0, -4.0, -3.0]
    assert (dealt.barred[dealt.vault] == 0b111).all()


def test_a_gap_before_test_is_left_out_of_training_too() -> None:
    train = np.arange(-60.0, -2.0)  # three steps are missing before the first one asked
    dealt = windows(train, np.array([1.0, 2.0]), 2)
    newest = train[dealt.fold_of == 1]
    trained = (dealt.fold_of != 1) & (dealt.barred >> np.uint32(1) & np.uint32(1) == 0)
    assert newest.min() - train[trained].max() == 4.0


def test_series_that_are_too_short_are_told(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="too short for 4 windows"):
        windows(np.arange(-2.0, 1.0), np.array([1.0, 2.0, 3.0]), 4)


def test_windows_are_shorter_where_they_would_not_fit() -> None:
    train = np.arange(-24.0, 1.0)
    dealt = windows(train, np.arange(1.0, 11.0), 4)
    assert np.bincount(dealt.fold_of[dealt.fold_of >= 0]).tolist() == [5, 5, 5, 5]


def test_ids_that_stand_for_a_series_and_a_date(tmp_path: Path) -> None:
    days = [f"2020-01-{d:02d}" for d in range(1, 29)]
    pl.DataFrame({"Page": ["a_en", "b_en"], **{d: [1.0, 2.0] for d in days}}).write_csv(tmp_path / "train_1.csv")
    keys = [f"{page}_2020-02-{d:02d}" for page in ("a_en", "b_en") for d in (1, 2)]
    pl.DataFrame({"Page": keys, "Id": ["x1", "x2", "x3", "x4"]}).write_csv(tmp_path / "key_1.csv")
    pl.DataFrame({"Id": ["x1", "x2", "x3", "x4"], "Visits": 0}).write_csv(tmp_path / "sample_submission_1.csv")
    says(tmp_path)
    _, units = read(tmp_path)
    assert units.source.test["series"].to_list() == ["a_en", "a_en", "b_en", "b_en"]
    assert units.source.test["time"].to_list() == [31.0, 32.0, 31.0, 32.0]
    assert units.clock is not None and units.clock[:56].max() == -3.0, "three days lie between train and what is asked"


def test_a_wide_table_becomes_points(tmp_path: Path) -> None:
    wide_table(tmp_path)
    competition, units = read(tmp_path)
    train, test = units.source.train, units.source.test
    assert train.height == 6 * 40 and {"series", "time", "dept", "value", "#scale"} <= set(train.columns)
    assert test.height == 12 * ASKED and test["time"].unique().sort().to_list() == [40.0, 41.0, 42.0, 43.0]
    assert test["series"].n_unique() == 6, "names with another ending are the same series"
    assert test["id"][0] == "item_0_evaluation\tF1"
    assert (train["#scale"].to_numpy() > 0).all() and competition.target_columns == ("value",)


def test_quantiles_in_columns_and_in_ids_are_one_point(tmp_path: Path) -> None:
    (rows := tmp_path / "rows").mkdir()
    (columns := tmp_path / "columns").mkdir()
    for folder in (rows, columns):
        long_table(folder)
        says(folder, "the mean pinball loss")
    ids = pl.read_csv(rows / "test.csv")["id"].to_list()
    pl.DataFrame({"id": ids, "q0.1": 0.0, "q0.9": 0.0}).write_csv(columns / "sample_submission.csv")
    asked = {"id": [f"{name}_{level}" for level in (0.1, 0.9) for name in ids], "value": 0.0}
    pl.DataFrame(asked).write_csv(rows / "sample_submission.csv")
    for folder in (rows, columns):
        competition, units = read(folder)
        assert competition.metric == "pinball@0.1,0.9" and units.source.test.height == len(ids)
        assert competition.cv_horizon == ASKED and competition.target_columns == ("value",)
        task = tasks.for_competition(competition)
        sheet = task.write(np.arange(2.0 * len(ids)).reshape(-1, 2), units.source.test["id"])
        shipped = pl.read_csv(folder / "sample_submission.csv")
        assert sheet["id"].to_list() == shipped["id"].to_list() and sheet.columns == shipped.columns


def test_scales_are_of_what_lies_before_the_window(tmp_path: Path) -> None:
    wide_table(tmp_path)
    table = pl.read_csv(tmp_path / "sales_train.csv").with_columns(d_40=pl.lit(1e6))
    table.write_csv(tmp_path / "sales_train.csv")
    _, units = read(tmp_path)
    assert units.source.train["#scale"].max() == 1.0, "the last window's jump is not in any scale"


def test_series_called_by_numbers_stay_names(tmp_path: Path) -> None:
    long_table(tmp_path)
    for name in ("train", "test"):
        frame = pl.read_csv(tmp_path / f"{name}.csv").with_columns(
            pl.col("series").str.strip_prefix("A").cast(pl.Int64)
        )
        frame.write_csv(tmp_path / f"{name}.csv")
    competition, units = read(tmp_path)
    assert units.source.train["series"].unique().sort().to_list() == ["s0", "s1", "s2"]
    data = build(competition, tmp_path / "dealt" / "data", 0)
    assert data.frame()["series"].dtype == pl.String


def test_later_dates_are_forecasts_where_the_user_says_so(tmp_path: Path) -> None:
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 3, 31), "1d", eager=True)
    cut = len(days) - 10
    for name, part in (("train", days[:cut]), ("test", days[cut:])):
        frame = pl.DataFrame(
            {"date": [d for d in part for _ in range(2)], "store": [1, 2] * len(part), "promo": [0, 1] * len(part)}
        )
        extra = {"sales": [float(k % 7) for k in range(frame.height)]} if name == "train" else {}
        frame.with_row_index("id", offset=0 if name == "train" else 2 * cut).with_columns(
            **{k: pl.Series(v) for k, v in extra.items()}
        ).write_csv(tmp_path / f"{name}.csv")
    pl.DataFrame({"id": range(2 * cut, 2 * len(days)), "sales": 0.0}).write_csv(tmp_path / "sample_submission.csv")
    (tmp_path / "config.json").write_text('{"task_type": "forecasting", "metric": "rmse"}')
    competition, units = read(tmp_path)
    assert {"series", "time", "date", "promo", "sales"} <= set(units.source.train.columns)
    assert units.source.test["time"].min() == float(cut) and units.source.test.height == 20
    assert competition.cv_horizon == 10.0


def test_months_are_one_step_apart() -> None:
    months = pl.Series("month", ["2020-01-01", "2020-02-01", "2020-03-01", "2020-05-01", "2021-01-01"])
    grid = grid_of(pl.Series("month", [f"20{y}-{m:02d}-01" for y in (19, 20) for m in range(1, 13)]))
    assert grid.months == 1 and grid.steps(months).tolist() == [12, 13, 14, 16, 24]
    weeks = pl.Series("w", ["2020-01-06", "2020-01-13", "2020-01-20", "2020-02-03"])
    assert grid_of(weeks).steps(weeks).tolist() == [0, 1, 2, 4]

"""Do the chosen folds foretell the test score? Generated competitions whose test differs from train in a known way.

    python bench/splits.py [--seeds 12]

For each way and seed: intake chooses the split, a quick model (`podium.competition.quick`) is scored by those folds, by
random ones, and on test with its answers. Printed: mean of log(CV / test) of an RMSE, so 0 is honest and -0.2 promises
an error 20 % too small, and the mean of its absolute value.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import build, intake, quick, splitcheck

ROWS, DAYS, USERS = 2400, 400, 60
WAYS = ("later", "groups", "interleaved", "days", "last", "random")
Floats = NDArray[np.float64]


def world(seed: int) -> tuple[pl.DataFrame, NDArray[np.int64], NDArray[np.int64]]:
    """Rows of users over days, their day and user: `y` follows x, the user's taste and a season that wanders; `habit` and
    `weather` tell whose row it is and of which day, and nothing else."""
    rng = np.random.default_rng(seed)
    user, day = rng.integers(0, USERS, ROWS), np.sort(rng.integers(0, DAYS, ROWS))
    habit, weather, x = rng.normal(size=USERS), rng.normal(size=DAYS), rng.normal(size=ROWS)
    taste, season = rng.normal(size=USERS), np.cumsum(rng.normal(size=DAYS)) / 2
    y = x + taste[user] + season[day] + rng.normal(size=ROWS)
    when = [str(np.datetime64("2020-01-01") + int(d)) for d in day]
    columns: dict[str, Any] = {"id": rng.permutation(ROWS), "when": when, "user": [f"u{u:03d}" for u in user]}
    columns |= {"habit": habit[user], "weather": weather[day], "x": x, "y": y}
    return pl.DataFrame(columns), day, user


def held(way: str, frame: pl.DataFrame, day: NDArray[np.int64], user: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are test's."""
    rng = np.random.default_rng(5)
    if way == "last":
        left = frame.select(pl.int_range(pl.len()).reverse().over("user")).to_series().to_numpy()
        return np.asarray(left < 4)
    masks: dict[str, Any] = {
        "later": day >= 340,
        "groups": user % 4 == 0,
        "interleaved": day % 40 >= 30,
        "days": rng.permutation(DAYS)[day] < 80,
        "random": rng.random(ROWS) < 0.25,
    }
    return np.asarray(masks[way])


def play(folder: Path, way: str, seed: int) -> tuple[str, float, float, float] | None:
    """(strategy, RMSE by the chosen folds, by random ones, on test); None where the chosen are random."""
    frame, day, user = world(seed)
    mask = pl.Series(held(way, frame, day, user))
    frame.filter(~mask).write_csv(folder / "train.csv")
    frame.filter(mask).drop("y").write_csv(folder / "test.csv")
    competition = intake(folder, {"metric": "rmse", "target_column": "y", "id_column": "id"})
    data = build(competition, folder / "data", 1)
    found = splitcheck.compare(competition, data, 1)
    if found is None:
        return None
    names = [column.name for column in data.columns if column.kind != "constant"]
    x, _ = quick.encode(data.frame().select(names), names)
    y = np.full(data.n_rows, np.nan)
    y[data.train] = data.labels(data.train).to_series().to_numpy()
    predicted, _ = quick.fit_predict(x, y, data.train, data.test, "regression", 1)
    answers = dict(frame.select("id", "y").iter_rows())
    ids = data.ids(data.test)
    assert ids is not None
    truth = np.array([answers[int(id_)] for id_ in ids])
    return competition.cv_strategy, found.chosen, found.naive, float(np.sqrt(np.mean((truth - predicted) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12)
    seeds = parser.parse_args().seeds
    print(f"{'test is':12} {'folds':18} {'chosen':>8} {'random':>8} {'|chosen|':>9} {'|random|':>9}")
    for way in WAYS:
        rows = []
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                rows.append(play(Path(folder), way, seed))
        known = [row for row in rows if row is not None]
        if not known:
            print(f"{way:12} {'stratified':18} {'(random folds are the chosen ones)':>37}")
            continue
        off = np.log(np.array([[row[1] / row[3], row[2] / row[3]] for row in known]))
        mean, size = off.mean(axis=0), np.abs(off).mean(axis=0)
        print(f"{way:12} {known[0][0]:18} {mean[0]:8.3f} {mean[1]:8.3f} {size[0]:9.3f} {size[1]:9.3f}")


if __name__ == "__main__":
    main()

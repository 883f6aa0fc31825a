"""Small competitions of every kind, and experiments of given solutions at them, played in this process."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import intake_competitions
import numpy as np
import polars as pl
from engine_world import engine_of

from podium.campaign.engine import Engine
from podium.campaign.runner import Runner
from podium.campaign.tracks import Track, fold_part
from podium.cli import making
from podium.competition import audit
from podium.records import ExperimentSpec
from podium.registry.experiments import Experiment
from podium.testing.inline_executor import InlineExecutor

HONEST = """
import numpy as np
from sklearn.linear_model import Ridge


def table(rows):
    frame = rows.frame()
    numbers = frame.select([n for n in frame.columns if frame[n].dtype.is_numeric()])
    return np.nan_to_num(numbers.to_numpy().astype(float))


def fit(train, ctx):
    y = train.y if train.y.ndim > 1 else train.y.astype(float)
    return Ridge().fit(table(train), y)


def predict(model, rows, ctx):
    raw = model.predict(table(rows)).reshape(len(rows), -1)
    return np.clip(raw, 0.0, 1.0) if "classification" in ctx.task_type else raw
"""


def signal(n: int, seed: int = 0) -> tuple[pl.DataFrame, Any]:
    """A mixed table of `n` rows with missing values and categories, and a signal `(n,)` that its columns carry."""
    rng = np.random.default_rng(seed)
    x, level = rng.normal(size=n), rng.integers(4, size=n)
    words = np.array(["ripe apple", "green pear", "sour plum", "old quince"])
    frame = pl.DataFrame(
        {
            "id": rng.permutation(n) + 1000,
            "x": [None if rng.random() < 0.1 else round(float(v), 5) for v in x],
            "z": np.exp(rng.normal(size=n)).round(5),
            "count": rng.integers(0, 9, n),
            "level": [None if rng.random() < 0.05 else "abcd"[k] for k in level],
            "cabin": [f"{'FG'[k % 2]}/{rng.integers(900)}/S" for k in level],
            "name": [f"{words[k]} number {rng.integers(50)}" for k in level],
        }
    )
    return frame, 2 * x + 1.5 * (level == 2) - 0.7 * level + 0.3 * rng.normal(size=n)


KINDS = ("binary", "multiclass", "regression", "ordinal", "grouped", "timed", "text")


def competition(folder: Path, kind: str, n: int = 400, n_test: int = 60) -> Path:
    """A campaign that has not begun, at a competition of this kind."""
    frame, told = signal(n + n_test)
    labels: Any = told
    metric, more = "root mean squared error", {}
    if kind in ("binary", "grouped", "text"):
        labels, metric = (told > -0.5).astype(int), "area under the ROC curve"
    if kind == "multiclass":
        labels, metric = np.array(["low", "mid", "high"])[np.digitize(told, [-1.5, 0.5])], "multi-class log loss"
    if kind == "ordinal":
        labels, metric = np.digitize(told, [-3.0, -2.0, -1.0, 0.0]) + 1, "quadratic weighted kappa"
    if kind == "grouped":
        frame = frame.with_columns(pl.Series("user", np.arange(n + n_test) // 6))
        more["group_column"] = "user"
    if kind == "timed":
        days = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2024, 1, 1), "1d", eager=True).head(n + n_test)
        frame = frame.with_columns(days.alias("when"))
    if kind == "text":
        frame = frame.select("id", "name")
    whole = frame.with_columns(pl.Series("y", labels))
    sample = whole.tail(n_test).select("id", pl.lit(whole["y"][0]).alias("y"))
    if kind == "multiclass":
        sample = whole.tail(n_test).select("id", *(pl.lit(0.3).alias(name) for name in ("high", "low", "mid")))
    data = intake_competitions.write(
        folder / "data", whole.head(n), whole.tail(n_test).drop("y"), metric=metric, sample=sample
    )
    return making.open_or_create(str(data), campaign=folder / "campaign", experiments=4, threads=2)


def engine_at(campaign: Path, **options: Any) -> Engine:
    engine = engine_of(campaign, InlineExecutor(), options=options)  # type: ignore[arg-type]
    engine.registry.set_audit(audit(engine.competition, engine.dataset, 0))
    return engine


def experiment(engine: Engine, source: str, *, folds: int | None = None, round_: int = 1) -> Experiment:
    """An experiment of this solution, its folds run: all, or the first so many."""
    text = textwrap.dedent(source).lstrip()
    id_ = f"E{engine.registry.experiments.count() + 1:03d}"
    path = engine.solution_path(id_)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    sha = hashlib.sha256(text.encode()).hexdigest()
    spec = ExperimentSpec(f"idea {id_}", "because", "draft", "by_hand")
    engine.registry.experiments.add(Experiment(id_, round_, spec, 7, f"f{id_}", sha, False, static_cost_s=1.0))
    found = engine.registry.experiments.get(id_)
    assert found is not None
    numbers = list(range(engine.n_folds))
    if folds is not None:
        numbers = numbers[-folds:] if engine.competition.looks_forward else numbers[:folds]
    track = Track(found, [fold_part(engine, number) for number in numbers])
    Runner(engine).play([track])
    assert track.status == "done", track.message
    engine.registry.experiments.set_status(id_, "done")
    return found

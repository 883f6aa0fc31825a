"""Clean contests of several kinds, generated or of scikit-learn's tables, and what Podium says of two honest models there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from podium.arena.making import Terms, make
from podium.campaign import decide
from podium.campaign.probes import probe_fits, probing
from podium.cli import making
from podium.competition import audit
from podium.recipes import source
from podium.records import Recipe
from podium.testing.zoo.competitions import table
from podium.testing.zoo.engines import experiment, inline
from podium.testing.zoo.looking import STRONG

if TYPE_CHECKING:
    from podium.records import AuditFinding

Rng = np.random.Generator
N = 900  # rows of a generated contest, its hidden part among them
WORDS = np.array(["ripe", "green", "sour", "old", "sweet", "late", "small", "round", "dry", "soft", "bitter", "early"])
LINEAR = Recipe("tabular", "linear", {}, {})
TEXT = Recipe("text", "tfidf_linear", {}, {"C": 1.0})


@dataclass(frozen=True)
class Clean:
    """A table with its target, and how it is asked for; `group`, `time`: columns by which the hidden part is cut."""

    name: str
    table: Callable[[Rng], pl.DataFrame]
    target: str
    metric: str
    group: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class Honest:
    """`blocks`, `warnings`: a line each, the model's name first where a model is meant; `scores`: by model."""

    blocks: tuple[str, ...]
    warnings: tuple[str, ...]
    scores: dict[str, float]


def honest(clean: Clean, folder: Path, *, seed: int = 0) -> Honest:
    """Intake, audit, then a boosting and a linear model with every alarm and probe."""
    frame = clean.table(np.random.default_rng(seed))
    terms = Terms(clean.name, test_share=0.3, group=clean.group, time=clean.time, seed=seed)
    make("clean", frame, (clean.target,), clean.metric, terms, public=folder / "public", private=folder / "private")
    campaign = making.open_or_create(str(folder / "public"), campaign=folder / "c", experiments=9, memory=False)
    engine = inline(campaign)
    try:
        told = audit(engine.competition, engine.dataset, 0)
        engine.registry.set_audit(told)
        found = [("", one) for one in told]
        scores = {}
        plain = TEXT if any(column.kind == "text" for column in engine.dataset.columns) else LINEAR
        for model, recipe in (("a boosting", STRONG), ("a linear model", plain)):
            one = experiment(engine, source.solution(recipe, model, "an honest model"))
            assert one is not None, f"{model} failed on {clean.name}"
            probed = (*probing.cheap(engine, [one])[one.id], *probe_fits.dear(engine, [one])[one.id])
            verified = decide.verify(engine, [one], (), {one.id: probed})[0]
            scores[model] = verified.scored.score
            found += [(f"{model}, ", alarm) for alarm in verified.alarms]
    finally:
        engine.registry.close()
    return Honest(_told(found, "block"), _told(found, "warn"), scores)


def _told(found: list[tuple[str, AuditFinding]], gravity: str) -> tuple[str, ...]:
    return tuple(f"{who}{one.check}: {one.message}" for who, one in found if one.severity == gravity)


# ---------------------------------------------------------------- generated


def _mixed(rng: Rng) -> tuple[pl.DataFrame, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    frame, signal = table(rng, N)
    return frame.drop("id"), np.asarray(signal)


def binary(rng: Rng) -> pl.DataFrame:
    frame, signal = _mixed(rng)
    return frame.with_columns(y=pl.Series((signal > 0).astype(int)))


def easy(rng: Rng) -> pl.DataFrame:
    """Two classes that hardly overlap: a score that is high for a reason."""
    frame, _ = _mixed(rng)
    y = rng.integers(2, size=N)
    blobs = {f"b{k}": rng.normal(size=N) + 1.3 * y for k in range(6)}
    return frame.with_columns(**{k: pl.Series(v.round(4)) for k, v in blobs.items()}, y=pl.Series(y))


def rare(rng: Rng) -> pl.DataFrame:
    frame, signal = _mixed(rng)
    return frame.with_columns(y=pl.Series((signal > np.quantile(signal, 0.94)).astype(int)))


def classes(rng: Rng) -> pl.DataFrame:
    frame, signal = _mixed(rng)
    return frame.with_columns(y=pl.Series(np.array(["low", "mid", "high"])[np.digitize(signal, [-1.5, 0.5])]))


def numbers(rng: Rng) -> pl.DataFrame:
    frame, signal = _mixed(rng)
    return frame.with_columns(y=pl.Series(signal.round(4)))


def grades(rng: Rng) -> pl.DataFrame:
    frame, signal = _mixed(rng)
    return frame.with_columns(y=pl.Series(np.digitize(signal, [-2.5, -1.0, 0.5, 1.5]) + 1))


def users(rng: Rng) -> pl.DataFrame:
    """Rows of 90 users with habits of their own; the hidden part has other users."""
    frame, signal = _mixed(rng)
    who = np.sort(rng.integers(90, size=N))
    habit = rng.normal(size=90)[who]
    return frame.with_columns(user=pl.Series([f"u{w:02d}" for w in who]), y=pl.Series((signal + habit > 0).astype(int)))


def days(rng: Rng) -> pl.DataFrame:
    """One row a day with a slow drift; the hidden part is later."""
    frame, signal = _mixed(rng)
    when = pl.Series("when", np.datetime64("2020-01-01") + np.arange(N).astype("timedelta64[D]"))
    return frame.with_columns(when, y=pl.Series((signal + np.cumsum(rng.normal(scale=0.1, size=N))).round(4)))


def texts(rng: Rng) -> pl.DataFrame:
    """Short texts of which some words lean to one class."""
    y = rng.integers(2, size=N)
    weight = np.linspace(0.4, 1.6, len(WORDS))
    told = [
        " ".join(rng.choice(WORDS, 9, p=(p := (weight if label else weight[::-1])) / p.sum()).tolist()) for label in y
    ]
    return pl.DataFrame({"story": told, "y": y})


GENERATED = (
    Clean("generated binary", binary, "y", "auc"),
    Clean("generated easy", easy, "y", "accuracy"),
    Clean("generated rare", rare, "y", "auc"),
    Clean("generated classes", classes, "y", "log_loss"),
    Clean("generated numbers", numbers, "y", "rmse"),
    Clean("generated grades", grades, "y", "qwk"),
    Clean("generated users", users, "y", "auc", group="user"),
    Clean("generated days", days, "y", "mae", time="when"),
    Clean("generated texts", texts, "y", "accuracy"),
)


# ---------------------------------------------------------------- real


def of_sklearn(item: str) -> Callable[[Rng], pl.DataFrame]:
    """A table that scikit-learn carries, its columns x0, x1, …"""

    def load(rng: Rng) -> pl.DataFrame:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{item}")()
        columns = {f"x{i}": bunch.data[:, i] for i in range(bunch.data.shape[1])}
        return pl.DataFrame({**columns, "target": bunch.target})

    return load


REAL = tuple(
    Clean(f"sklearn {item}", of_sklearn(item), "target", metric)
    for item, metric in (
        ("iris", "log_loss"), ("wine", "accuracy"), ("breast_cancer", "auc"), ("digits", "accuracy"), ("diabetes", "rmse"),
    )
)  # fmt: skip

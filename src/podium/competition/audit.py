"""What could mislead a team: leaks, copies, drift, gaps, shapes of columns, noise. Every figure is measured; a threshold
follows the sample's size. No finding is a decision: roles read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import relation
from podium.competition.association import Association, Truth, by_chance, lookup, numeric, of_ranks, ranks
from podium.competition.dataset import Dataset
from podium.competition.folder import look
from podium.competition.noise import noise_floor
from podium.metrics import get
from podium.protocol import Column
from podium.records import AuditFinding, Competition

SAMPLE = 20_000  # rows of train, and of test, that column checks look at
TOO_GOOD = 0.97  # strength of a single column beyond which it is a suspect
TELLING = 10  # so many of the strongest columns are listed
LOOKUP_KINDS = ("categorical", "code", "boolean")
Floats = NDArray[np.float64]
Severity = Literal["info", "warn", "block"]


@dataclass(frozen=True)
class View:
    """What the checks look at: features of sampled train and test rows, the truth of the former."""

    competition: Competition
    dataset: Dataset
    train: pl.DataFrame
    test: pl.DataFrame
    rows: NDArray[np.int64]  # of `train`
    truth: Truth
    n_train: int
    n_test: int


def audit(competition: Competition, dataset: Dataset, seed: int) -> tuple[AuditFinding, ...]:
    """All findings, the gravest first. Reads labels of train rows, never the vault's. Deterministic by `seed`."""
    view = _view(competition, dataset, seed)
    found = [f for check in CHECKS for f in check(view)]
    gravity = {"block": 0, "warn": 1, "info": 2}
    return tuple(sorted(found, key=lambda f: gravity[f.severity]))


def _view(competition: Competition, dataset: Dataset, seed: int) -> View:
    rng = np.random.default_rng([seed, 1])
    rows = dataset.train
    if len(rows) > SAMPLE:
        rows = np.sort(rng.choice(rows, SAMPLE, replace=False))
    test = dataset.test
    if len(test) > SAMPLE:
        test = np.sort(rng.choice(test, SAMPLE, replace=False))
    frame = dataset.frame()
    labels = dataset.labels(rows)
    if competition.classes:
        codes = {name: at for at, name in enumerate(competition.classes)}
        truth = Truth(labels.to_series().replace_strict(codes, return_dtype=pl.Int64).to_numpy(), None)
    else:
        truth = Truth(None, labels.to_numpy().astype(np.float64).reshape(len(rows), -1))
    return View(competition, dataset, frame[rows], frame[test], rows, truth, len(dataset.train), len(dataset.test))


def _finding(check: str, severity: Severity, column: str | None, figure: float | None, message: str) -> AuditFinding:
    return AuditFinding(check, severity, column, None if figure is None else round(float(figure), 5), message)


def _floats(series: pl.Series) -> Floats:
    if series.dtype.is_temporal():
        series = series.dt.epoch("us")
    out: Floats = series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return out


# ---------------------------------------------------------------- leaks


def associations(view: View) -> list[Association]:
    """One for each column that can be measured, the strongest first."""
    found: list[Association] = []
    for column in view.dataset.columns:
        if column.kind in ("numeric", "date", "boolean"):
            found.append(numeric(column.name, _floats(view.train[column.name]), view.truth))
        elif column.kind in LOOKUP_KINDS and column.n_unique < 0.5 * view.dataset.n_rows:
            told = lookup(column.name, view.train[column.name], view.truth)
            found += [told] if told else []
    return sorted(found, key=lambda a: -a.strength)


def check_leaks(view: View) -> Iterator[AuditFinding]:
    ranked = associations(view)
    for one in ranked:
        if one.strength > TOO_GOOD:
            told = f"{one.measure} {one.figure:.3f}"
            text = f"{one.column} alone nearly gives the target away ({told}): is it known at prediction time?"
            yield _finding("leak", "warn", one.column, one.figure, text)
    for one in ranked[:TELLING]:
        yield _finding("association", "info", one.column, one.figure, f"{one.measure} {one.figure:.3f} alone")


def check_order(view: View) -> Iterator[AuditFinding]:
    """Ids and row order that predict, where chance would not do it."""
    sources: list[tuple[str, str, Floats]] = [
        ("order", "place in the train file", view.dataset.positions(view.rows).astype(np.float64))
    ]
    ids = view.dataset.ids(view.rows)
    numbers = None if ids is None or ids.null_count() else relation.numeric_ids(ids)
    if numbers is not None:
        sources.append(("id", f"the number in {view.competition.id_column}", numbers))
    rng = np.random.default_rng([view.dataset.seed, 2])
    for check, what, values in sources:
        order = ranks(values)
        told = of_ranks(what, order, view.truth)
        if told.strength > max(by_chance(order, view.truth, rng), 0.05):
            severity: Severity = "warn" if told.strength > 0.3 and view.competition.cv_strategy != "forward" else "info"
            text = f"{what} tells of the target ({told.measure} {told.figure:.3f})"
            yield _finding(check, severity, None, told.figure, text)


def check_copies(view: View) -> Iterator[AuditFinding]:
    names = [c.name for c in view.dataset.columns if c.kind != "file"]
    if not names:
        return
    but_files = " of the table (their files may differ)" if len(names) < len(view.dataset.columns) else ""
    frame = view.dataset.frame()
    hashes = relation.hash_rows(frame, names)
    train, test = hashes[view.dataset.train], hashes[view.dataset.test]
    copies = int(train.is_duplicated().sum())
    if copies:
        differ = _conflicts(view, train)
        note = f"; {differ} of them carry different labels" if differ else ""
        text = f"{copies} train rows equal another one in every feature{but_files}{note}"
        yield _finding("duplicate", "warn" if differ and not but_files else "info", None, copies / len(train), text)
    shared = int(test.is_in(train.implode()).sum())
    if shared:
        share = shared / max(1, len(test))
        text = f"{shared} test rows ({share:.1%}) equal a train row in every feature{but_files}"
        yield _finding("duplicate", "warn" if share > 0.01 and not but_files else "info", None, share, text)


def _conflicts(view: View, hashes: pl.Series) -> int:
    labels = view.dataset.labels(view.dataset.train)
    frame = labels.with_columns(hashes.alias("#hash"))
    groups = (
        frame.filter(pl.col("#hash").is_duplicated())
        .group_by("#hash")
        .agg(pl.struct(labels.columns).n_unique().alias("#labels"), pl.len().alias("#rows"))
    )
    return int(groups.filter(pl.col("#labels") > 1)["#rows"].sum())


def check_label_side(view: View) -> Iterator[AuditFinding]:
    names = view.competition.label_side_columns
    if not names:
        return
    side = view.dataset.label_side(view.rows)
    numbers = [n for n in names if side[n].dtype.is_numeric()]
    if view.truth.values is not None and view.truth.values.shape[1] == 1 and numbers:
        total = side.select(pl.sum_horizontal(numbers)).to_series().to_numpy()
        if np.allclose(total, view.truth.values[:, 0]):
            target = view.competition.target_columns[0]
            text = f"{' + '.join(numbers)} = {target}: model the parts and add them, or use them as further targets"
            yield _finding("label_side", "info", target, 1.0, text)
    for name in names:
        yield _finding(
            "label_side", "info", name, None, f"only train has {name}: dealt with the labels, never a feature"
        )


# ---------------------------------------------------------------- drift


def check_drift(view: View) -> Iterator[AuditFinding]:
    """Train against test by column: Kolmogorov–Smirnov for numbers, total variation for values, each against its noise."""
    n, m = len(view.train), len(view.test)
    if min(n, m) < 20:
        return
    tests = max(1, len(view.dataset.columns))
    # Two-sided KS at 1 % over all columns (Bonferroni), Smirnov's asymptotic bound.
    bound = np.sqrt(-0.5 * np.log(0.01 / (2 * tests))) * np.sqrt((n + m) / (n * m))
    for column in view.dataset.columns:
        a, b = view.train[column.name], view.test[column.name]
        if column.kind in ("numeric", "date"):
            figure, limit, measure = _ks(_floats(a), _floats(b)), bound, "KS distance"
        elif column.kind in ("categorical", "boolean", "code") and column.n_unique <= 1000:
            figure, limit = _variation(a.cast(pl.String), b.cast(pl.String))
            measure = "total variation"
        else:
            continue
        if figure > max(limit, 0.02):
            expected = view.competition.cv_strategy == "forward" or column.name == view.competition.time_column
            severity: Severity = "warn" if figure > 0.15 and not expected else "info"
            text = f"{column.name} differs between train and test ({measure} {figure:.3f}, noise up to {limit:.3f})"
            yield _finding("drift", severity, column.name, figure, text)


def _ks(a: Floats, b: Floats) -> float:
    """Largest gap between the two distributions; missing values count as the lowest."""
    a, b = np.sort(np.nan_to_num(a, nan=-np.inf)), np.sort(np.nan_to_num(b, nan=-np.inf))
    both = np.concatenate([a, b])
    gap = np.searchsorted(a, both, "right") / len(a) - np.searchsorted(b, both, "right") / len(b)
    return float(np.abs(gap).max())


def _variation(a: pl.Series, b: pl.Series) -> tuple[float, float]:
    """Total variation distance of values, and what chance alone gives at most (mean + three deviations, about)."""
    counts = [s.fill_null("").rename("v").value_counts(name=f"n{at}") for at, s in enumerate((a, b))]
    joined = counts[0].join(counts[1], on="v", how="full", coalesce=True).fill_null(0)
    p, q = joined["n0"].to_numpy() / len(a), joined["n1"].to_numpy() / len(b)
    pooled = (p * len(a) + q * len(b)) / (len(a) + len(b))
    spread = np.sqrt(pooled * (1 - pooled) * (1 / len(a) + 1 / len(b)))
    expected = 0.4 * spread.sum()  # E|Z| / 2 a value
    return float(np.abs(p - q).sum() / 2), float(expected + 1.5 * np.sqrt((spread**2).sum()))


def check_unseen(view: View) -> Iterator[AuditFinding]:
    for column in view.dataset.columns:
        if column.kind == "categorical":
            values = view.test[column.name].drop_nulls()
            if len(values):
                new = float((~values.is_in(view.train[column.name].drop_nulls().unique().implode())).mean() or 0)  # type: ignore[arg-type]
                if new > 0.05:
                    text = f"{new:.0%} of test's values of {column.name} are not in train"
                    yield _finding("unseen", "warn" if new > 0.5 else "info", column.name, new, text)


# ---------------------------------------------------------------- columns


def check_columns(view: View) -> Iterator[AuditFinding]:
    """Gaps, many values, constants, codes, far outliers."""
    for column in view.dataset.columns:
        if column.kind == "constant":
            yield _finding("constant", "info", column.name, column.n_unique, f"{column.name} has one value at most")
            continue
        if column.missing > 0:
            severity: Severity = "warn" if column.missing > 0.5 else "info"
            yield _finding(
                "missing",
                severity,
                column.name,
                column.missing,
                f"{column.name} is missing in {column.missing:.1%} of rows",
            )
        if column.kind == "categorical" and column.n_unique > 50:
            text = f"{column.name} has {column.n_unique} values: encode by target or count, fitted on training rows"
            yield _finding("cardinality", "info", column.name, column.n_unique, text)
        if column.kind == "code":
            yield _finding(
                "structure", "info", column.name, column.n_unique, _structure(column, view.train[column.name])
            )
        if column.kind == "numeric":
            yield from _outliers(column, view)


def _structure(column: Column, series: pl.Series) -> str:
    values = series.drop_nulls()
    shapes = values.str.replace_all(r"[A-Za-z]+", "A").str.replace_all(r"[0-9]+", "9").value_counts(sort=True)
    shape, example = shapes[series.name][0], values[0]
    share = shapes["count"][0] / len(values)
    return f"{column.name} is a code, {share:.0%} of shape {shape} (like {example}): split it, its parts are features"


def _outliers(column: Column, view: View) -> Iterator[AuditFinding]:
    values = _floats(view.train[column.name])
    values = values[np.isfinite(values)]
    if len(values) < 50:
        return
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    spread = high - low
    far = np.abs(values - middle) > 10 * spread
    if spread > 0 and far.any():
        worst = values[np.argmax(np.abs(values - middle))]
        where = f"worst {worst:g}, median {middle:g}"
        text = f"{int(far.sum())} values of {column.name} lie more than ten 5–95 % ranges off its median ({where})"
        yield _finding("outlier", "info", column.name, far.mean(), text)


# ---------------------------------------------------------------- target, split, files


def check_target(view: View) -> Iterator[AuditFinding]:
    if view.truth.codes is not None:
        counts = np.bincount(view.truth.codes, minlength=len(view.competition.classes))
        share = counts.min() / max(1, counts.sum())
        name = view.competition.classes[int(counts.argmin())]
        if counts.min() < view.competition.cv_folds:
            yield _finding(
                "imbalance", "warn", None, share, f"class {name!r} has {counts.min()} rows: not one for each fold"
            )
        elif share < 0.05 / max(1, len(counts) / 2):
            yield _finding("imbalance", "info", None, share, f"class {name!r} is rare: {share:.2%} of rows")
        return
    assert view.truth.values is not None
    for name, column in zip(view.competition.target_columns, view.truth.values.T, strict=True):
        deviation = column.std()
        skew = float(((column - column.mean()) ** 3).mean() / deviation**3) if deviation > 0 else 0.0
        distinct = len(np.unique(column))
        if view.competition.task_type == "multilabel_classification":
            if min(column.mean(), 1 - column.mean()) < 0.02:
                yield _finding("imbalance", "info", name, column.mean(), f"{name} is 1 in {column.mean():.2%} of rows")
            continue
        if abs(skew) > 1:
            yield _finding("skew", "info", name, skew, f"{name} is skewed ({skew:.2f}): try a log or a rank transform")
        if distinct <= 20 < len(column):
            yield _finding(
                "cardinality",
                "info",
                name,
                distinct,
                f"{name} takes {distinct} values only: classification may serve too",
            )


def check_split(view: View) -> Iterator[AuditFinding]:
    why = view.competition.evidence.get("cv_strategy")
    strategy = view.competition.cv_strategy
    yield _finding("split", "info", view.competition.group_column or view.competition.time_column, view.competition.cv_folds,
                   f"{strategy} folds: {why.why if why else 'as asked'}")  # fmt: skip
    if len(view.dataset.vault):
        yield _finding(
            "vault", "info", None, len(view.dataset.vault), f"{len(view.dataset.vault)} rows are held out from everyone"
        )
    floor = noise_floor(get(view.competition.metric), view.truth, view.n_train)
    text = f"the standard error of {view.competition.metric} at {view.n_train} rows is about {floor:.2g}"
    yield _finding("noise", "info", None, floor, text)
    if view.n_test:
        hidden = noise_floor(get(view.competition.metric), view.truth, view.n_test)
        yield _finding(
            "noise", "info", None, hidden, f"the test set of {view.n_test} rows itself is worth about ± {hidden:.2g}"
        )


def check_files(view: View) -> Iterator[AuditFinding]:
    """Tables and files in the data folder that nothing uses yet."""
    folder = Path(view.competition.data_dir)
    if not folder.is_dir():
        return
    contents = look(folder)
    used = {view.competition.train_file, view.competition.test_file, view.competition.sample_file}
    for ref in contents.tables:
        if ref not in used and ref not in contents.texts:
            yield _finding("unused", "info", None, None, f"{ref} is not used: a table to join?")
    if view.dataset.files is None:
        for below, refs in contents.attached.items():
            others = [r for r in refs if not r.lower().endswith((".md", ".html", ".txt", ".json", ".zip", ".pdf"))]
            if len(others) >= 5:
                yield _finding(
                    "unused",
                    "info",
                    None,
                    len(others),
                    f"{len(others)} files in {below} (like {others[0]}) are not used",
                )


def check_evidence(view: View) -> Iterator[AuditFinding]:
    """What intake was not sure of."""
    for key, evidence in view.competition.evidence.items():
        if key.startswith("notice"):
            yield _finding("encoding", "info", None, None, evidence.why)
        elif evidence.confidence < 0.75 and evidence.value:
            text = f"{key} = {evidence.value} rests on: {evidence.why} (confidence {evidence.confidence:.2f})"
            yield _finding("confidence", "warn", None, evidence.confidence, text)


CHECKS: tuple[Any, ...] = (
    check_leaks, check_order, check_copies, check_label_side, check_drift, check_unseen, check_columns, check_target,
    check_split, check_files, check_evidence,
)  # fmt: skip

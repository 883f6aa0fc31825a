"""Rows that equal others in every feature, within train and across train and test, and copies whose labels disagree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

from podium.competition import relation
from podium.competition.audit.view import Severity, View, finding
from podium.records import AuditFinding

NATURAL = 0.1  # columns shuffled apart give such a share of the copies: few values, not copying


def check_copies(view: View) -> Iterator[AuditFinding]:
    names = [c.name for c in view.dataset.columns if c.kind != "file"]
    if not names:
        return
    but_files = " of the table (their files may differ)" if len(names) < len(view.dataset.columns) else ""
    frame = view.dataset.frame()
    hashes = relation.hash_rows(frame, names)
    train, test = hashes[view.dataset.train], hashes[view.dataset.test]
    copies = int(train.is_duplicated().sum())
    shared = int(test.is_in(train.implode()).sum())
    if not copies and not shared:
        return
    natural = _few_values(view)
    note = "; its columns hold so few values that rows meet by chance" if natural else ""
    quiet = bool(but_files or natural)
    if copies:
        differ = _conflicts(view, train)
        differs = f"; {differ} of them carry different labels" if differ else ""
        text = f"{copies} train rows equal another one in every feature{but_files}{differs}{note}"
        noisy = differ > 0.001 * len(train) and view.truth.codes is not None  # numbers differ by nature
        severity: Severity = "warn" if noisy and not quiet else "info"
        yield finding("duplicate", severity, None, copies / len(train), text)
    if shared:
        share = shared / max(1, len(test))
        text = f"{shared} test rows ({share:.1%}) equal a train row in every feature{but_files}{note}"
        severity = "warn" if share > 0.01 and not quiet else "info"
        yield finding("duplicate", severity, None, share, text)


def _few_values(view: View) -> bool:
    """Copies come from few values where shuffling each column apart leaves a good share of them."""
    frame = view.train.select([c.name for c in view.columns if c.kind != "file"])
    if frame.height < 2 or not frame.width:
        return False
    rng = view.rng(4)
    shuffled = pl.DataFrame([series[rng.permutation(frame.height)] for series in frame])
    found, by_chance = (int(relation.hash_rows(f, f.columns).is_duplicated().sum()) for f in (frame, shuffled))
    return by_chance > NATURAL * max(found, 1)


def _conflicts(view: View, hashes: pl.Series) -> int:
    groups = _copies(view, hashes).filter(pl.col("#labels") > 1)
    return int(groups["#rows"].sum())


def _copies(view: View, hashes: pl.Series) -> pl.DataFrame:
    """One row for each set of equal rows: how many, and how many different labels."""
    labels = view.dataset.labels(view.dataset.train)
    return (
        labels.with_columns(hashes.alias("#hash"))
        .filter(pl.col("#hash").is_duplicated())
        .group_by("#hash")
        .agg(pl.struct(labels.columns).n_unique().alias("#labels"), pl.len().alias("#rows"))
    )


def check_equal_columns(view: View) -> Iterator[AuditFinding]:
    """Columns that hold the same values, or the same order of values (°C and °F): one of them is enough."""
    first: dict[bytes, str] = {}
    for column in view.of_kind("numeric", "boolean", "categorical", "code"):
        series = view.train[column.name]
        key = hashlib.blake2b(np.asarray(series.rank("dense").fill_null(0)).tobytes()).digest()
        if key in first:
            text = f"{column.name} orders rows exactly as {first[key]} does: one of the two is enough"
            yield finding("redundant", "info", column.name, None, text)
        else:
            first[key] = column.name


CHECKS = (check_copies, check_equal_columns)

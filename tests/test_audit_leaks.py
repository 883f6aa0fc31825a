"""Planted leaks, copies and near copies are seen; the same data without them are passed over in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intake_competitions import write

from podium.competition import audit, build, intake
from podium.records import AuditFinding

AUC = "area under the ROC curve"
Found = tuple[AuditFinding, ...]


def findings(folder: Path) -> Found:
    c = intake(folder)
    return audit(c, build(c, folder.parent / f"c_{folder.name}" / "data", 1), 1)


def of(found: Found, check: str) -> list[AuditFinding]:
    return [f for f in found if f.check == check]


def cloud(n: int = 1500, n_test: int = 500, columns: int = 8, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Smooth numbers; y follows x0."""
    rng = np.random.default_rng(seed)
    total = n + n_test
    data = {f"x{i}": rng.normal(size=total) for i in range(columns)}
    y = (data["x0"] + rng.normal(size=total) > 0).astype(int)
    frame = pl.DataFrame({"id": rng.permutation(total), **data, "y": y})
    return frame.head(n), frame.tail(n_test).drop("y")


def test_near_copies_of_numbers_across_train_and_test(tmp_path: Path) -> None:
    train, test = cloud()
    assert not of(findings(write(tmp_path / "clean", train, test)), "near_duplicate")
    rng = np.random.default_rng(1)
    names = [c for c in test.columns if c != "id"]
    twins = train.head(100).select(pl.col(n) + pl.Series(rng.normal(size=100) * 0.005) for n in names)
    planted = pl.concat(
        [test.tail(400), twins.with_columns(id=pl.int_range(9000, 9100, dtype=pl.Int64)).select(test.columns)]
    )
    found = of(findings(write(tmp_path / "planted", train, planted)), "near_duplicate")
    assert found[0].severity == "warn" and 0.1 < (found[0].figure or 0) < 0.25


def test_rows_that_are_dense_everywhere_are_no_near_copies(tmp_path: Path) -> None:
    """Tight clusters, rounded values and heavy tails lie as near within train as across."""
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(30, 6)) * 5
    values = (centres[rng.integers(0, 30, 2000)] + rng.normal(size=(2000, 6)) * 0.2).round(2)
    frame = pl.DataFrame({"id": np.arange(2000), **{f"x{i}": values[:, i] ** 3 for i in range(6)}})
    train = frame.head(1500).with_columns(y=pl.Series(rng.integers(0, 2, 1500)))
    assert not [f for f in findings(write(tmp_path / "a", train, frame.tail(500))) if f.severity != "info"]


WORDS = np.array([f"word{i}" for i in range(2000)])


def _texts(rng: np.random.Generator, n: int) -> list[str]:
    return [" ".join(rng.choice(WORDS, 20)) for _ in range(n)]


def test_near_copies_of_texts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texts, y = _texts(rng, 1600), rng.integers(0, 2, 1600)
    train = pl.DataFrame({"id": np.arange(1200), "text": texts[:1200], "y": y[:1200]})
    test = pl.DataFrame({"id": np.arange(1200, 1600), "text": texts[1200:]})
    assert not of(findings(write(tmp_path / "clean", train, test)), "near_duplicate")
    retold = [" ".join([*t.split()[:-1], "changed"]) for t in texts[:200]]
    again = test.with_columns(text=pl.Series([*retold, *texts[1400:]]))
    found = of(findings(write(tmp_path / "planted", train, again)), "near_duplicate")
    assert found[0].column == "text" and found[0].severity == "warn" and (found[0].figure or 0) > 0.15


def test_copies_by_few_values_are_quiet_and_copies_of_smooth_rows_are_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    few = pl.DataFrame({"id": np.arange(1300), **{f"x{i}": rng.integers(0, 4, 1300) for i in range(4)}})
    train = few.head(1000).with_columns(y=pl.Series(rng.integers(0, 2, 1000)))
    quiet = of(findings(write(tmp_path / "few", train, few.tail(300))), "duplicate")
    assert quiet and all(f.severity == "info" and "by chance" in f.message for f in quiet)
    smooth, test = cloud(400, 200)
    shared = smooth.head(40).drop("y").with_columns(id=pl.int_range(9000, 9040, dtype=pl.Int64))
    loud = of(findings(write(tmp_path / "smooth", smooth, pl.concat([test, shared]))), "duplicate")
    assert loud[0].severity == "warn" and (loud[0].figure or 0) == pytest.approx(40 / 240, abs=1e-4)


def test_columns_that_order_rows_alike(tmp_path: Path) -> None:
    train, test = cloud(400, 200)
    both = [f.with_columns(fahrenheit=pl.col("x1") * 1.8 + 32) for f in (train, test)]
    assert [f.column for f in of(findings(write(tmp_path / "a", *both)), "redundant")] == ["fahrenheit"]
    assert not of(findings(write(tmp_path / "b", train, test)), "redundant")


def test_labels_that_go_by_the_first_part_of_the_id(tmp_path: Path) -> None:
    """Groups named in the id share their label, and test has their other members."""
    rng = np.random.default_rng(0)
    rows = 1200
    group, member = np.arange(rows) // 4, np.arange(rows) % 4
    ids = [f"{g:04d}_{m:02d}" for g, m in zip(group, member, strict=True)]
    label = {"by group": rng.integers(0, 2, rows)[group], "by row": rng.integers(0, 2, rows)}
    order = rng.permutation(rows)
    for name, y in label.items():
        frame = pl.DataFrame({"id": ids, "x": rng.normal(size=rows), "y": y})[order]
        found = findings(write(tmp_path / name.replace(" ", ""), frame.head(900), frame.tail(300).drop("y")))
        told = [*of(found, "group_leak"), *of(found, "leak")]
        assert bool(told) == (name == "by group"), name
    assert not of(found, "group_leak")


def test_gaps_that_tell_of_the_target(tmp_path: Path) -> None:
    train, test = cloud(1500, 500)
    rng = np.random.default_rng(3)
    honest = train.with_columns(x5=pl.when(pl.Series(rng.random(1500) < 0.3)).then(None).otherwise(pl.col("x5")))
    emptied = test.with_columns(x5=pl.when(pl.Series(rng.random(500) < 0.3)).then(None).otherwise(pl.col("x5")))
    assert not of(findings(write(tmp_path / "clean", honest, emptied)), "missing_pattern")
    spoiled = train.with_columns(x5=pl.when(pl.col("y") == 1).then(None).otherwise(pl.col("x5")))
    found = of(findings(write(tmp_path / "spoiled", spoiled, emptied)), "missing_pattern")
    assert found[0].column == "x5" and found[0].severity == "warn" and (found[0].figure or 0) > 0.99


def test_gaps_that_test_alone_has(tmp_path: Path) -> None:
    train, test = cloud(800, 400)
    emptied = test.with_columns(x3=pl.when(pl.int_range(400) % 2 == 0).then(None).otherwise(pl.col("x3")))
    found = of(findings(write(tmp_path / "a", train, emptied)), "missing_drift")
    assert [(f.column, f.severity) for f in found] == [("x3", "warn")]


def test_the_audit_is_deterministic_and_bounded_by_its_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from podium.competition.audit import view

    monkeypatch.setattr(view, "SAMPLE", 300)
    monkeypatch.setattr(view, "LEAST", 100)
    monkeypatch.setattr(view, "MOST_COLUMNS", 5)
    folder = write(tmp_path / "a", *cloud(900, 400))
    c = intake(folder)
    d = build(c, tmp_path / "c" / "data", 1)
    seen = view.look_at(c, d, 1)
    assert seen.train.shape == (300, 5) and seen.test.shape == (300, 5)
    found = audit(c, d, 1)
    assert found == audit(c, d, 1)
    assert {"300 of 900 train rows" in f.message or "5 of 8 columns" in f.message for f in of(found, "scope")} == {True}

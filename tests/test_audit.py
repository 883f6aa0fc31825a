"""The audit sees what is planted, and stays quiet where nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from intake_competitions import frames, toy, write

from podium.competition import audit, build, eda_markdown, intake
from podium.competition.audit import MOST, bounded
from podium.records import AuditFinding


def findings(folder: Path) -> tuple[AuditFinding, ...]:
    c = intake(folder)
    return audit(c, build(c, folder.parent / f"c_{folder.name}" / "data", 1), 1)


def of(found: tuple[AuditFinding, ...], check: str) -> list[AuditFinding]:
    return [f for f in found if f.check == check]


def test_a_plain_competition_has_no_warning(tmp_path: Path) -> None:
    found = findings(toy(tmp_path / "toy", 2000, 600))
    assert [f for f in found if f.severity != "info"] == []
    assert not of(found, "drift") and not of(found, "leak") and not of(found, "order") and not of(found, "id")
    told = of(found, "association")
    assert told[0].column == "x" and 0.7 < (told[0].figure or 0) < 0.95


def test_a_column_that_gives_the_target_away(tmp_path: Path) -> None:
    train, test = frames(400, 100)
    noise = np.random.default_rng(0).normal(size=500) * 0.01
    spoiled = train.with_columns(again=pl.col("y") + noise[:400])
    found = findings(write(tmp_path / "a", spoiled, test.with_columns(again=pl.Series(noise[400:]))))
    assert [f.column for f in of(found, "leak")] == ["again"]
    coded = train.with_columns(code=pl.when(pl.col("y") == 1).then(pl.lit("k")).otherwise(pl.lit("m")))
    found = findings(write(tmp_path / "b", coded, test.with_columns(code=pl.lit("k"))))
    assert [f.column for f in of(found, "leak")] == ["code"]
    numbers = train.with_columns(y=pl.col("x") * 3 + 1)
    found = findings(write(tmp_path / "c", numbers, test, metric="RMSE"))
    assert [f.column for f in of(found, "leak")] == ["x"]


def test_ids_and_row_order_that_predict(tmp_path: Path) -> None:
    train, test = frames(400, 100)
    found = findings(write(tmp_path / "a", train.sort("y"), test))
    assert of(found, "order")[0].severity == "warn" and not of(found, "id")
    found = findings(
        write(
            tmp_path / "b",
            train.sort("y").with_columns(id=pl.int_range(400)).sample(fraction=1.0, shuffle=True, seed=1),
            test,
        )
    )
    assert of(found, "id") and not of(found, "order")


def test_copies_and_their_conflicts(tmp_path: Path) -> None:
    train, test = frames(400, 100)
    copies = train.head(20).with_columns(id=pl.col("id") + 5000, y=1 - pl.col("y"))
    shared = train.slice(50, 10).drop("y").with_columns(id=pl.col("id") + 9000)
    found = of(findings(write(tmp_path / "a", pl.concat([train, copies]), pl.concat([test, shared]))), "duplicate")
    assert any("40 train rows" in f.message and "40 of them carry different labels" in f.message for f in found)
    assert any("10 test rows" in f.message for f in found)


def test_label_side_parts_that_sum_to_the_target(tmp_path: Path) -> None:
    train, test = frames(400, 100)
    rng = np.random.default_rng(0)
    parts = train.with_columns(
        casual=pl.Series(rng.integers(0, 9, 400)), registered=pl.Series(rng.integers(0, 90, 400))
    )
    found = findings(
        write(tmp_path / "a", parts.with_columns(y=pl.col("casual") + pl.col("registered")), test, metric="RMSLE")
    )
    assert any("casual + registered = y" in f.message for f in of(found, "label_side"))


def test_drift_against_noise(tmp_path: Path) -> None:
    train, test = frames(800, 400)
    test = test.with_columns(
        x=pl.col("x") + 1.0, colour=pl.when(pl.col("z") > 0).then(pl.lit("red")).otherwise("colour")
    )
    found = {f.column: f for f in of(findings(write(tmp_path / "a", train, test)), "drift")}
    assert set(found) == {"x", "colour"} and found["x"].severity == "warn" and (found["x"].figure or 0) > 0.2


def test_columns_and_target(tmp_path: Path) -> None:
    train, test = frames(400, 100)

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        n = frame.height
        return frame.with_columns(
            empty=pl.when(pl.int_range(n) % 4 == 0).then("z"),
            same=pl.lit(1),
            cabin=pl.Series([f"F/{i}/S" for i in range(n)]),
            far=pl.when(pl.int_range(n) == 3).then(1e9).otherwise("x"),
        )

    rare = spoil(train).with_columns(y=(pl.int_range(400) >= 398).cast(pl.Int64))
    found = findings(write(tmp_path / "a", rare, spoil(test)))
    assert {f.column for f in of(found, "missing")} == {"empty"}
    assert of(found, "constant")[0].column == "same"
    assert "A/9/A" in of(found, "structure")[0].message
    assert of(found, "outlier")[0].column == "far"
    assert of(found, "imbalance")[0].severity == "warn", "two rows of a class for five folds"


def test_noise_floor_shrinks_with_rows(tmp_path: Path) -> None:
    small, large = (of(findings(toy(tmp_path / str(n), n, 100)), "noise")[0].figure or 0.0 for n in (400, 1600))
    assert 1.8 < small / large < 2.2


def test_unused_files_are_named(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    (folder / "movies.csv").write_text("a,b\n1,2\n")
    assert any("movies.csv" in f.message for f in of(findings(folder), "unused"))


def test_what_is_only_to_know_is_bounded() -> None:
    many = [AuditFinding("outlier", "info", f"c{i}", float(i), "far") for i in range(100)]
    loud = [AuditFinding("drift", "warn", f"c{i}", 0.5, "differs") for i in range(100)]
    kept = bounded([*many, *loud])
    assert len([f for f in kept if f.severity == "warn"]) == 100
    assert [f.column for f in of(tuple(kept), "outlier")] == [*(f"c{i}" for i in range(100 - MOST, 100)), None]
    assert "75 more" in of(tuple(kept), "outlier")[-1].message


def test_the_report_holds_figures_and_no_test_id(tmp_path: Path) -> None:
    for name, metric in (("auc", "ROC AUC"), ("rmse", "RMSE")):
        train, test = frames(400, 100)
        test = test.with_columns(id=pl.col("id") + 7_000_000)
        c = intake(write(tmp_path / name, train, test, metric=metric))
        d = build(c, tmp_path / f"c_{name}" / "data", 1)
        found = audit(c, d, 1)
        text = eda_markdown(c, d, found)
        for words in (
            "## The question",
            "## The data",
            "## The target",
            "## Findings",
            "## How intake knows",
            "`colour`",
            c.metric,
        ):
            assert words in text
        assert "400 to train" in text and not any(str(i) in text for i in test["id"].head(50))
        assert audit(c, d, 1) == found, "deterministic"

"""What columns hide: codes of several features, other units, codes for missing values, names written as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intake_competitions import write
from test_audit_leaks import cloud, findings, of


def _strings(rng: np.random.Generator, n: int) -> tuple[list[str], np.ndarray]:
    """Ten letters; the third and the number of different letters matter to the second result."""
    letters = rng.integers(0, 12, (n, 10))
    letters[:, 0] %= 2
    different = np.array([len(set(row)) for row in letters.tolist()])
    return ["".join(chr(65 + v) for v in row) for row in letters.tolist()], (letters[:, 2] + 1.5 * different).astype(
        float
    )


def test_a_code_of_fixed_length_is_taken_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    strings, effect = _strings(rng, 4000)
    y = (effect + rng.normal(size=4000) * 3 > np.median(effect)).astype(int)
    frame = pl.DataFrame({"id": np.arange(4000), "x": rng.normal(size=4000), "f_27": strings, "y": y})
    found = of(findings(write(tmp_path / "a", frame.head(3000), frame.tail(1000).drop("y"))), "structure")
    text = found[0].message
    assert found[0].column == "f_27" and "10 characters" in text and "1: A–B (2), 2–10: A–L (12)" in text
    assert "position 3" in text and "number of different characters" in text and "position 5" not in text


def test_a_code_that_tells_nothing_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    strings, _ = _strings(rng, 2000)
    frame = pl.DataFrame(
        {"id": np.arange(2000), "x": rng.normal(size=2000), "f": strings, "y": rng.integers(0, 2, 2000)}
    )
    found = of(findings(write(tmp_path / "a", frame.head(1500), frame.tail(500).drop("y"))), "structure")
    assert "none tells of the target alone" in found[0].message


def test_which_part_of_a_code_tells(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    deck, number = rng.integers(0, 6, 3000), rng.integers(0, 900, 3000)
    cabin = [f"{'ABCDEF'[d]}/{k}/{'PS'[k % 2]}" for d, k in zip(deck, number, strict=True)]
    y = (deck + rng.normal(size=3000) * 2 > 2.5).astype(int)
    frame = pl.DataFrame({"id": np.arange(3000), "x": rng.normal(size=3000), "cabin": cabin, "y": y})
    text = of(findings(write(tmp_path / "a", frame.head(2200), frame.tail(800).drop("y"))), "structure")[0].message
    assert "A/9/A" in text and "part 1" in text and "part 2" not in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x * 1000, "1000"),
        (lambda x: x * 1.8 + 32, "°F"),
        (lambda x: x.log(), "natural logarithm"),
        (lambda x: x * 100, "100"),
    ],
)
def test_units_that_differ_between_train_and_test(tmp_path: Path, change: object, says: str) -> None:
    train, test = (f.with_columns(x2=(pl.col("x2") * 0.4 + 3).exp() * 0.5 + 5) for f in cloud(1200, 400))
    assert not of(findings(write(tmp_path / "clean", train, test)), "units")
    other = test.with_columns(x2=change(pl.col("x2")))  # type: ignore[operator]
    found = of(findings(write(tmp_path / "other", train, other)), "units")
    assert found[0].column == "x2" and found[0].severity == "warn" and says in found[0].message


def test_one_shape_at_two_scales(tmp_path: Path) -> None:
    train, test = cloud(1200, 400)
    other = test.with_columns(x2=pl.col("x2") * 3.7 + 11)
    found = of(findings(write(tmp_path / "a", train, other)), "units")
    assert [f.severity for f in found] == ["info"] and "two scales" in found[0].message


def test_drift_of_shape_is_no_unit(tmp_path: Path) -> None:
    train, test = cloud(1200, 400)
    other = test.with_columns(x2=pl.col("x2").abs().sqrt() - 2)
    assert not [f for f in of(findings(write(tmp_path / "a", train, other)), "units") if f.severity != "info"]


def test_numbers_that_stand_for_a_missing_value(tmp_path: Path) -> None:
    train, test = cloud(1000, 300)
    assert not of(findings(write(tmp_path / "clean", train, test)), "sentinel")
    marked = train.with_columns(
        x1=pl.when(pl.int_range(1000) % 9 == 0).then(-999.0).otherwise(pl.col("x1")),
        x2=pl.when(pl.int_range(1000) % 9 == 0).then(-1.0).otherwise(pl.col("x2").abs() * 50 + 1),
        x3=pl.col("x3").round(0),  # -1 among -3 … 3 is a number like the others
    )
    found = of(findings(write(tmp_path / "marked", marked, test)), "sentinel")
    assert {f.column for f in found} == {"x1", "x2"} and "-999" in found[0].message


def test_names_written_as_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    code, order = rng.integers(0, 30, 4000), rng.integers(0, 30, 4000)
    effect = rng.normal(size=30)
    y = (effect[code] + 0.05 * order + rng.normal(size=4000) > 0.75).astype(int)
    frame = pl.DataFrame({"id": np.arange(4000), "code": code, "order": order, "y": y})
    found = of(findings(write(tmp_path / "a", frame.head(3000), frame.tail(1000).drop("y"))), "coded")
    assert [f.column for f in found] == ["code"]

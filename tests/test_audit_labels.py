"""Label noise: found where labels were turned, not where classes overlap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_competitions import write
from test_audit_leaks import findings, of

from podium.competition.audit.labels import confident_suspects, label_noise, wilson


def _separable(turned: float, n: int = 4000, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two classes that two columns tell apart, some labels turned."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    y = np.where(rng.random(n) < turned, 1 - y, y)
    frame = pl.DataFrame({"id": np.arange(n), **{f"x{i}": x[:, i] for i in range(5)}, "y": y})
    return frame.head(3 * n // 4), frame.tail(n // 4).drop("y")


@pytest.mark.parametrize("turned", [0.06, 0.12])
def test_turned_labels_are_estimated(tmp_path: Path, turned: float) -> None:
    found = of(findings(write(tmp_path / "a", *_separable(turned))), "label_noise")
    assert found[0].severity == "warn" and abs((found[0].figure or 0) - turned) < 0.03


def test_clean_labels_and_overlap_are_passed_over(tmp_path: Path) -> None:
    assert not of(findings(write(tmp_path / "clean", *_separable(0.0))), "label_noise")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 5))
    y = (rng.random(4000) < 1 / (1 + np.exp(-3 * x[:, 0] - 2 * x[:, 1]))).astype(int)
    frame = pl.DataFrame({"id": np.arange(4000), **{f"x{i}": x[:, i] for i in range(5)}, "y": y})
    assert not of(findings(write(tmp_path / "overlap", frame.head(3000), frame.tail(1000).drop("y"))), "label_noise")


def test_several_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4500, 4))
    y = np.digitize(x[:, 0], [-0.6, 0.6])
    turned = np.where(rng.random(4500) < 0.1, (y + rng.integers(1, 3, 4500)) % 3, y)
    for name, labels in (("clean", y), ("turned", turned)):
        frame = pl.DataFrame({"id": np.arange(4500), **{f"x{i}": x[:, i] for i in range(4)}, "y": labels})
        folder = write(tmp_path / name, frame.head(3500), frame.tail(1000).drop("y"), metric="accuracy")
        assert bool(of(findings(folder), "label_noise")) == (name == "turned")


def test_confident_joint_by_hand() -> None:
    """Bars are the mean probability of a class among its own rows: 0.75 and 0.7 here; one row is confidently another's."""
    told = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.25, 0.75], [0.35, 0.65]])
    codes = np.array([0, 0, 0, 1, 1, 1])
    assert confident_suspects(told, codes) == 1
    assert confident_suspects(told, np.array([0, 0, 1, 1, 1, 1])) == 0


@given(st.integers(1, 2000), st.data())
def test_wilson_holds_the_share(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0.0 <= low <= hits / n + 1e-12 and hits / n - 1e-12 <= high <= 1.0


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_calibrated_overlap_is_never_noise(seed: int) -> None:
    """Labels drawn from the very probabilities, in a smooth spread of them."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(size=4000) * 4))
    codes = (rng.random(4000) < p).astype(np.int64)
    seen = label_noise(np.column_stack([1 - p, p]), codes)
    assert seen is None or seen.low < 0.03

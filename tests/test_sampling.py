"""Train larger than memory: an even sample, the same at every reading; test whole, or refused with what it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intake_competitions import frames, write

from podium.competition import build, intake, memory, sampling
from podium.competition.table import read_table
from podium.errors import IntakeError


def tight(patch: pytest.MonkeyPatch, free: float) -> None:
    patch.setattr(memory, "SMALL", 1)
    patch.setattr(memory, "free_bytes", lambda: free)


def contest(folder: Path, suffix: str) -> Path:
    write(folder, *frames(n=6000, n_test=300))
    if suffix == "parquet":
        pl.read_csv(folder / "train.csv").write_parquet(folder / "train.parquet")
        (folder / "train.csv").unlink()
    return folder


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_train_is_drawn_and_test_is_whole(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = contest(tmp_path / "c", suffix)
    tight(monkeypatch, 250_000)
    competition = intake(folder)
    assert competition.train_one_in in (2, 4, 8)
    monkeypatch.undo()  # what is free by then changes nothing: the sample was fixed at intake
    dataset = build(competition, tmp_path / "data", seed=0)
    drawn = len(dataset.train) + len(dataset.vault)
    assert abs(drawn - 6000 / competition.train_one_in) < 0.1 * 6000 / competition.train_one_in
    assert len(dataset.test) == 300
    assert any("one row in" in e.why for e in competition.evidence.values())


def test_the_sample_is_even_and_always_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": np.arange(40_000), "text": [f"a,\n{i}" for i in range(40_000)]})
    frame.write_csv(tmp_path / "t.csv")
    one, other = (read_table(tmp_path, "t.csv", one_in=8).frame for _ in range(2))
    assert one.equals(other)
    at = one["at"].to_numpy()
    assert (np.diff(at) > 0).all() and one["text"][3] == f"a,\n{at[3]}"
    assert np.histogram(at, 8, (0, 40_000))[0].min() > 560
    assert all(np.bincount(at % 7, minlength=7) > 600)  # no weekday is left out


def test_what_fits_is_read_whole(tmp_path: Path) -> None:
    assert intake(contest(tmp_path / "c", "csv")).train_one_in == 1


def test_a_test_table_that_does_not_fit_is_refused_with_its_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "c", *frames(n=300, n_test=9000))
    tight(monkeypatch, 200_000)
    with pytest.raises(IntakeError, match=r"(test|sample_submission)\.csv does not fit in memory; expected .* GB free"):
        intake(folder)


def test_what_cannot_be_streamed_is_not_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.json").write_text("[]")
    tight(monkeypatch, 1)
    assert sampling.one_in(tmp_path / "t.json", "json") == 1
    assert sampling.one_in(tmp_path / "missing.csv", "csv") == 1

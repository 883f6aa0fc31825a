"""Rows that are files: labels in folders' names or in the files' own, test rows that only a sample submission names."""

from __future__ import annotations

from pathlib import Path

import kind_competitions_2  # noqa: F401 (its lookalikes register themselves)
import polars as pl
import pytest
from kind_competitions import CASES

from podium.competition import build, intake
from podium.competition.dataset import Dataset


def dealt(name: str, folder: Path) -> tuple[Dataset, dict[str, str]]:
    """The data, and the content of each row's file by its id; files hold their own reference."""
    make, _ = CASES[name]
    make(folder / name)
    for path in (folder / name).rglob("*.*"):
        if path.suffix in (".jpg", ".png"):
            path.write_text(str(path.relative_to(folder / name)))
    data = build(intake(folder / name), folder / "data", 0)
    names = pl.read_ipc(folder / "data" / "features.arrow")["file"].to_list()
    ids = pl.read_ipc(folder / "data" / "ids.arrow")["id"].to_list()
    return data, {i: (folder / "data" / "files" / n).read_text() for i, n in zip(ids, names, strict=True)}


def test_labels_are_how_files_are_called(tmp_path: Path) -> None:
    data, held = dealt("dogs_against_cats", tmp_path)
    assert held["7"] == "test/7.jpg"
    assert held["cat.7"] == "train/cat.7.jpg"
    labels = data.labels(data.train)
    assert labels.to_series(0).n_unique() == 2
    assert data.facts.n_train == 120


def test_labels_are_the_names_of_folders(tmp_path: Path) -> None:
    data, held = dealt("seedlings", tmp_path)
    assert data.facts.n_train == 120
    kinds = {reference.split("/")[1] for reference in held.values() if reference.startswith("train/")}
    assert kinds == set(data.competition.classes)
    by_row = dict(zip(data.train.tolist(), data.labels(data.train).to_series(0).to_list(), strict=True))
    names = pl.read_ipc(tmp_path / "data" / "features.arrow")["file"].to_list()
    for row, label in by_row.items():
        assert (tmp_path / "data" / "files" / names[row]).read_text().split("/")[1] == label


@pytest.mark.parametrize("name", ["cassava", "galaxies"])
def test_test_rows_are_the_samples(name: str, tmp_path: Path) -> None:
    data, held = dealt(name, tmp_path)
    assert (data.facts.n_train, data.facts.n_test) == (120, 40)
    assert not any(reference.startswith("train") for i, reference in held.items() if i.startswith(("5", "2")))

"""Several labels in a cell, told from labels of several words; keys of several columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.competition import build, intake
from podium.competition.keys import joined, key_name, split, with_key
from podium.competition.kinds import cells
from podium.competition.label_cells import CellForm, recorded
from podium.competition.label_sets import form_of_lists, label_sets
from podium.records import Competition


@pytest.mark.parametrize(
    "kinds",
    [["Iris setosa", "Iris virginica", "Iris versicolor"], ["Common Chickweed", "Black grass", "Loose Silky bent"], ["a", "b"],
     ["0", "1", "2"], ["2017-01-01 10:00", "2017-01-02 11:00"]],
)  # fmt: skip
def test_labels_of_several_words_are_one_label(kinds: list[str]) -> None:
    assert label_sets(pl.Series("y", kinds * 40)) is None


@pytest.mark.parametrize("separator", [" ", "|", ";", ","])
def test_sets_of_labels(separator: str) -> None:
    rows = [["rust"], ["scab", "rust"], ["scab"], ["spot", "scab"], ["spot", "rust", "scab"], ["spot"]]
    found = label_sets(pl.Series("y", [separator.join(r) for r in rows] * 20))
    assert found is not None and found.separator == separator and not found.doubtful
    assert found.labels == ("spot", "scab", "rust") and found.share == pytest.approx(0.5)  # as they stand in cells


def spelled(form: CellForm) -> pl.Series:
    rows = [["rust"], ["scab", "rust"], ["scab"], ["spot", "scab"], ["spot", "rust", "scab"], ["spot"], []]
    return pl.Series("y", [form.join(row) for row in rows] * 20)


@pytest.mark.parametrize(
    "form", [CellForm(", "), CellForm("; "), CellForm(", ", "[", "]", "'", "[]"), CellForm(",", "{", "}")]
)
def test_how_a_cell_is_written_is_learned(form: CellForm) -> None:
    found = label_sets(spelled(form))
    assert found is not None and set(found.labels) == {"rust", "scab", "spot"}
    assert (found.form.separator, found.form.opening, found.form.quote) == (form.separator, form.opening, form.quote)
    assert [found.form.split(cell) for cell in spelled(form)] == [form.split(cell) for cell in spelled(form)]


def test_the_sample_submission_says_how_answers_are_written() -> None:
    found = label_sets(spelled(CellForm("|")), pl.Series(["rust scab", "spot"]))
    assert found is not None and found.form.separator == " "
    found = label_sets(spelled(CellForm("|")), pl.Series(["None"] * 5))
    assert found is not None and (found.form.separator, found.form.none) == ("|", "None")


@pytest.mark.parametrize(
    ("sample", "classes", "separator"),
    [(["a b c"], ["a", "b", "c"], " "), (["a,b"], ["a", "b"], ","), (["a x; b y"], ["a x", "b y"], "; "),
     (["a"], ["a", "b"], " "), (["a x"], ["a x", "b"], ", ")],
)  # fmt: skip
def test_how_classes_are_listed(sample: list[str], classes: list[str], separator: str) -> None:
    assert form_of_lists(pl.Series(sample), classes).separator == separator


def plots_of_land(folder: Path, metric: str, sample: str) -> Competition:
    """Cells of labels, some of them missing; one label is called as a feature is."""
    rng = np.random.default_rng(0)
    rows = [["rust"], ["scab", "rust"], ["scab"], ["spot", "scab"], ["spot", "rust", "scab"], ["spot", "x"], ["x"], []]
    drawn = [rows[k] for k in rng.integers(len(rows), size=160)]
    frame = pl.DataFrame(
        {"id": range(160), "x": rng.normal(size=160), "labels": [" ".join(one) or None for one in drawn]}
    )
    frame.head(120).write_csv(folder / "train.csv")
    frame.tail(40).drop("labels").write_csv(folder / "test.csv")
    frame.tail(40).select("id", pl.lit(sample).alias("labels")).write_csv(folder / "sample_submission.csv")
    return intake(folder, {"metric": metric})


def test_cells_become_columns_of_labels(tmp_path: Path) -> None:
    asked = plots_of_land(tmp_path, "f1_samples", "rust")
    assert (asked.submission_kind, asked.target_name, asked.classes) == ("labels", "labels", ())
    assert set(asked.target_columns) == {f"labels={name}" for name in ("rust", "scab", "spot", "x")}
    data = build(asked, tmp_path / "data", 0)
    bits = data.labels(data.train).to_numpy()
    assert data.frame().columns == ["x"] and set(np.unique(bits)) == {0, 1} and (bits.sum(axis=1) == 0).any()
    train = pl.read_csv(tmp_path / "train.csv")["labels"].fill_null("")[data.positions(data.train)].to_list()
    names = [name.removeprefix("labels=") for name in asked.target_columns]
    assert [{names[k] for k in np.flatnonzero(row)} for row in bits] == [set(cell.split()) for cell in train]
    shares = np.array([bits[data.fold_of == fold].mean(axis=0) for fold in range(5)])
    assert np.abs(shares - shares.mean(axis=0)).max() < 0.2


def test_several_labels_scored_in_order_are_ranked(tmp_path: Path) -> None:
    asked = plots_of_land(tmp_path, "map@3", "rust scab spot")
    assert (asked.task_type, asked.submission_kind) == ("multilabel_classification", "ranking")
    form = recorded(asked)
    assert form is not None and form.separator == " "


@given(st.lists(st.tuples(st.text("ab_,-1 ", min_size=1), st.integers(0, 99)), min_size=1, max_size=30))
def test_a_joined_key_is_split_into_its_columns(rows: list[tuple[str, int]]) -> None:
    names = ("store", "date")
    frame = pl.DataFrame({"store": [a for a, _ in rows], "date": [b for _, b in rows]})
    keyed = with_key(frame, names)
    parts = split(keyed[key_name(names)], names)
    assert [p.name for p in parts] == ["store", "date"]
    assert (
        parts[0].to_list() == frame["store"].to_list() and parts[1].cast(pl.Int64).to_list() == frame["date"].to_list()
    )
    assert keyed[key_name(names)].n_unique() == frame.n_unique()


def test_ids_made_of_columns_are_recognised() -> None:
    test = pl.DataFrame({"a": [1, 1, 2], "b": [1, 2, 1], "x": ["u", "v", "w"]})
    assert joined(pl.Series(["1_1", "1_2", "2_1"]), test) == ("a", "b")
    assert joined(pl.Series(["1-1", "1-2", "2-9"]), test) == ()


@pytest.mark.parametrize(
    ("measure", "yes", "no"),
    [
        (cells.four_numbers, "[834.0, 222.0, 56.0, 36.0]", "3 5 7"),
        (cells.runs, "1 3 10 2 40 5", "9 3 1 2 40 5"),
        (cells.detections, "opacity 0.9 1 2 30 40", "red green"),
        (cells.lists, "[12, 7, 9]", "a whole, sentence. of words!"),
        (cells.polygons, "MULTIPOLYGON (((0 0, 1 1)))", "1 1"),
    ],
)
def test_cells_are_measured(measure: object, yes: str, no: str) -> None:
    assert callable(measure)
    assert measure(pl.Series([yes] * 10)) > 0.9 and measure(pl.Series([no] * 10)) == 0.0
    assert measure(pl.Series([None] * 10, dtype=pl.String)) == 0.0

"""Several labels in a cell, told from labels of several words; keys of several columns."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.competition.keys import joined, key_name, split, with_key
from podium.competition.kinds import cells
from podium.competition.label_sets import label_sets


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
    assert found.labels == ("rust", "scab", "spot") and found.share == pytest.approx(0.5)


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

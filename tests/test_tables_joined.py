"""Side tables: joined by key, aggregated where several rows have it, without labels, rows and their order untouched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_competitions import frames, write

from podium.competition import Dataset, build, intake
from podium.competition.folder import choose_tables, look
from podium.competition.joins import add, find_join
from podium.competition.source import Source, read_source
from podium.errors import IntakeError


def source_of(folder: Path) -> Source:
    return read_source(folder, choose_tables(look(folder), {}))


def dealt(folder: Path) -> Dataset:
    return build(intake(folder), folder.parent / f"campaign_{folder.name}" / "data", 1)


def with_customers(folder: Path, n: int = 120, n_test: int = 40) -> Path:
    """Train and test with a `customer_id`; customers.csv has one row each, orders.csv several."""
    train, test = frames(n, n_test)
    rng = np.random.default_rng(3)
    who = rng.integers(0, 30, n + n_test)
    write(folder, train.with_columns(customer_id=who[:n]), test.with_columns(customer_id=who[n:]))
    pl.DataFrame(
        {"customer_id": range(30), "income": rng.integers(10, 99, 30), "city": [f"c{i % 4}" for i in range(30)]}
    ).sample(fraction=1.0, shuffle=True, seed=1).write_csv(folder / "customers.csv")
    orders = rng.integers(0, 28, 200)
    pl.DataFrame(
        {
            "customer_id": orders,
            "amount": rng.normal(size=200).round(3),
            "kind": rng.choice(["a", "b"], 200),
            "date": [f"2020-01-{1 + i % 28:02d}" for i in range(200)],
        }
    ).write_csv(folder / "orders.csv")
    return folder


def test_one_row_a_key_is_joined_as_columns(tmp_path: Path) -> None:
    folder = with_customers(tmp_path / "toy")
    source = source_of(folder)
    customers = pl.read_csv(folder / "customers.csv")
    expected = source.train.select("customer_id").join(customers, on="customer_id", how="left", maintain_order="left")
    assert source.train["customers.income"].to_list() == expected["income"].to_list()
    assert source.test["customers.city"].null_count() == 0
    assert any("customers.csv joined by customer_id (one row a key)" in n for n in source.notices)


def test_several_rows_a_key_are_aggregated(tmp_path: Path) -> None:
    folder = with_customers(tmp_path / "toy")
    source = source_of(folder)
    orders = pl.read_csv(folder / "orders.csv", try_parse_dates=True)
    for who in source.train["customer_id"].unique():
        own = orders.filter(pl.col("customer_id") == who)
        row = source.train.filter(pl.col("customer_id") == who).row(0, named=True)
        assert row["orders.count"] == own.height
        if own.height:
            assert row["orders.amount_mean"] == pytest.approx(own["amount"].mean())
            assert row["orders.amount_last"] in own.filter(pl.col("date") == own["date"].max())["amount"].to_list()
            assert (row["orders.amount_min"], row["orders.amount_max"]) == (own["amount"].min(), own["amount"].max())
            assert row["orders.kind_n_unique"] == own["kind"].n_unique()
            assert (
                row["orders.kind_mode"]
                == own["kind"].value_counts().sort(["count", "kind"], descending=[True, False])["kind"][0]
            )
        else:
            assert row["orders.amount_mean"] is None


def test_joins_are_dealt_recorded_and_made_again_for_new_rows(tmp_path: Path) -> None:
    folder = with_customers(tmp_path / "toy")
    d = dealt(folder)
    assert {"customers.income", "orders.count", "orders.date_max"} <= set(d.frame().columns)
    assert [j.table for j in d.joins] == ["customers", "orders"] and d.joins[1].several
    assert d.joins[0].covered_train == 1.0 and d.joins[0].key == ("customer_id",)
    assert set(d.tables) == {"customers", "orders"}
    assert pl.read_ipc(d.tables["orders"]).height == 200
    test = pl.read_csv(folder / "test.csv")
    new = pl.read_ipc(d.extend(test))
    assert new.equals(d.frame()[d.test], null_equal=True)
    with pytest.raises(IntakeError, match="new rows lack column 'customer_id'"):
        d.extend(test.drop("customer_id"))


def test_where_the_key_is_the_id_it_is_blinded(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train.drop("z"), test.drop("z"))
    both = pl.concat([train.drop("y"), test])
    pl.concat([both.select("id", depth="z")] * 2).write_csv(folder / "depths.csv")
    d = dealt(folder)
    raw = pl.read_ipc(d.tables["depths"])
    assert raw.height == 320 and set(raw["id"]) == set(range(160))
    ids = d.ids(np.arange(160))
    assert ids is not None
    z = dict(zip(both["id"].cast(pl.String), both["z"], strict=True))
    assert all(z[ids[row]] == depth for row, depth in raw.rows())
    assert d.frame()["depths.depth_mean"].to_list() == pytest.approx([z[i] for i in ids])


def test_a_table_that_holds_the_target_is_never_joined(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train, test)
    train.head(100).write_csv(folder / "more_rows.csv")
    source = source_of(folder)
    assert not any(c.startswith("more_rows.") for c in source.train.columns)
    assert any("holds 'y', which train has and test lacks" in n for n in source.notices)


def test_a_table_of_train_alone_is_no_feature(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train, test)
    train.select("id", after=pl.col("y") * 2).write_csv(folder / "outcomes_later.csv")
    source = source_of(folder)
    assert source.train.columns == train.columns
    assert any("of train alone" in n for n in source.notices)
    assert not dealt(folder).tables


def test_two_columns_that_name_a_row_together_are_a_key(tmp_path: Path) -> None:
    train, test = frames()
    rng = np.random.default_rng(0)
    store, day = rng.integers(0, 5, 160), rng.integers(0, 20, 160)
    keyed = [f.with_columns(store=store[a:b], day=day[a:b]) for f, a, b in ((train, 0, 120), (test, 120, 160))]
    folder = write(tmp_path / "toy", *keyed)
    grid = pl.DataFrame({"store": range(5)}).join(pl.DataFrame({"day": range(20)}), how="cross")
    grid.with_columns(rain=pl.Series(rng.normal(size=100))).write_csv(folder / "weather.csv")
    source = source_of(folder)
    assert source.sides[0].joined.join is not None and source.sides[0].joined.join.key == ("store", "day")
    assert source.train["weather.rain"].null_count() == 0


def test_pairs_of_tables_for_train_and_test_are_one(tmp_path: Path) -> None:
    train, test = frames()
    folder = tmp_path / "toy"
    write(folder, train.drop("z"), test.drop("z"))
    (folder / "train.csv").rename(folder / "train_deals.csv")
    (folder / "test.csv").rename(folder / "test_deals.csv")
    train.select("id", "z").write_csv(folder / "train_people.csv")
    test.select("id", "z").write_csv(folder / "test_people.csv")
    source = source_of(folder)
    assert source.train["people.z"].to_list() == train["z"].to_list()
    assert source.test["people.z"].to_list() == test["z"].to_list()


def test_labels_in_a_table_of_their_own(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train.drop("y"), test)
    train.select("id", "y").sample(fraction=1.0, shuffle=True, seed=4).write_csv(folder / "train_labels.csv")
    c = intake(folder)
    assert (c.target_columns, c.labels_file) == (("y",), "train_labels.csv")
    d = dealt(folder)
    truth = dict(zip(train["id"].cast(pl.String), train["y"].cast(pl.String), strict=True))
    ids = d.ids(d.train)
    assert ids is not None and d.labels(d.train)["y"].to_list() == [truth[i] for i in ids]


def test_labels_without_an_id_are_joined_row_by_row(tmp_path: Path) -> None:
    train, test = frames()
    folder = tmp_path / "toy"
    folder.mkdir()
    train.drop("y", "id").write_csv(folder / "X_train.csv")
    train.select("y").write_csv(folder / "y_train.csv")
    test.drop("id").write_csv(folder / "X_test.csv")
    source = source_of(folder)
    assert source.train["y"].to_list() == train["y"].cast(pl.String).to_list()
    train.select("y").head(7).write_csv(folder / "y_train.csv")
    assert "y" not in source_of(folder).train.columns


def test_where_train_has_several_rows_a_label_the_unit_is_the_label(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "toy"
    folder.mkdir()
    customers = [f"k{i:03d}" for i in range(120)]
    rows = pl.DataFrame(
        {
            "customer": [c for c in customers for _ in range(5)],
            "month": [m for _ in customers for m in range(5)],
            "spent": rng.normal(size=600).round(3),
        }
    )
    rows.head(450).write_parquet(folder / "train_data.parquet")
    rows.tail(150).write_parquet(folder / "test_data.parquet")
    labels = pl.DataFrame({"customer": customers[:90], "bad": rng.integers(0, 2, 90)})
    labels.write_csv(folder / "train_labels.csv")
    pl.DataFrame({"customer": customers[90:][::-1], "bad": 0.5}).write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text("# Toy\n\n## Evaluation\n\nArea under the ROC curve.\n")
    d = dealt(folder)
    assert (len(d.train), len(d.test)) == (90, 30) and d.competition.id_column == "customer"
    assert {"rows.spent_mean", "rows.spent_last", "rows.month_max"} <= set(d.frame().columns)
    ids = d.ids(d.test)
    assert ids is not None and ids.to_list() == customers[90:][::-1]
    expected = rows.group_by("customer").agg(pl.col("spent").mean(), last=pl.col("spent").last())
    both = pl.DataFrame({"customer": ids}).join(expected, on="customer", how="left", maintain_order="left")
    assert d.frame()[d.test]["rows.spent_mean"].to_list() == pytest.approx(both["spent"].to_list())
    assert d.frame()[d.test]["rows.spent_last"].to_list() == both["last"].to_list()


def test_a_table_of_a_side_table_is_joined_onto_it(tmp_path: Path) -> None:
    folder = with_customers(tmp_path / "toy")
    orders = pl.read_csv(folder / "orders.csv").with_row_index("order_id")
    orders.write_csv(folder / "orders.csv")
    items = pl.DataFrame({"order_id": [i // 2 for i in range(400)], "price": [float(i) for i in range(400)]})
    items.write_csv(folder / "order_items.csv")
    source = source_of(folder)
    column = "orders.order_items.price_mean_mean"
    prices = items.group_by("order_id").agg(pl.col("price").mean())
    expected = (
        orders.join(prices.cast({"order_id": pl.UInt32}), on="order_id")
        .group_by("customer_id")
        .agg(pl.col("price").mean())
    )
    seen = source.train.join(expected, on="customer_id", how="inner", maintain_order="left")
    assert seen.height and seen[column].to_list() == pytest.approx(seen["price"].to_list())
    assert any("order_items.csv joined onto orders by order_id" in n for n in source.notices)


def test_ids_with_zeros_meet(tmp_path: Path) -> None:
    train, test = frames()
    padded = [f.with_columns(id=pl.col("id").cast(pl.String).str.zfill(8)) for f in (train, test)]
    folder = write(tmp_path / "toy", *padded)
    pl.concat([f.select("id", extra="z") for f in padded]).write_csv(folder / "extras.csv")
    assert source_of(folder).test["extras.extra"].to_list() == test["z"].to_list()


def test_a_side_table_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "toy", *frames())
    (folder / "notes.csv").write_bytes(b"\x00\x01\x02")
    assert any("notes.csv is not joined" in n for n in source_of(folder).notices)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.integers(2, 40), keys=st.integers(1, 12))
def test_a_join_keeps_rows_and_order_and_looks_at_no_label(data: st.DataObject, rows: int, keys: int) -> None:
    key = st.integers(0, keys).map(lambda k: f"k{k}")
    train = pl.DataFrame(
        {
            "item_id": pl.Series(data.draw(st.lists(key | st.none(), min_size=rows, max_size=rows)), dtype=pl.String),
            "place": range(rows),
            "y": pl.Series(data.draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows))),
        }
    )
    test = train.drop("y")
    side = pl.DataFrame(
        {
            "item_id": data.draw(st.lists(key, min_size=1, max_size=30)),
            "v": 1.5,
            "w": "word",
        }
    )
    found = find_join("side", ("side.csv",), side, train, test, {"y"})
    flipped = find_join("side", ("side.csv",), side, train.with_columns(y=1 - pl.col("y")), test, {"y"})
    assert (found.join, found.why) == (flipped.join, flipped.why)
    if found.join is None:
        return
    out = add(train, found.join, found.frame)
    assert out.select(train.columns).equals(train, null_equal=True)
    assert out.columns[3:] == list(found.join.columns)
    shuffled = add(train[::-1], found.join, found.frame)
    assert shuffled[::-1].equals(out, null_equal=True)


def test_aggregates_are_bounded(tmp_path: Path) -> None:
    from podium.competition.aggregate import MOST_COLUMNS, aggregates

    wide = pl.DataFrame({"id": [1, 1, 2], **{f"c{i}": [1.0, 2.0, 3.0] for i in range(300)}, "s": ["a", "b", "b"]})
    out = aggregates(wide, ("id",), "t")
    assert out.width <= MOST_COLUMNS + 1 and sum(c.endswith("_mean") for c in out.columns) == 300

"""Dealing rows: nothing is lost, nothing leaks, and what comes later is read the same way."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from intake_competitions import frames, toy, write

from podium.competition import Dataset, build, features, intake
from podium.competition.columns import cast, describe, learn_type
from podium.errors import CampaignError, IntakeError


def dealt(folder: Path, seed: int = 1) -> Dataset:
    return build(intake(folder), folder.parent / f"campaign_{folder.name}" / "data", seed)


def test_every_row_keeps_its_features_label_and_id(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    d = dealt(folder)
    train, test = pl.read_csv(folder / "train.csv"), pl.read_csv(folder / "test.csv")
    assert (d.n_rows, len(d.train), len(d.vault), len(d.test)) == (160, 120, 0, 40)
    assert sorted([*d.train, *d.test]) == list(range(160))
    assert d.frame().columns == ["x", "z", "colour"], "no id, no target"
    for rows, source in ((d.train, train), (d.test, test)):
        ids = d.ids(rows)
        assert ids is not None
        joined = d.frame()[rows].with_columns(id=ids.cast(pl.Int64)).join(source, on="id", suffix="_source")
        assert joined.height == len(rows)
        assert (joined["x"] == joined["x_source"]).all() and (joined["colour"] == joined["colour_source"]).all()
    truth = dict(zip(train["id"].cast(pl.String), train["y"].cast(pl.String), strict=True))
    ids = d.ids(d.train)
    assert ids is not None
    assert d.labels(d.train)["y"].to_list() == [truth[i] for i in ids]


def test_rows_are_permuted_by_the_seed_and_by_nothing_else(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    c = intake(folder)
    a, b, other = (build(c, tmp_path / n / "data", s) for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert a.splits_hash == b.splits_hash != other.splits_hash
    assert a.features.read_bytes() == b.features.read_bytes() != other.features.read_bytes()
    assert not np.array_equal(a.positions(a.train), np.sort(a.positions(a.train)))


def test_open_gives_back_what_build_wrote(tmp_path: Path) -> None:
    d = dealt(toy(tmp_path / "toy"))
    again = Dataset.open(d.folder)
    assert again.competition == d.competition and again.facts == d.facts and again.columns == d.columns
    assert np.array_equal(again.fold_of, d.fold_of) and again.fold_of.dtype == np.int8
    record = json.loads((d.folder / "splits.json").read_text())
    assert record["sha256"] == d.splits_hash and record["strategy"] == "stratified"


def test_build_is_idempotent_and_refuses_foreign_data(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    c = intake(folder)
    d = build(c, tmp_path / "campaign" / "data", 1)
    before = (d.folder / "dataset.json").stat().st_mtime_ns
    assert build(c, d.folder, 1).splits_hash == d.splits_hash
    assert (d.folder / "dataset.json").stat().st_mtime_ns == before
    with pytest.raises(CampaignError, match="other data"):
        build(c, d.folder, 2)
    with pytest.raises(CampaignError, match="no dealt data"):
        Dataset.open(tmp_path / "nothing")


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    c = intake(toy(tmp_path / "toy"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CampaignError, match="cannot write"):
        build(c, tmp_path / "file" / "data", 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "toy"]


def test_build_leaves_no_part_behind_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    c = intake(toy(tmp_path / "toy"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importlib.import_module("podium.competition.build"), "write_json", full)
    with pytest.raises(CampaignError, match="No space left"):
        build(c, tmp_path / "campaign" / "data", 1)
    assert list((tmp_path / "campaign").iterdir()) == []


def test_test_rows_come_in_the_order_of_the_sample(tmp_path: Path) -> None:
    train, test = frames()
    sample = test.select("id", y=pl.lit(0.5)).sample(fraction=1.0, shuffle=True, seed=9)
    d = dealt(write(tmp_path / "toy", train, test, sample=sample))
    ids = d.ids(d.test_order)
    assert ids is not None
    assert ids.to_list() == sample["id"].cast(pl.String).to_list()


def test_ids_keep_their_zeros(tmp_path: Path) -> None:
    train, test = frames()
    train, test = (f.with_columns(id=pl.col("id").cast(pl.String).str.zfill(8)) for f in (train, test))
    d = dealt(write(tmp_path / "toy", train, test))
    ids = d.ids(d.test)
    assert ids is not None and ids[0] == test["id"][0] and ids[0].startswith("0000")


def test_a_structured_id_stays_as_a_code(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    both = pl.Series("id", [f"{r // 3:04d}_{r % 3:02d}" for r in range(400)]).shuffle(1)
    d = dealt(write(tmp_path / "toy", train.with_columns(both[:300]), test.with_columns(both[300:])))
    assert next(c for c in d.columns if c.name == "id").kind == "code"


def test_label_side_and_vault(tmp_path: Path) -> None:
    train, test = frames(20_000, 500)
    d = dealt(write(tmp_path / "toy", train.with_columns(part=pl.col("x") * 2), test))
    assert len(d.vault) == 1000 and len(d.train) == 19_000 and d.facts.n_vault == 1000
    assert not set(d.vault.tolist()) & set(d.train.tolist())
    side = d.label_side(d.train)
    assert side.columns == ["part"] and "part" not in d.frame().columns
    assert np.allclose(side["part"].to_numpy(), 2 * d.frame()["x"].to_numpy()[d.train])
    with pytest.raises(KeyError, match="has no label"):
        d.labels(d.test)


def test_forward_rows_lie_in_time_and_prefixes_end_there(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    dates = pl.date_range(pl.date(2020, 1, 1), pl.date(2022, 1, 1), eager=True)[:400].cast(pl.String)
    train = train.with_columns(when=dates[:300]).sample(fraction=1.0, shuffle=True, seed=2)
    d = dealt(write(tmp_path / "toy", train, test.with_columns(when=dates[300:])))
    when = d.frame()["when"]
    assert when.dtype == pl.Datetime("us") and when.is_sorted()
    assert d.times is not None and np.load(d.times).shape == (400,) and d.train.max() == 299
    end = int(d.train[d.fold_of == 0].max()) + 1
    part = pl.read_ipc(d.prefix(end))
    assert part.height == end and part.equals(d.frame().head(end))
    assert d.prefix(400) == d.features


def test_group_and_block_numbers_cover_all_rows(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    users = pl.Series("user", [f"u{r // 10}" for r in range(400)])
    d = dealt(write(tmp_path / "toy", train.with_columns(user=users[:300]), test.with_columns(user=users[300:])))
    assert d.groups is not None and d.times is None
    groups = np.load(d.groups)
    assert groups.dtype == np.int64 and groups.shape == (400,) and d.facts.n_groups == 30
    names = d.frame()["user"].to_numpy()
    assert all(len(set(groups[names == u])) == 1 for u in set(names))


def test_files_named_by_id_though_train_and_test_number_from_one(tmp_path: Path) -> None:
    train, test = frames(30, 12)
    train, test = train.with_columns(id=pl.int_range(1, 31)), test.with_columns(id=pl.int_range(1, 13))
    folder = write(tmp_path / "toy", train, test, metric="accuracy")
    for split, n in (("train", 30), ("test", 12)):
        for key in range(1, n + 1):
            (folder / split / str(key)).mkdir(parents=True)
            (folder / split / str(key) / "geometry.xyz").write_text(f"{split} {key}")
    d = dealt(folder)
    assert d.files is not None and d.columns[-1].kind == "file"
    ids = d.ids(np.arange(d.n_rows))
    assert ids is not None
    for row, name in enumerate(d.frame()["file"].to_list()):
        split = "test" if row in set(d.test.tolist()) else "train"
        assert name == f"{row}.xyz" and (d.files / name).read_text() == f"{split} {ids[row]}"


def test_a_column_of_paths(tmp_path: Path) -> None:
    train, test = frames(30, 12)
    train, test = (f.with_columns(photo=pl.col("id").cast(pl.String) + ".png") for f in (train, test))
    folder = write(tmp_path / "toy", train, test, metric="accuracy")
    (folder / "photos").mkdir()
    for name in [*train["photo"], *test["photo"]]:
        (folder / "photos" / name).write_text(name)
    d = dealt(folder)
    kinds = {c.name: c.kind for c in d.columns}
    assert "file" in kinds.values() and d.files is not None
    column = next(name for name, kind in kinds.items() if kind == "file")
    ids = d.ids(np.arange(d.n_rows))
    assert ids is not None
    assert (d.files / d.frame()[column][5]).read_text() == f"{ids[5]}.png"


def test_extend_reads_new_rows_the_same_way(tmp_path: Path) -> None:
    train, test = frames()
    train, test = (f.with_columns(price=pl.col("x").cast(pl.String), day=pl.lit("2020-02-03")) for f in (train, test))
    train = train.with_columns(price=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("?")).otherwise("price"))
    d = dealt(write(tmp_path / "toy", train, test))
    new = pl.DataFrame(
        {
            "colour": ["red", None],
            "price": ["1.5", "x"],
            "z": [1, 2],
            "x": ["3", "4"],
            "day": ["2021-01-01", ""],
            "spare": [1, 2],
        }
    )
    out = pl.read_ipc(d.extend(new))
    assert out.schema == d.frame().schema and out.columns == d.frame().columns
    assert out["price"].to_list() == [1.5, None] and out["x"].to_list() == [3.0, 4.0] and out["day"][1] is None
    with pytest.raises(IntakeError, match="new rows lack feature column 'colour'"):
        d.extend(new.drop("colour"))


def test_types_that_differ_between_train_and_test(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(a=pl.int_range(120), b=pl.Series([None] * 120, dtype=pl.Int64))
    test = test.with_columns(a=pl.int_range(40) + 0.5, b=pl.int_range(40))
    d = dealt(write(tmp_path / "toy", train, test))
    assert d.frame()["a"].dtype == pl.Float64 and d.frame()["b"].dtype.is_numeric()
    assert d.frame()["b"][d.train].null_count() == 120 and d.frame()["b"][d.test].null_count() == 0


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "?", " 3 "], "numeric"),
        (["1,5", "2,25", "3,0"], "numeric"),
        (["true", "False", None], "boolean"),
        (["2020-01-02", "2021-03-04"], "date"),
        (["03.02.2020 "] * 2 + ["04.02.2020"], "date"),
        ([f"{c}/{n}/S" for c in "ABC" for n in range(30)], "code"),
        ([f"{c}{n:02d}" for c in "ABCDEFGH" for n in range(10)], "code"),
        ([f"0{n:03d}" for n in range(100)], "code"),
        (["red", "green", "blue"] * 5, "categorical"),
        ([f"a phrase of word{n} and more" for n in range(50)], "text"),
        (["Miss Anna Berg", "Mr John Hall"] + [f"Mrs Ada Numb{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(60)], "text"),
        (["x", "x"], "constant"),
        ([None, None], "constant"),
        (["Y", None], "categorical"),
        (["1", None], "numeric"),
        (["true", None], "boolean"),
    ],
)  # fmt: skip
def test_kinds_of_columns(values: list[str | None], kind: str) -> None:
    series = pl.Series("c", values, dtype=pl.String)
    learned = learn_type(series)
    assert describe(cast(series, learned), learned).kind == kind


def test_infinite_features_are_missing() -> None:
    series = pl.Series("c", [1.0, float("inf"), float("nan")])
    assert cast(series, learn_type(series)).to_list() == [1.0, None, None]


LANDS = [
    f"{a} {b}"
    for a in ("South", "North", "West", "New")
    for b in ("Korea", "Samoa", "Guinea", "Zealand", "Wales", "Delhi")
]


@pytest.mark.parametrize(
    ("others", "rows", "kind"),
    [
        ({}, 600, "categorical"),
        ({}, 100, "text"),  # too few rows of each to tell
        ({"remark": lambda k: f"remark number {k} of many"}, 600, "text"),  # read together
        ({"price": float}, 600, "categorical"),
    ],
)
def test_few_texts_that_come_back_are_names(others: dict[str, Callable[[int], Any]], rows: int, kind: str) -> None:
    frame = pl.DataFrame(
        {
            "land": [LANDS[k % len(LANDS)] for k in range(rows)],
            **{n: [f(k) for k in range(rows)] for n, f in others.items()},
        }
    )
    described = features.describe(frame, [learn_type(frame[name]) for name in frame.columns], set())
    assert {column.name: column.kind for column in described}["land"] == kind

"""Tables in every format and spelling read back as they were written; what cannot be read is told in one line."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.competition import memory
from podium.competition.columns import cast, learn_type
from podium.competition.encoding import legacy
from podium.competition.folder import choose_tables, look
from podium.competition.table import format_of, header, read_table
from podium.errors import IntakeError

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = ["red", "it's", 'say "hi"', "a, b", "a;b", "tab\there", "line\nbreak", "é", "日本", "0071", "x" * 300]


def read(folder: Path, ref: str, **more: object) -> pl.DataFrame:
    return read_table(folder, ref, **more).frame  # type: ignore[arg-type]


def told(folder: Path, ref: str) -> str:
    with pytest.raises(IntakeError) as caught:
        read_table(folder, ref)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(2, 30))
    kinds = draw(st.lists(st.sampled_from(["int", "float", "word", "bool"]), min_size=1, max_size=5))
    columns = {"id": pl.Series([f"r{i}" for i in range(rows)])}
    for at, kind in enumerate(kinds):
        if kind == "int":
            values = draw(st.lists(st.integers(-(2**52), 2**52), min_size=rows, max_size=rows))
        elif kind == "float":
            finite = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 3) + 0.5)
            values = draw(st.lists(finite | st.none(), min_size=rows, max_size=rows).filter(any))
        elif kind == "bool":
            values = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
        else:
            values = draw(st.lists(st.sampled_from(WORDS) | st.none(), min_size=rows, max_size=rows))
            values[0] = values[0] or "red"
        columns[f"{kind} {at}"] = pl.Series(
            values, dtype={"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean}.get(kind, pl.String)
        )
    return pl.DataFrame(columns)


def written(frame: pl.DataFrame, kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "csv":
        frame.write_csv(buffer)
    elif kind == "tsv":
        frame.write_csv(buffer, separator="\t")
    elif kind == "parquet":
        frame.write_parquet(buffer)
    elif kind == "feather":
        frame.write_ipc(buffer)
    elif kind == "jsonl":
        frame.write_ndjson(buffer)
    else:
        frame.write_json(buffer)
    return buffer.getvalue()


def packed(folder: Path, name: str, data: bytes, how: str) -> str:
    if how == "plain":
        (folder / name).write_bytes(data)
        return name
    if how in ("gz", "bz2", "xz"):
        squeeze = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[how]
        (folder / f"{name}.{how}").write_bytes(squeeze(data))
        return f"{name}.{how}"
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"below/{name}", data)
    return f"all.zip/below/{name}"


@QUICK
@given(
    frame=tables(),
    kind=st.sampled_from(["csv", "tsv", "parquet", "feather", "jsonl", "json"]),
    how=st.sampled_from(["plain", "gz", "bz2", "xz", "zip"]),
)
def test_any_table_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, frame: pl.DataFrame, kind: str, how: str
) -> None:
    folder = tmp_path_factory.mktemp("t")
    ref = packed(folder, f"table.{kind}", written(frame, kind), how)
    assert read(folder, ref).equals(frame, null_equal=True)
    assert header(folder, ref) == frame.columns
    spelled = read(folder, ref, as_text=["id", frame.columns[1]])
    assert spelled[frame.columns[1]].dtype == pl.String and spelled.height == frame.height


@QUICK
@given(frame=tables())
def test_a_workbook_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, frame: pl.DataFrame) -> None:
    pytest.importorskip("fastexcel")
    book = pytest.importorskip("openpyxl").Workbook()
    folder = tmp_path_factory.mktemp("t")
    sheet = book.active
    sheet.append(frame.columns)
    for row in frame.rows():
        sheet.append(row)
    book.save(folder / "table.xlsx")
    back = read(folder, "table.xlsx")
    assert back.columns == frame.columns
    for name in frame.columns:
        expected = frame[name]
        if expected.dtype == pl.Float64 and back[name].dtype == pl.Int64:
            expected = expected.cast(pl.Int64)
        if back[name].dtype == pl.Float64:  # a workbook keeps 16 digits, and a double may need 17
            found, wanted = back[name].to_numpy(), expected.cast(pl.Float64).to_numpy()
            assert np.allclose(found, wanted, rtol=1e-15, atol=0.0, equal_nan=True)
        else:
            assert back[name].to_list() == expected.to_list()


def test_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel")
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.title = "Train"
    for name, rows in (("Train", [["id", "y"], [1, 2], [2, 3]]), ("Test", [["id"], [3], [4]]), ("Notes", [])):
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "data.xlsx")
    contents = look(tmp_path)
    assert set(contents.tables) == {"data.xlsx/Train", "data.xlsx/Test"}
    files = choose_tables(contents, {})
    assert (files.train, files.test) == ("data.xlsx/Train", "data.xlsx/Test")
    assert read(tmp_path, files.train)["y"].to_list() == [2, 3]
    assert "which sheet is meant" in told(tmp_path, "data.xlsx")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no")
    assert "a whole workbook" in told(tmp_path, "broken.xlsx")


@pytest.mark.parametrize(
    ("encoding", "words", "found"),
    [
        ("utf-8-sig", ["café", "日本"], ""),
        ("utf-16", ["café", "日本"], "utf-16"),
        ("utf-16-le", ["cafe", "plain"], "utf-16-le"),
        ("utf-32", ["café", "日本"], "utf-32"),
        ("cp1252", ["café", "naïve – “quoted”"], "cp1252"),
        ("cp932", ["これは日本語です", "カタカナと漢字"], "cp932"),
        ("gb18030", ["这是一个中文句子", "我们的数据很好", "可以说明问题"], "gb18030"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, words: list[str], found: str) -> None:
    rows = [f"{i},{words[i % len(words)]}" for i in range(400)]
    (tmp_path / "t.csv").write_bytes(
        "id,word\n".encode(encoding)
        + "\n".join(rows).encode(
            encoding.replace("utf-16", "utf-16-le")
            .replace("le-le", "le")
            .replace("utf-32", "utf-32-le")
            .replace("-sig", "")
        )
    )
    table = read_table(tmp_path, "t.csv")
    assert table.frame["word"].to_list() == [words[i % len(words)] for i in range(400)]
    assert (found in " ".join(table.notices)) if found else not table.notices


def test_a_foreign_byte_far_into_the_file_is_seen(tmp_path: Path) -> None:
    rows = "".join(f"{i},plain\n" for i in range(60_000))
    (tmp_path / "t.csv").write_bytes(b"id,word\n" + rows.encode() + "60000,café au lait\n".encode("cp1252"))
    table = read_table(tmp_path, "t.csv")
    assert table.frame["word"][-1] == "café au lait" and "cp1252" in table.notices[0]


def test_an_encoding_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"id,word\n" + "".join(f"{i},привет мир\n" for i in range(50)).encode("cp1251"))
    assert "its encoding cannot be told" in told(tmp_path, "t.csv")
    with pytest.raises(IntakeError):
        legacy("t.csv", "привет большой мир".encode("koi8-r"))


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("a;b;c\n1;2,5;x\n2;3,25;y\n", ["a", "b", "c"], [(1, 2.5, "x"), (2, 3.25, "y")]),
        ("a|b\n1|2\n3|4\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("a b\n1 2\n3 4\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("a^b\n1^2\n3^4\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("name, given;n\nx;1\ny;2\n", ["name, given", "n"], [("x", 1), ("y", 2)]),
        ("# made by a tool\n# 2020\na,b\n1,2\n3,4\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("Report of sales\n\na,b\n1,2\n3,4\n5,6\n", ["a", "b"], [(1, 2), (3, 4), (5, 6)]),
        (",a,b\n0,5,6\n1,7,8\n", ["a", "b"], [(5, 6), (7, 8)]),
        ("a,b\n0,5,6\n1,7,8\n2,9,9\n", ["a", "b"], [(5, 6), (7, 8), (9, 9)]),
        ("a,b\n5,6,\n7,8,\n", ["a", "b"], [(5, 6), (7, 8)]),
        ("a,b,\n5,6,\n7,8,\n", ["a", "b"], [(5, 6), (7, 8)]),
        ("a,b,a\n1,2,1\n3,4,3\n", ["a", "b"], [(1, 2), (3, 4)]),
        ('a,"b\nb"\n1,"x\ny"\n2,z\n', ["a", "b\nb"], [(1, "x\ny"), (2, "z")]),
        ("a,b\r1,2\r3,4\r", ["a", "b"], [(1, 2), (3, 4)]),
        ("a,b\r\n1,2\r\n3,4\r\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("a,b\n1,2\n\n3,4\n\n\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("word\nred\nblue, or so\n", ["word"], [("red",), ("blue, or so",)]),
    ],
)  # fmt: skip
def test_spellings_of_a_text_table(
    tmp_path: Path, text: str, columns: list[str], rows: list[tuple[object, ...]]
) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    if "blue, or" in text:
        assert "broken" in told(tmp_path, "t.csv")  # a comma in a table of one column is not silently cut
        return
    frame = read(tmp_path, "t.csv")
    assert frame.columns == columns and frame.rows() == rows


def test_a_late_surprise_is_read_over_all_rows(tmp_path: Path) -> None:
    late = {"f": "0.5", "b": "maybe", "w": "word"}
    rows = [f"{i},1,true,7,8,9,{'' if i < 2500 else i}" for i in range(3000)]
    rows.append(f"3000,{late['f']},{late['b']},{late['w']},x,y,1")
    (tmp_path / "t.csv").write_text("id,f,b,w,v,u,n\n" + "\n".join(rows) + "\n")
    frame = read(tmp_path, "t.csv")
    types = [frame[c].dtype for c in frame.columns]
    assert types == [pl.Int64, pl.Float64, pl.String, pl.String, pl.String, pl.String, pl.Int64]
    assert frame["f"][-1] == 0.5 and frame["w"][0] == "7" and frame["n"].null_count() == 2500


def test_columns_of_one_name_and_other_content_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,a\n1,2,1\n3,4,5\n")
    assert "names column 'a' 2 times" in told(tmp_path, "t.csv")


@pytest.mark.parametrize(
    "value",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}},
        {"0": {"a": 1, "b": "x"}, "1": {"a": 2, "b": "y"}},
        {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]},
        {"data": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]},
        {"a": [1, 2], "b": ["x", "y"]},
        [["a", "b"], [1, "x"], [2, "y"]],
    ],
)
def test_shapes_of_json(tmp_path: Path, value: object) -> None:
    (tmp_path / "t.json").write_text(json.dumps(value))
    assert read(tmp_path, "t.json").rows() == [(1, "x"), (2, "y")]


def test_json_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"a": [1, 2, 3], "b": {"c": 1}}')
    assert "no table" in told(tmp_path, "t.json")
    (tmp_path / "lines.json").write_text('{"a": 1}\n{"a": 2}\n')
    assert read(tmp_path, "lines.json")["a"].to_list() == [1, 2]


def test_a_pandas_index_is_left_out(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2], "__index_level_0__": [0, 1]}).write_parquet(tmp_path / "t.parquet")
    assert read(tmp_path, "t.parquet").columns == ["a"]


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["train.csv", "test.csv", "sample_submission.csv"], ("train.csv", "test.csv", "sample_submission.csv", "")),
        (["training_set.csv", "testing_set.csv"], ("training_set.csv", "testing_set.csv", "", "")),
        (["X_train.csv", "y_train.csv", "X_test.csv"], ("X_train.csv", "X_test.csv", "", "y_train.csv")),
        (["train_features.csv", "train_labels.csv", "test_features.csv"],
         ("train_features.csv", "test_features.csv", "", "train_labels.csv")),
        (["train/train.csv", "test/test.csv"], ("train/train.csv", "test/test.csv", "", "")),
        (["train/data.csv", "test/data.csv"], ("train/data.csv", "test/data.csv", "", "")),
        (["toy_train.csv", "toy_test.csv"], ("toy_train.csv", "toy_test.csv", "", "")),
        (["dev.csv", "eval.csv"], ("dev.csv", "eval.csv", "", "")),
        (["train.csv", "dev.csv"], ("train.csv", "dev.csv", "", "")),
        (["train.csv", "dev.csv", "test.csv"], ("train.csv", "test.csv", "", "")),
        (["Train.tsv", "Test.tsv", "SampleSubmission.tsv"], ("Train.tsv", "Test.tsv", "SampleSubmission.tsv", "")),
        (["train.csv", "train.csv.zip", "test.csv.gz"], ("train.csv", "test.csv.gz", "", "")),
    ],
)  # fmt: skip
def test_roles_by_name(tmp_path: Path, names: list[str], roles: tuple[str, ...]) -> None:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        data = b"id,y\n1,2\n" if "dev" not in name else b"id\n1\n"
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(name.removesuffix(".zip"), data)
        else:
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    files = choose_tables(look(tmp_path), {})
    assert (files.train, files.test, files.sample, files.labels) == roles


def test_of_several_pairs_the_one_with_the_target_is_train(tmp_path: Path) -> None:
    for name, columns in (
        ("train_deals", "id,a,y"),
        ("test_deals", "id,a"),
        ("train_people", "id,b"),
        ("test_people", "id,b"),
    ):
        (tmp_path / f"{name}.csv").write_text(columns + "\n" + ",".join("1" for _ in columns.split(",")) + "\n")
    files = choose_tables(look(tmp_path), {})
    assert (files.train, files.test) == ("train_deals.csv", "test_deals.csv")
    assert set(files.sides) == {"train_people.csv", "test_people.csv"}


def test_formats_by_name() -> None:
    assert [format_of(n) for n in ("a.csv.xz", "b.PARQUET", "c.tar.gz", "d.jpg", "e.xlsx/one", "f.json", "g")] == [
        "csv", "parquet", None, None, "xlsx", "json", None,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.feather"])
def test_a_table_beyond_memory_is_refused_with_its_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    frame = pl.DataFrame({"x": range(5000), "y": [0.5] * 5000})
    (tmp_path / name).write_bytes(written(frame, name.split(".")[1]))
    monkeypatch.setattr(memory, "SMALL", 0)
    assert read(tmp_path, name).height == 5000
    monkeypatch.setattr(memory, "free_bytes", lambda: 1e4)
    line = told(tmp_path, name)
    assert "does not fit in memory; expected" in line and "0.0 GB" in line


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,234", "12", "2,000,000.5", None], [1234.0, 12.0, 2000000.5, None]),
        (["0,5", "1,25", "1.234,5"], [0.5, 1.25, 1234.5]),
        (["0,125", "1,250", "2,500"], [0.125, 1.25, 2.5]),
        (["1,50", "1,234"], [1.5, 1.234]),
    ],
)
def test_commas_in_numbers(cells: list[str | None], numbers: list[float | None]) -> None:
    series = pl.Series("x", cells, dtype=pl.String)
    assert cast(series, learn_type(series)).to_list() == numbers


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["csv", "tsv", "parquet", "feather", "jsonl", "json"]), data=st.data())
def test_spoiled_bytes_end_in_one_line_or_a_table(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("spoiled")
    frame = pl.DataFrame({"id": range(50), "x": [0.5] * 50, "word": ["red", "grün"] * 25})
    spoiled = bytearray(written(frame, kind))
    if data.draw(st.booleans()):
        spoiled = spoiled[: data.draw(st.integers(0, len(spoiled) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    (folder / f"t.{kind}").write_bytes(bytes(spoiled))
    for read_it in (read_table, header):
        try:
            read_it(folder, f"t.{kind}")
        except IntakeError as problem:
            assert "\n" not in str(problem)

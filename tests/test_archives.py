"""Archives are folders, nested as deep as hosts do; what leads out of them, explodes or is damaged is refused in one line."""

from __future__ import annotations

import bz2
import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_competitions import frames

from podium.competition import archive_members, build, intake
from podium.competition.folder import look
from podium.competition.table import read_table
from podium.errors import IntakeError

CSV = b"id,x\n1,2\n3,4\n"


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def told(folder: Path) -> str:
    with pytest.raises(IntakeError) as caught:
        look(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "ref"),
    [
        ("a.zip", zipped({"deep/train.csv": CSV}), "a.zip/deep/train.csv"),
        ("a.tar.gz", tarred({"./train.csv": CSV}), "a.tar.gz/train.csv"),
        ("a.tgz", tarred({"d/train.csv": CSV}), "a.tgz/d/train.csv"),
        ("a.tar", tarred({"train.csv": CSV}, "w"), "a.tar/train.csv"),
        ("a.tar.xz", tarred({"train.csv": CSV}, "w:xz"), "a.tar.xz/train.csv"),
        ("a.zip", zipped({"b.zip": zipped({"train.csv": CSV})}), "a.zip/b.zip/train.csv"),
        ("a.zip", zipped({"b.tar.gz": tarred({"train.csv.gz": gzip.compress(CSV)})}), "a.zip/b.tar.gz/train.csv.gz"),
        ("train.csv.bz2", bz2.compress(CSV), "train.csv.bz2"),
    ],
)
def test_members_are_tables(tmp_path: Path, name: str, data: bytes, ref: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert look(tmp_path).tables == (ref,)
    assert read_table(tmp_path, ref).frame.rows() == [(1, 2), (3, 4)]
    assert [p.name for p in tmp_path.iterdir()] == [name], "nothing is unpacked beside the data"


def test_seven_zip(tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.csv").write_bytes(CSV)
    (tmp_path / "data").mkdir()
    with py7zr.SevenZipFile(tmp_path / "data" / "train.csv.7z", "w") as archive:
        archive.write(tmp_path / "src" / "train.csv", "train.csv")
    assert look(tmp_path / "data").tables == ("train.csv.7z/train.csv",)
    assert read_table(tmp_path / "data", "train.csv.7z").frame.height == 2
    with py7zr.SevenZipFile(tmp_path / "data" / "locked.7z", "w", password="secret") as archive:
        archive.write(tmp_path / "src" / "train.csv", "other.csv")
    assert "locked with a password" in told(tmp_path / "data")
    (tmp_path / "data" / "locked.7z").write_bytes(b"7z\xbc\xaf\x27\x1c broken")
    assert "damaged" in told(tmp_path / "data")


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "C:\\out.csv", "..\\out.csv"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "a.zip").write_bytes(zipped({"train.csv": CSV, name: CSV}))
    assert "leads out of it" in told(tmp_path / "z")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.tar").write_bytes(tarred({name: CSV}, "w"))
    assert "leads out of it" in told(tmp_path / "t")


def test_links_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("train.csv")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.tar").write_bytes(buffer.getvalue())
    assert "holds links" in told(tmp_path / "t")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped_link:
        entry = zipfile.ZipInfo("train.csv")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped_link.writestr(entry, "/etc/passwd")
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "a.zip").write_bytes(buffer.getvalue())
    assert "holds links" in told(tmp_path / "z")


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_bytes(CSV)
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.csv").write_bytes(CSV)
    (data / "same.csv").symlink_to(data / "train.csv")
    assert set(look(data).tables) == {"train.csv", "same.csv"}
    (data / "test.csv").symlink_to(tmp_path / "outside.csv")
    assert "test.csv is a link out of the folder" in told(data)
    (data / "test.csv").unlink()
    (data / "images").symlink_to(tmp_path)
    assert "images is a link out of the folder" in told(data)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "BOMB_BYTES", 1 << 20)
    zeros = bytes(8 << 20)
    (tmp_path / "a.zip").write_bytes(zipped({"train.csv": zeros}))
    assert "unpacks to 200 times its size" in told(tmp_path)
    (tmp_path / "a.zip").unlink()
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress(zeros))
    with pytest.raises(IntakeError, match="unpacks to 200 times its size"):
        read_table(tmp_path, "train.csv.gz")
    (tmp_path / "train.csv.gz").unlink()
    data = zipped({"x.csv": CSV})
    for _ in range(5):
        data = zipped({"x.zip": data})
    (tmp_path / "deep.zip").write_bytes(data)
    assert "nests archives deeper" in told(tmp_path)


def test_a_full_disk_is_told_before_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"train.csv": CSV}))
    usage = archive_members.shutil.disk_usage(tmp_path)._replace(free=3)
    monkeypatch.setattr(archive_members.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(IntakeError, match="no room to unpack"):
        read_table(tmp_path, "a.zip/train.csv")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["zip", "tar.gz", "csv.gz", "csv.bz2"]), data=st.data())
def test_spoiled_archives_end_in_one_line_or_a_table(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("spoiled")
    rows = b"".join(b"%d,%d\n" % (i, i * i) for i in range(200))
    table = b"id,x\n" + rows
    made = {
        "zip": zipped({"train.csv": table}),
        "tar.gz": tarred({"train.csv": table}),
        "csv.gz": gzip.compress(table),
        "csv.bz2": bz2.compress(table),
    }[kind]
    spoiled = bytearray(made)
    if data.draw(st.booleans()):
        spoiled = spoiled[: data.draw(st.integers(0, len(spoiled) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    (folder / f"train.{kind}").write_bytes(bytes(spoiled))
    try:
        for ref in look(folder).tables:
            read_table(folder, ref)
    except IntakeError as problem:
        assert "\n" not in str(problem)


def images(ids: list[str]) -> dict[str, bytes]:
    return {f"images/{i}.png": f"picture of {i}".encode() for i in ids}


def test_images_in_an_archive_are_referred_to_by_id_and_never_unpacked_beside(tmp_path: Path) -> None:
    train, test = frames(60, 20)
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "description.md").write_text("# Toy\n\n## Evaluation\n\nArea under the ROC curve.\n")
    ids = [*train["id"].cast(pl.String), *test["id"].cast(pl.String)]
    (folder / "tables.zip").write_bytes(
        zipped({"train.csv": train.write_csv().encode(), "test.csv": test.write_csv().encode(),
                "sample_submission.csv": test.select("id", y=pl.lit(0.5)).write_csv().encode()})
    )  # fmt: skip
    (folder / "pictures.zip").write_bytes(zipped(images(ids)))
    before = sorted(p.name for p in folder.rglob("*"))
    d = build(intake(folder), tmp_path / "campaign" / "data", 1)
    assert sorted(p.name for p in folder.rglob("*")) == before
    assert d.files is not None and len(list(d.files.iterdir())) == 80
    names, own = d.frame()["file"], d.ids(np.arange(80))
    assert own is not None
    for row in range(80):
        assert (d.files / names[row]).read_text() == f"picture of {own[row]}"
        assert own[row] not in names[row] or len(own[row]) < 3, "names are blinded"


def test_train_and_test_images_in_archives_of_their_own(tmp_path: Path) -> None:
    train, test = frames(60, 20)
    folder = tmp_path / "toy"
    folder.mkdir()
    train.write_csv(folder / "train.csv")
    test.write_csv(folder / "test.csv")
    (folder / "description.md").write_text("# Toy\n\n## Evaluation\n\nArea under the ROC curve.\n")
    for name, frame in (("train", train), ("test", test)):
        files = {f"{i}.png": f"picture of {i}".encode() for i in frame["id"]}
        (folder / f"{name}.zip").write_bytes(
            zipped(files) if name == "train" else zipped({f"test/{k}": v for k, v in files.items()})
        )
    d = build(intake(folder, {"id_column": "id"}), tmp_path / "campaign" / "data", 1)
    assert d.files is not None and len(list(d.files.iterdir())) == 80

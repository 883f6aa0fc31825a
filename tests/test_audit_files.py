"""Attached files that say too much: by their heads, sizes, names and keys; equal and similar images; files of no row."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_competitions import write
from test_audit_leaks import findings, of

from podium.competition.audit.arrays import leaves
from podium.competition.audit.header import fields

Write = Callable[[Path, int, int], None]  # path without suffix, row, label (-1 in test)
N, N_TEST = 210, 130


def with_files(folder: Path, put: Write, below: str = "files") -> Path:
    """A competition with a file for each row, named by its id."""
    rng = np.random.default_rng(0)
    ids, y = rng.permutation(N + N_TEST) + 1000, rng.integers(0, 2, N)
    frame = pl.DataFrame({"id": ids, "x": rng.normal(size=N + N_TEST)})
    write(folder, frame.head(N).with_columns(y=pl.Series(y)), frame.tail(N_TEST))
    (folder / below).mkdir()
    for row, id_ in enumerate(ids.tolist()):
        put(folder / below / str(id_), row, int(y[row]) if row < N else -1)
    return folder


def png(path: Path, pixels: np.ndarray, texts: dict[str, str] | None = None) -> None:
    """A grey 8-bit PNG, written by hand."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in pixels.astype(np.uint8))
    said = b"".join(chunk(b"tEXt", f"{k}\0{v}".encode("latin-1")) for k, v in (texts or {}).items())
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + said + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b""))


def picture(row: int, size: int = 16) -> np.ndarray:
    rng = np.random.default_rng(row)
    return np.kron(rng.integers(0, 256, (size // 2, size // 2)), np.ones((2, 2)))


def plain(path: Path, row: int, label: int) -> None:
    png(path.with_suffix(".png"), picture(row), {"Software": f"camera {row % 3}"})


def quiet(folder: Path) -> bool:
    return not [
        f for f in findings(folder) if f.check in ("file", "metadata", "container", "near_duplicate", "duplicate")
    ]


def test_plain_files_are_passed_over(tmp_path: Path) -> None:
    assert quiet(with_files(tmp_path / "a", plain))


def test_fields_in_the_heads_of_files(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        png(path.with_suffix(".png"), picture(row), {"Software": f"v{label if label >= 0 else row % 2}"})

    found = of(findings(with_files(tmp_path / "a", put)), "metadata")
    assert found[0].severity == "warn" and "text Software" in found[0].message and (found[0].figure or 0) > 0.9


def test_sizes_of_files(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        path.with_suffix(".bin").write_bytes(b"x" * (100 + row % 7 + 3 * max(label, 0)))

    found = of(findings(with_files(tmp_path / "a", put)), "file")
    assert found and "size" in found[0].message


def test_times_of_files(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        path = path.with_suffix(".bin")
        path.write_bytes(os.urandom(50))
        os.utime(path, (1e9, 1e9 + row % 50 + (100 if label == 1 else 0)))

    found = of(findings(with_files(tmp_path / "a", put)), "file")
    assert [f.severity for f in found] == ["warn"] and "written" in found[0].message


def test_names_of_files_in_a_path_column(tmp_path: Path) -> None:
    for name in ("told", "plain"):
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 400)
        words = ["cat", "dog"]
        label = y if name == "told" else rng.integers(0, 2, 400)
        paths = [f"{words[label[i]]}_{rng.integers(10**6)}_{i}.bin" for i in range(400)]
        frame = pl.DataFrame({"id": np.arange(400), "path": paths, "x": rng.normal(size=400), "y": y})
        folder = write(tmp_path / name, frame.head(300), frame.tail(100).drop("y"))
        (folder / "media").mkdir()
        for path in paths:
            (folder / "media" / path).write_bytes(b"same")
            os.utime(folder / "media" / path, (1e9, 1e9))
        found = of(findings(folder), "file")
        assert bool(found) == (name == "told")
        assert not found or (found[0].severity == "warn" and "words" in found[0].message)


def test_files_of_no_row(tmp_path: Path) -> None:
    folder = with_files(tmp_path / "a", plain)
    assert not of(findings(folder), "extra_files")
    for i in range(12):
        png(folder / "files" / f"left_{i}.png", picture(90_000 + i))
    again = folder.rename(tmp_path / "b")
    assert "12 files" in of(findings(again), "extra_files")[0].message


def test_files_of_train_rows_alone(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        if label >= 0:
            path.with_suffix(".json").write_text(json.dumps({"label": label}))

    told = of(findings(with_files(tmp_path / "a", put, "notes")), "label_side")
    assert told and "train's rows alone" in told[0].message


def test_equal_files_across_train_and_test(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        path.with_suffix(".bin").write_bytes(np.random.default_rng(row % 240).bytes(64))

    found = of(findings(with_files(tmp_path / "a", put)), "duplicate")
    assert found[0].severity == "warn" and "byte by byte" in found[0].message


def test_images_that_look_alike(tmp_path: Path) -> None:
    pytest.importorskip("PIL")

    def put(path: Path, row: int, label: int) -> None:
        again = row - N if N <= row < N + 60 else row  # the first test images are train's, a little brighter
        png(path.with_suffix(".png"), np.clip(picture(again) + (3 if again != row else 0), 0, 255))

    found = of(findings(with_files(tmp_path / "a", put)), "near_duplicate")
    assert found[0].severity == "warn" and "look like" in found[0].message


def test_keys_of_attached_containers(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        meta = {"width": row % 9, "annotation": {"label": label if label >= 0 else None}}
        path.with_suffix(".json").write_text(json.dumps(meta))

    found = of(findings(with_files(tmp_path / "a", put)), "container")
    assert [f.severity for f in found] == ["warn"]
    assert "annotation.label" in found[0].message and "test's containers lack it" in found[0].message


def test_keys_of_xml_npz_and_mat(tmp_path: Path) -> None:
    from scipy.io import savemat

    def xml(path: Path, row: int, label: int) -> None:
        path.with_suffix(".xml").write_text(f"<a><size>{row % 5}</size><object kind='{'k' if label else 'm'}'/></a>")

    def npz(path: Path, row: int, label: int) -> None:
        np.savez(path.with_suffix(".npz"), signal=np.arange(3.0), target=max(label, 0))

    def mat(path: Path, row: int, label: int) -> None:
        savemat(path.with_suffix(".mat"), {"signal": np.arange(3.0), "class": max(label, 0)})

    for put, key in ((xml, "a.object.@kind"), (npz, "target"), (mat, "class")):
        found = of(findings(with_files(tmp_path / put.__name__, put)), "container")
        assert [f.severity for f in found] == ["warn"] and repr(key) in found[0].message


def test_containers_without_a_label_are_passed_over(tmp_path: Path) -> None:
    def put(path: Path, row: int, label: int) -> None:
        path.with_suffix(".json").write_text(json.dumps({"width": row % 9, "maker": {"name": f"m{row % 4}"}}))

    def broken(path: Path, row: int, label: int) -> None:
        path.with_suffix(".mat").write_bytes(os.urandom(80))

    assert quiet(with_files(tmp_path / "a", put)) and not of(findings(with_files(tmp_path / "b", broken)), "container")


def test_keys_of_a_json_column(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    for name, value in (("told", y), ("plain", rng.integers(0, 2, 400))):
        cells = [json.dumps({"device": {"os": f"os{i % 5}"}, "state": f"s{v}"}) for i, v in enumerate(value.tolist())]
        frame = pl.DataFrame({"id": np.arange(400), "meta": cells, "x": rng.normal(size=400), "y": y})
        found = of(findings(write(tmp_path / name, frame.head(300), frame.tail(100).drop("y"))), "container")
        assert [f.message.count("'state'") for f in found] == ([1] if name == "told" else [])


@given(st.data())
@settings(max_examples=60)
def test_damaged_archives_end_the_reading(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """SciPy's reader crashes the process on some of these."""
    from scipy.io import savemat

    folder = tmp_path_factory.getbasetemp()
    suffix = data.draw(st.sampled_from([".mat", ".npz"]))
    path = folder / f"whole{suffix}"
    if not path.exists():
        if suffix == ".npz":
            np.savez(path, a=np.arange(9.0), target=1)
        else:
            savemat(path, {"class": 1, "video": {"label": "wave", "size": np.eye(2)}}, do_compression=True)
    raw = bytearray(path.read_bytes())
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=4)):
        raw[at] = value
    damaged = folder / f"damaged{suffix}"
    damaged.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    assert all(isinstance(v, str) for v in leaves(damaged).values())
    whole = leaves(path)
    assert whole in ({"a": "9", "target": "1"}, {"class": "1", "video.label": "wave", "video.size": "2x2"})


# ---------------------------------------------------------------- heads


def test_exif_of_a_jpeg(tmp_path: Path) -> None:
    """Both byte orders, a text, a number and the directory behind the pointer."""
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entries = [(0x010F, 2, 6, 50), (0x0112, 3, 1, None), (0x8769, 4, 1, 60)]
        body = mark + struct.pack(order + "I", 8) + struct.pack(order + "H", 3)
        for tag, kind, n, value in entries:
            word = struct.pack(order + "HH", 6, 0) if value is None else struct.pack(order + "I", value)
            body += struct.pack(order + "HHI", tag, kind, n) + word
        body = body.ljust(50, b"\0") + b"Canon\0" + b"\0" * 4 + struct.pack(order + "H", 1)
        body += struct.pack(order + "HHIHH", 0x8827, 3, 1, 400, 0)
        app = b"Exif\0\0" + body
        frame = struct.pack(">BHHB", 8, 48, 64, 0)
        head = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(app) + 2) + app + b"\xff\xc0" + struct.pack(">H", 8) + frame
        (tmp_path / "a.jpg").write_bytes(head + b"\xff\xfe\x00\x07hello\xff\xda\x00\x02")
        assert fields(tmp_path / "a.jpg") == {
            "make": "Canon", "orientation": "6", "iso": "400", "width": "64", "height": "48", "comment": "hello",
        }  # fmt: skip


def test_exif_as_pillow_writes_it(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image").new("RGB", (20, 10))
    exif = image.getexif()
    exif[0x0131], exif[0x0132] = "scanner 3", "2020:01:02 03:04:05"
    image.save(tmp_path / "a.jpg", exif=exif)
    found = fields(tmp_path / "a.jpg")
    assert found["software"] == "scanner 3" and found["date"] == "2020:01:02 03:04:05"
    assert (found["width"], found["height"]) == ("20", "10")


def test_text_chunks_of_a_png_and_sizes(tmp_path: Path) -> None:
    png(tmp_path / "a.png", np.zeros((3, 5)), {"Author": "host"})
    assert fields(tmp_path / "a.png") == {"width": "5", "height": "3", "depth": "8/0", "text Author": "host"}


STARTS = (
    b"\xff\xd8\xff\xe1",
    b"\xff\xd8\xff\xe1\x00\x40Exif\0\0II*\0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"RIFF    WAVE",
)


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_any_bytes_have_a_head(tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "head.bin"
    path.write_bytes(start + rest)
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in fields(path).items())

from __future__ import annotations

import random
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from kaggle_world import FILES, playing

from podium.errors import UserError
from podium.platforms.platform import Unreachable
from podium.testing.fake_kaggle import FakeKaggle

pytest.importorskip("kagglesdk")

from podium.platforms.kaggle import Kaggle, download

BIG = {"big.bin": random.Random(0).randbytes(3_000_000), "sub/small.csv": b"a\n1\n"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSES_S", (0.0, 0.0, 0.0, 0.0))


def whole(folder: Path, files: dict[str, bytes] = BIG) -> bool:
    return all((folder / name).read_bytes() == data for name, data in files.items())


def repack(fake: FakeKaggle, files: dict[str, bytes]) -> None:
    fake.state.contests["tiny"].files = files
    fake._archives.clear()


def test_a_second_fetch_asks_for_nothing(tmp_path: Path) -> None:
    with playing() as fake:
        folder = Kaggle("tiny").fetch(tmp_path)
        asked = len(fake.requests)
        assert Kaggle("tiny").fetch(tmp_path) == folder
        assert len(fake.requests) == asked
        fake.stop()
        assert Kaggle("tiny").fetch(tmp_path) == folder
    assert whole(folder, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"], "nothing is left beside it"


def test_a_download_that_breaks_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with playing(files=BIG) as fake:
        fake.faults.then("Storage", "truncated", "ok", "truncated", "reset")
        folder = Kaggle("tiny").fetch(tmp_path)
        assert whole(folder)
        assert len([first for first in fake.served_from if first]) >= 2


@pytest.mark.parametrize(
    ("call", "kind"),
    [(call, kind) for call in ("DownloadDataFiles", "Storage") for kind in ("500", "reset")]
    + [("DownloadDataFiles", "garbage_after"), ("Storage", "timeout"), ("Storage", "403")],
)
def test_a_part_is_never_taken_for_the_whole(
    call: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreachable for long: what came is kept, the folder is not there, and the next call goes on."""
    monkeypatch.setattr(download, "PAUSES_S", ())
    with playing(files=BIG, timeout_s=1.5 if kind == "timeout" else 20) as fake:
        fake.faults.then("Storage", "truncated")
        fake.faults.then(call, *(["ok"] if call == "DownloadDataFiles" else []), kind)
        with pytest.raises(Unreachable, match="run it again to go on"):
            Kaggle("tiny").fetch(tmp_path)
        assert not (tmp_path / "tiny").exists()
        fake.faults.clear()
        fake.served_from.clear()
        assert whole(Kaggle("tiny").fetch(tmp_path))
        assert max(fake.served_from) > 1_000_000


def test_a_wait_that_the_platform_asks_for_is_not_slept_here(tmp_path: Path) -> None:
    with playing() as fake:
        fake.faults.then("DownloadDataFiles", "429", retry_after_s=300)
        with pytest.raises(Unreachable) as caught:
            Kaggle("tiny").fetch(tmp_path)
        assert caught.value.retry_after_s == 300
        assert fake.count("DownloadDataFiles") == 1


def test_a_server_without_ranges_that_always_breaks_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.Identity, "of", classmethod(lambda cls, response: cls("", 2_999_999)))
    with playing(files=BIG) as fake:
        fake.faults.then("Storage", *["truncated"] * 50)
        with pytest.raises(Unreachable):
            Kaggle("tiny").fetch(tmp_path)
        assert fake.count("DownloadDataFiles") < 10


def test_a_part_of_another_version_is_thrown_away(tmp_path: Path) -> None:
    with playing(files=BIG) as fake:
        fake.faults.then("Storage", "truncated", *["reset"] * 6)
        with pytest.raises(Unreachable):
            Kaggle("tiny").fetch(tmp_path)
        fake.faults.clear()
        changed = {"big.bin": BIG["big.bin"][::-1], "new.csv": b"b\n"}
        repack(fake, changed)
        assert whole(Kaggle("tiny").fetch(tmp_path), changed)


def test_a_damaged_archive_is_told_and_fetched_anew(tmp_path: Path) -> None:
    with playing(files=BIG) as fake:
        good = fake.archive("tiny")
        fake._archives["tiny"] = good[:1_500_000] + b"\0\0\0\0" + good[1_500_004:]
        with pytest.raises(Unreachable, match="damaged"):
            Kaggle("tiny").fetch(tmp_path)
        assert not (tmp_path / "tiny").exists()
        fake._archives["tiny"] = good
        assert whole(Kaggle("tiny").fetch(tmp_path))


def test_an_address_whose_time_was_up_is_no_matter_of_rules(tmp_path: Path) -> None:
    with playing() as fake:
        fake.faults.then("Storage", *["403"] * 2)
        assert whole(Kaggle("tiny").fetch(tmp_path), FILES)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with playing(), pytest.raises(UserError, match="cannot be written"):
        Kaggle("tiny").fetch(tmp_path / "file")


def test_a_full_disk_is_told_and_the_next_attempt_goes_on(tmp_path: Path) -> None:
    part = tmp_path / ".tiny.part"
    part.mkdir()
    (part / "archive.part").symlink_to("/dev/full")
    with playing(files=BIG):
        with pytest.raises(UserError, match="disk is full"):
            Kaggle("tiny").fetch(tmp_path)
        (part / "archive.part").unlink()
        assert whole(Kaggle("tiny").fetch(tmp_path))


def test_room_for_the_unpacked_files_is_asked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(10, 9, 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with playing(files=BIG), pytest.raises(UserError, match=r"no room .* expected 3\.0 MB; found 1 bytes"):
        Kaggle("tiny").fetch(tmp_path)
    monkeypatch.undo()


def test_names_in_an_archive_do_not_lead_out(tmp_path: Path) -> None:
    with playing(files={"../../evil.csv": b"x", "ok.csv": b"y"}):
        folder = Kaggle("tiny").fetch(tmp_path / "a" / "b")
        assert not list(tmp_path.glob("evil.csv")) and not list((tmp_path / "a").glob("evil.csv"))
        assert (folder / "ok.csv").read_bytes() == b"y"


def test_the_deadline_and_metric_are_told_where_there_are_no_pages(tmp_path: Path) -> None:
    with playing(pages={}):
        text = (Kaggle("tiny").fetch(tmp_path) / "description.md").read_text()
        assert "Receiver Operating" in text
        assert "2099-01-01" in text

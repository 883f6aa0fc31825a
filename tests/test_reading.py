"""One rule for what a role may read on disk: in scope, plain, and reached through no link."""

from __future__ import annotations

from pathlib import Path

from podium.team.reading import is_plain, may_read, readable
from podium.team.roles import SCOPES

BUILDER = SCOPES["builder"]


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")


def test_what_the_scope_names_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "rounds/R01_plan.md",
        "knowledge/deep/notes.md",
        "runs/E001/solution.py",
        "checks/R01.json",
        "podium.db",
    ):
        write(tmp_path / name)
    assert readable(tmp_path, BUILDER) == ("knowledge/deep/notes.md", "rounds/R01_plan.md", "runs/E001/solution.py")
    assert readable(tmp_path, BUILDER, leave_out=("runs",)) == ("knowledge/deep/notes.md", "rounds/R01_plan.md")


def test_no_link_is_followed_be_it_the_file_or_a_folder_on_its_way(tmp_path: Path) -> None:
    write(tmp_path / "c" / "podium.db")
    write(tmp_path / "outside" / "secret.md")
    (tmp_path / "c" / "rounds").mkdir()
    (tmp_path / "c" / "rounds" / "R01_plan.md").symlink_to(tmp_path / "c" / "podium.db")
    (tmp_path / "c" / "knowledge").symlink_to(tmp_path / "outside")
    assert readable(tmp_path / "c", BUILDER) == ()
    assert not may_read(tmp_path / "c", BUILDER, "rounds/R01_plan.md")
    assert not may_read(tmp_path / "c", BUILDER, "knowledge/secret.md")


def test_folders_climbing_and_what_is_not_there_are_no_plain_files(tmp_path: Path) -> None:
    write(tmp_path / "a" / "file")
    assert is_plain(tmp_path, "a/file")
    assert not any(is_plain(tmp_path, path) for path in ("a", "a/none", "a/../a/file", "", "a/file/b", "a\0b"))

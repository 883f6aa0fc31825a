from __future__ import annotations

from pathlib import Path

from podium.platforms.folder import Folder
from podium.testing import platform_conformance


def test_folder_passes_the_conformance_suite(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("id,y\n1,2\n")
    platform_conformance.check(Folder(tmp_path, tmp_path / "outbox"), file, tmp_path)
    assert (tmp_path / "outbox" / "podium-conformance.csv").read_text() == file.read_text()

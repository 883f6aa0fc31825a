from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from podium.campaign.disk import told_plainly
from podium.errors import CampaignError
from podium.registry import Registry


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full"),
        (OSError("No space left on device (os error 28)"), "is full"),
        (sqlite3.OperationalError("database or disk is full"), "is full"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/c/runs/E001"),
            "the campaign folder /c cannot be written",
        ),
        (OSError(errno.EROFS, "Read-only file system"), "the campaign folder /c cannot be written"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "the campaign folder /c cannot be written"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/train.csv"), "/data/train.csv cannot be used"),
    ],
)
def test_what_the_user_can_mend_is_one_line_that_names_it(problem: Exception, said: str) -> None:
    with pytest.raises(CampaignError, match=said), told_plainly(Path("/c")):
        raise problem


@pytest.mark.parametrize("problem", [OSError(errno.EIO, "I/O error"), sqlite3.OperationalError("no such table: x")])
def test_any_other_error_is_a_bug_and_passes_through(problem: Exception) -> None:
    with pytest.raises(type(problem)), told_plainly(Path("/c")):
        raise problem


def test_a_full_disk_in_a_transaction_is_not_hidden_by_its_rollback(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    pages = registry.database.row("PRAGMA page_count")
    assert pages is not None
    registry.database.row(f"PRAGMA max_page_count={pages[0]}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        registry.set("much", "x" * 10_000_000)
    registry.set("little", 1)
    assert registry.setting("little") == 1, "the next transaction is its own"

"""A disk that is full or not ours is the user's to mend: one clear line, and nothing recorded is lost."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.errors import CampaignError

FULL = (errno.ENOSPC, errno.EDQUOT)
DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def told_plainly(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a CampaignError; any other error passes through."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise _full(folder) from problem
        if problem.errno in DENIED:
            raise _denied(folder, problem.strerror or str(problem)) from problem
        raise
    except sqlite3.OperationalError as problem:
        text = str(problem)
        if "full" in text:
            raise _full(folder) from problem
        if "readonly" in text or "unable to open" in text:
            raise _denied(folder, text) from problem
        raise


def _full(folder: Path) -> CampaignError:
    return CampaignError(
        f"the disk that holds {folder} is full",
        remedy="free some space, then give the same command: nothing recorded is lost",
    )


def _denied(folder: Path, why: str) -> CampaignError:
    return CampaignError(
        f"the campaign folder {folder} cannot be written ({why})", remedy="choose another with --campaign DIR"
    )

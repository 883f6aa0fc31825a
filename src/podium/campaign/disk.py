"""A disk that is full or not ours is the user's to mend: one clear line, and nothing recorded is lost."""

from __future__ import annotations

import errno
import os
import re
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
        number = problem.errno or _number_in(str(problem))
        if number in FULL:
            raise _full(folder) from problem
        if number in DENIED:
            why = problem.strerror or str(problem)
            raise (_denied(folder, why) if _is_inside(problem, folder) else _closed(problem, why)) from problem
        raise
    except sqlite3.OperationalError as problem:
        text = str(problem)
        if "full" in text:
            raise _full(folder) from problem
        if "readonly" in text or "unable to open" in text:
            raise _denied(folder, text) from problem
        raise


def _number_in(text: str) -> int | None:
    """The error number of an OSError that has none but in its words, as polars raises them."""
    found = re.search(r"\(os error (\d+)\)", text)
    return int(found.group(1)) if found else None


def _is_inside(problem: OSError, folder: Path) -> bool:
    """Whether it is about the campaign's folder, and not about a file of the user's elsewhere."""
    if not isinstance(problem.filename, (str, bytes)):
        return True
    named, home = Path(os.fsdecode(problem.filename)).absolute(), folder.absolute()
    return named.is_relative_to(home) or home.is_relative_to(named)


def _full(folder: Path) -> CampaignError:
    return CampaignError(
        f"the disk that holds {folder} is full",
        remedy="free some space, then give the same command: nothing recorded is lost",
    )


def _closed(problem: OSError, why: str) -> CampaignError:
    return CampaignError(
        f"{os.fsdecode(problem.filename)} cannot be used ({why})", remedy="give this user access to it"
    )


def _denied(folder: Path, why: str) -> CampaignError:
    return CampaignError(
        f"the campaign folder {folder} cannot be written ({why})", remedy="choose another with --campaign DIR"
    )

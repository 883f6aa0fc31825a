"""What a host takes out of a contest: all submissions with both scores, the leaderboard, the audit log.

It holds private scores: it is written on the server's machine for its host, and never served.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from podium.arena import names
from podium.arena.admin import ArenaAdmin
from podium.arena.service import ArenaService
from podium.arena.store import submissions
from podium.errors import UserError
from podium.records import to_json

PAGE = 1000
COLUMNS = (
    "id", "account", "tag", "message", "file_name", "sha256", "bytes", "at", "status", "error", "public_score",
    "private_score", "selected",
)  # fmt: skip


def export(admin: ArenaAdmin, slug: str, out: Path) -> list[Path]:
    """Three files in a folder that must not exist: `submissions.csv`, `leaderboard.json`, `audit.jsonl`.

    Raises NotFound, UserError.
    """
    board = ArenaService(admin.database, admin.places, clock=admin.clock).leaderboard(slug)
    try:
        out.mkdir(parents=True)
    except OSError as problem:
        raise UserError(
            f"{out} cannot be made ({problem.strerror})", remedy="name a new folder with --out"
        ) from problem
    people = {account.id: account.name for account, _ in admin.accounts()}
    with admin.database.read() as connection:
        kept = submissions.of_contest(connection, slug)
    files = [out / "submissions.csv", out / "leaderboard.json", out / "audit.jsonl"]
    _table(
        files[0],
        COLUMNS,
        ([people[one.account_id] if c == "account" else getattr(one, c) for c in COLUMNS] for one in kept),
    )
    files[1].write_text(json.dumps(to_json(board), indent=1, default=str))
    with files[2].open("w") as log:
        after = 0
        while lines := admin.log(slug, after, PAGE):
            log.writelines(json.dumps(to_json(line), default=str) + "\n" for line in lines)
            after = lines[-1].id
    return files


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV that people open in spreadsheets: what contestants wrote becomes no formula."""
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        for row in rows:
            writer.writerow([names.for_spreadsheet(cell) if isinstance(cell, str) else cell for cell in row])

"""A competition of MLE-bench as its `prepare` leaves it: `<data>/<id>/prepared/{public,private}`.

A folder `<id>/{public,private}` is read too, with `grade.py`, `meta.json` or `leaderboard.csv` beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError

LEADERBOARD = "leaderboard.csv"


@dataclass(frozen=True)
class Prepared:
    """`home`: the competition's folder, where a grader or a leaderboard may lie."""

    id: str
    home: Path
    public: Path

    @property
    def private(self) -> Path:
        """Where the answers are. For graders alone: no campaign is ever given it."""
        return self.public.parent / "private"


def find(folder: Path) -> list[Prepared]:
    """The competitions at `folder`: itself (also named by its `prepared` or `public` folder), or all that it holds.

    Raises UserError where there is none.
    """
    if not folder.is_dir():
        raise UserError(f"no such folder: {folder}", expected="<id>/prepared/public", remedy="check the path")
    folder = folder.resolve()
    home = folder.parent if folder.name == "public" else folder
    home = home.parent if home.name == "prepared" else home
    one = _at(home)
    found = [one] if one else [held for held in map(_at, sorted(folder.iterdir())) if held is not None]
    if not found:
        raise UserError(
            f"{folder} holds no prepared competition", expected="<id>/prepared/public, or a folder of such",
            remedy="run `mlebench prepare` first",
        )  # fmt: skip
    return found


def _at(home: Path) -> Prepared | None:
    for public in (home / "prepared" / "public", home / "public"):
        if public.is_dir():
            return Prepared(home.name, home, public)
    return None


__all__ = ["LEADERBOARD", "Prepared", "find"]

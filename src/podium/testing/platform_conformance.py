"""What every platform must do. Call `check(platform, file)` with a valid submission file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from podium.platforms.platform import Platform


def check(platform: Platform, file: Path, scratch: Path) -> None:
    """Raises AssertionError with what the platform got wrong."""
    public = platform.fetch(scratch)
    assert public.is_dir(), "fetch returns the folder with the public files"
    assert platform.settles_s >= 0, "how long the list may lag behind a send"
    before = platform.submissions() if platform.has_list else []
    quota = platform.quota()
    remote = platform.submit(file, "podium-conformance", "conformance")
    assert remote.tag == "podium-conformance", "the tag comes back as sent"
    if platform.has_list:
        listed = platform.submissions()
        assert len(listed) == len(before) + 1, "what was sent is listed, once"
        assert [s.tag for s in listed].count("podium-conformance") == 1, (
            "the list tells submissions apart by their tags"
        )
    after = platform.quota()
    assert (quota is None) == (after is None), "a quota does not come and go"
    if quota is not None and after is not None:
        assert after.left == quota.left - 1, "a submission uses up one of the quota"
        assert datetime.fromisoformat(after.resets_at).tzinfo is not None, (
            "the day's end is a moment, not a wall clock's"
        )
    assert isinstance(platform.select([remote.id]), bool), "the final selection is made, or is a person's"
    assert isinstance(platform.leaderboard(), list)

"""What every platform must do. Call `check(platform, file)` with a valid submission file."""

from __future__ import annotations

from pathlib import Path

from podium.platforms.platform import Platform


def check(platform: Platform, file: Path, scratch: Path) -> None:
    """Raises AssertionError with what the platform got wrong."""
    public = platform.fetch(scratch)
    assert public.is_dir(), "fetch returns the folder with the public files"
    before = platform.submissions()
    quota = platform.quota()
    remote = platform.submit(file, "podium-conformance", "conformance")
    assert remote.tag == "podium-conformance", "the tag comes back as sent"
    listed = platform.submissions()
    if platform.has_list:
        assert len(listed) == len(before) + 1, "what was sent is listed, once"
        assert [s.tag for s in listed].count("podium-conformance") == 1, (
            "the list tells submissions apart by their tags"
        )
    after = platform.quota()
    assert (quota is None) == (after is None), "a quota does not come and go"
    if quota is not None and after is not None:
        assert after.left == quota.left - 1, "a submission uses up one of the quota"
    assert isinstance(platform.leaderboard(), list)

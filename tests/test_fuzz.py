"""Broken competitions: one line, or data that can be played. Never anything else. `bench/fuzz.py` plays whole campaigns."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium import tasks
from podium.competition import audit, build, eda_markdown, intake
from podium.errors import UserError
from podium.testing import spoil


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 10**7))
def test_a_spoilt_competition_is_one_line_or_playable(number: int) -> None:
    with tempfile.TemporaryDirectory() as base, warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = Path(base) / "contest"
        what = spoil.case(folder, number)
        try:
            competition = intake(folder)
            tasks.for_competition(competition)
            dataset = build(competition, Path(base) / "data", seed=0)
        except UserError as refused:
            assert str(refused), what
            assert "\n" not in str(refused), what
            return
        found = audit(dataset.competition, dataset, seed=0)
        assert eda_markdown(dataset.competition, dataset, found).startswith("# "), what
        assert len(dataset.test), what


@pytest.mark.parametrize("kind", spoil.KINDS)
def test_the_whole_competitions_are_understood(kind: str, tmp_path: Path) -> None:
    spoil.KINDS[kind](tmp_path, 3)
    competition = intake(tmp_path)
    wanted = {"binary": "won", "configured": "won", "classes": "grade", "zipped": "grade"}.get(kind, "price")
    assert competition.target_columns == (wanted,)
    assert competition.id_column == "id"


def test_a_case_is_its_number(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        spoil.case(tmp_path / folder, 17)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()

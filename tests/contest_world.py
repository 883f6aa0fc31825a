"""Whole campaigns at the generated contests: what all of their tests do alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest

from podium.campaign.probes import probe_cost
from podium.cli import compose, main, making
from podium.testing.contests import Planted


def planted_by(make: Callable[[Path], Planted]) -> Any:
    """A module's fixture `planted`: its contest, made once."""

    @pytest.fixture(scope="module")
    def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
        return make(tmp_path_factory.mktemp("contest"))

    return planted


def played(
    planted: Planted, folder: Path, experiments: int, *, rows: bool = True, probed: bool = False, kernel: bool = False
) -> Path:
    """The folder of a campaign of so many experiments whose submission has the sample's header, with `rows` its rows too,
    and reaches what the contest asks.

    `probed`: with probes, which add a third (tests/test_zoo_kinds.py has them at every kind). `kernel`: its kernel is exported
    too, which runs it where it is made and compares.
    """
    campaign = making.open_or_create(
        str(planted.public), campaign=folder / "campaign", experiments=experiments, threads=1
    )
    with nullcontext() if probed else patch.object(probe_cost, "left_s", lambda engine, *, dear: 0.0):
        compose.run(campaign)
    given, asked = (
        pl.read_csv(path, infer_schema=False)
        for path in (campaign / "submission.csv", planted.public / "sample_submission.csv")
    )
    assert given.columns == asked.columns
    assert not rows or given[asked.columns[0]].equals(asked[asked.columns[0]])
    found = planted.score(campaign / "submission.csv")
    assert planted.met(campaign / "submission.csv"), f"{found:.3f}, asked {planted.reach:.3f}"
    if kernel:
        assert main.main(["export", str(campaign), "--as", "kernel", "-o", str(folder / "kernel")]) == 0
        assert "apart at most" in (folder / "kernel" / "README.md").read_text()
    return campaign

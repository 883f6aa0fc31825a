"""Serving new rows: they have no groups and no times of the campaign's own."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import probe_world
import pytest

from podium.campaign import phases, serve


@pytest.mark.parametrize("kind", ["grouped", "regression"])
def test_more_new_rows_than_the_campaign_has(kind: str, tmp_path: Path) -> None:
    engine = probe_world.engine_at(probe_world.competition(tmp_path, kind))
    probe_world.experiment(engine, probe_world.HONEST)
    phases.verdicts(engine, 1, phases.verify(engine, 1))
    features, _ = probe_world.signal(2 * engine.dataset.n_rows, seed=5)
    if kind == "grouped":
        features = features.with_columns(pl.lit(3).alias("user"))
    found = serve.predict(engine, features)
    assert found.height == 2 * engine.dataset.n_rows
    assert found["y"].is_finite().all()
    backwards = serve.predict(engine, features.reverse())
    assert backwards["y"].reverse().to_list() == pytest.approx(found["y"].to_list())
    engine.registry.close()

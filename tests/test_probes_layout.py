"""A cheap probe's rows: each block changes what it says and nothing else; the registry and the pages show what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.campaign.probes import probe_layout
from podium.campaign.probes.probe_layout import Asked, Builder
from podium.cli.experiment import shown
from podium.protocol import Column
from podium.records import Probed
from podium.registry import Registry

ROWS = np.array([5, 3, 8, 1, 9, 0])
SOURCE = pl.DataFrame(
    {
        "x": np.linspace(0.0, 9.0, 10),
        "n": np.arange(10),
        "c": ["a", "b", None, "a", "b", "a", "b", "a", "b", "a"],
        "code": [f"F/{k}/S" for k in range(10)],
        "flag": [True, False] * 5,
    }
)
SCHEMA = {
    "x": Column("x", "numeric", 10),
    "n": Column("n", "numeric", 10),
    "c": Column("c", "categorical", 2, missing=0.1),
    "code": Column("code", "code", 10),
    "flag": Column("flag", "boolean", 2),
}


def built(*calls: tuple[str, Any]) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    builder = Builder(SOURCE, ROWS, 0)
    for name, args in calls:
        getattr(builder, name)(*args)
    layout = builder.done()
    blocks = {name: layout.frame[at] for name, at in layout.blocks.items()}
    assert layout.frame.schema == SOURCE.schema
    assert len(layout.of) == layout.frame.height == layout.n_dealt + probe_layout.CANARIES
    return SOURCE[ROWS], blocks


def test_a_permuted_column_takes_its_values_from_other_rows_and_leaves_the_others_alone() -> None:
    base, blocks = built(("permuted", ({"x": ("x",), "two": ("n", "c")},)), ("all_permuted", ()))
    assert blocks["column:x"].drop("x").equals(base.drop("x"))
    assert sorted(blocks["column:x"]["x"]) == sorted(base["x"])
    together = blocks["column:two"].select("n", "c").rows()
    assert sorted(together, key=str) == sorted(base.select("n", "c").rows(), key=str)
    assert blocks["column:two"].drop("n", "c").equals(base.drop("n", "c"))
    assert all(
        sorted(blocks["all"][name].to_list(), key=str) == sorted(base[name].to_list(), key=str) for name in base.columns
    )


def test_continuous_columns_move_by_a_hair() -> None:
    base, blocks = built(("nudged", ()))
    moved = (blocks["jitter"]["x"] - base["x"]).abs()
    assert 0 < moved.max() < 1e-6  # type: ignore[operator]
    assert blocks["jitter"].drop("x").equals(base.drop("x"))


def test_strange_categories_keep_the_pattern_of_known_ones() -> None:
    base, blocks = built(("unseen", (SCHEMA, 4)))
    assert set(blocks["unseen"]["c"].drop_nulls()) == {"podium-unseen"}
    assert set(blocks["unseen"]["code"]) == {"F/9/S"}
    assert blocks["unseen"]["c"].null_count() == base.head(4)["c"].null_count()
    _, only = built(("unseen", (SCHEMA, 4, {"code"})))
    assert only["unseen"]["c"].to_list() == base.head(4)["c"].to_list()


def test_gaps_come_where_gaps_are_known() -> None:
    _, blocks = built(("missing", (SCHEMA, 3)))
    assert blocks["missing"]["c"].null_count() == 3
    assert blocks["missing"]["code"].null_count() == 0
    _, none = built(
        ("plain", ("base", ROWS)), ("missing", ({"x": SCHEMA["x"]}, 3)), ("unseen", ({"x": SCHEMA["x"]}, 3))
    )
    assert set(none) == {"base"}


def test_sides_are_exchanged_where_both_are_there() -> None:
    base, blocks = built(
        ("swapped", ("swap:0", Asked(("c",), ("code",)))), ("swapped", ("swap:1", Asked(("c",), ("gone",))))
    )
    assert blocks["swap:0"]["c"].to_list() == base["code"].to_list()
    assert "swap:1" not in blocks


def test_canaries_lie_behind_what_is_dealt() -> None:
    builder = Builder(SOURCE, ROWS, 0)
    builder.plain("base", ROWS)
    layout = builder.done()
    assert (layout.frame.tail(probe_layout.CANARIES)["x"] == 1e6).all()
    assert layout.frame.head(layout.n_dealt).equals(SOURCE[ROWS])
    assert list(layout.blocks) == ["base"]


@given(st.integers(1, 300), st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_every_column_is_permuted_in_one_block(n: int, telling: int) -> None:
    names = [f"c{k}" for k in range(n)]
    blocks = probe_layout.column_blocks(names, names[:telling][::-1])
    assert sorted(name for columns in blocks.values() for name in columns) == sorted(names)
    assert len(blocks) <= probe_layout.MOST_COLUMNS
    for name in names[:telling][::-1][: probe_layout.MOST_COLUMNS // 2]:
        assert blocks[name] == (name,)


@given(st.integers(1, 40), st.integers(1, 10**6))
@settings(max_examples=50, deadline=None)
def test_a_probe_is_bounded(blocks: int, n_valid: int) -> None:
    rows = probe_layout.block_rows(blocks, n_valid)
    assert 1 <= rows <= min(n_valid, probe_layout.LARGEST_BLOCK)
    assert rows * blocks <= probe_layout.MOST_ROWS


def probed(probe: str, outcome: Any, **detail: float) -> Probed:
    return Probed(probe, outcome, 0.5, 0.1, f"{probe} was looked at", detail)


@pytest.fixture
def finished(played: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(played, tmp_path / "c"))


def test_what_was_skipped_may_be_probed_later_and_what_was_probed_stands(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    registry.probes.add("E001", [probed("rerun", "skipped"), probed("twice", "passed")])
    registry.probes.add("E001", [probed("rerun", "warned"), probed("twice", "failed")])
    assert [(one.probe, one.outcome) for one in registry.probes.of("E001")] == [
        ("rerun", "warned"),
        ("twice", "passed"),
    ]
    assert registry.probes.counts() == {"rerun": {"warned": 1}, "twice": {"passed": 1}}
    assert registry.probes.odd(5) == ["E001"]
    assert [row["probe"] for row in registry.export()["probes"]] == ["rerun", "twice"]


def test_a_real_campaign_probes_all_and_shows_it(finished: Path) -> None:
    """Real models in the sandbox: nothing of the built-in team is accused."""
    from podium.report.page import render

    registry = Registry.open(finished)
    counts = registry.probes.counts()
    assert not any(outcome in found for found in counts.values() for outcome in ("failed", "warned"))
    assert counts["twice"] == counts["features"] == {"passed": 3}
    assert counts["shuffled"]["passed"] + counts["shuffled"].get("skipped", 0) >= 1
    values = shown(finished, registry, "E001")
    assert {one["probe"] for one in values["probes"]} >= {"twice", "features", "decoy"}
    page = render(finished)
    assert "What probes found" in page
    assert "rests on" in page
    registry.close()

"""Ratios, ranks, duels and intervals of `bench/peers`, against records made by hand."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCH = str(Path(__file__).parents[1] / "bench")
if BENCH not in sys.path:
    sys.path.append(BENCH)

from peers import compare, picture, summary  # noqa: E402


def record(system: str, data: str, score: float | None, seed: int = 0, **more: Any) -> compare.Record:
    """An AUC; on time, without resampled rows."""
    found = {
        "system": system, "data": data, "seed": seed, "time_s": 100.0, "cores": 2, "metric": "auc", "higher": True,
        "optimum": 1.0, "score": score, "in_time": score, "first_s": None if score is None else 50.0, "killed": False,
        "versions": [] if score is None else [(50.0, score)], "past_s": 0.0, "wall_s": 99.0, "cpu_s": 99.0, "peak_mb": 500,
        "others_s": 0.0, "resampled": None,
    }  # fmt: skip
    return {**found, **more}


def test_ratios_are_of_distances_to_the_optimum() -> None:
    block = {name: record(name, "d", score) for name, score in (("a", 0.9), ("b", 0.8), ("c", None), ("d", 0.0))}
    assert compare.ratios(block) == {"a": 1.0, "b": pytest.approx(2.0), "c": None, "d": pytest.approx(10.0)}
    perfect = {name: record(name, "d", score) for name, score in (("a", 1.0), ("b", 0.99), ("c", 1.0))}
    assert compare.ratios(perfect) == {"a": 1.0, "b": compare.MOST, "c": 1.0}


def test_ranks_average_ties_and_put_what_failed_last() -> None:
    block = {name: record(name, "d", s) for name, s in (("a", 0.9), ("b", 0.9), ("c", 0.5), ("e", None), ("f", None))}
    assert compare.ranks(block) == {"a": 1.5, "b": 1.5, "c": 3.0, "e": 4.5, "f": 4.5}


@given(st.lists(st.one_of(st.none(), st.sampled_from([0.1, 0.5, 0.9])), min_size=1, max_size=6))
def test_ranks_always_sum_to_the_same(scores: list[float | None]) -> None:
    block = {str(i): record(str(i), "d", score) for i, score in enumerate(scores)}
    assert sum(compare.ranks(block).values()) == pytest.approx(len(scores) * (len(scores) + 1) / 2)


def test_lower_is_better_where_the_metric_says_so() -> None:
    loss: dict[str, Any] = {"metric": "log_loss", "higher": False, "optimum": 0.0}
    block = {"a": record("a", "d", 0.4, **loss), "b": record("b", "d", 0.3, **loss)}
    assert compare.ranks(block) == {"a": 2.0, "b": 1.0}
    assert compare.outcome({0: block}, "b", "a") == 1.0


def test_a_gap_smaller_than_its_noise_is_a_tie() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(0.8, 0.1, 400)  # the draw of test rows, which both feel alike
    mine, other = (list(shared + rng.normal(0.0, 0.01, 400)) for _ in range(2))  # the gap's own error: 0.014

    def outcome(score: float, ties: bool = True) -> float:
        block = {"a": record("a", "d", score, resampled=mine), "b": record("b", "d", 0.8, resampled=other)}
        return compare.outcome({0: block}, "a", "b", ties=ties)

    assert [outcome(0.81), outcome(0.83), outcome(0.79), outcome(0.77)] == [0.5, 1.0, 0.5, 0.0]
    assert [outcome(0.81, ties=False), outcome(0.79, ties=False), outcome(0.8, ties=False)] == [1.0, 0.0, 0.5]


def test_seeds_that_disagree_are_noise_too() -> None:
    def seeds(*scores: float) -> dict[int, compare.Block]:
        return {i: {"a": record("a", "d", s, i), "b": record("b", "d", 0.8, i)} for i, s in enumerate(scores)}

    assert compare.outcome(seeds(0.82, 0.79, 0.80), "a", "b") == 0.5
    assert compare.outcome(seeds(0.82, 0.83, 0.82), "a", "b") == 1.0
    pairs = [(block["a"], block["b"]) for block in seeds(0.82, 0.80).values()]
    assert compare.noise(pairs, [0.02, 0.0]) == pytest.approx(0.01)


def test_what_failed_loses_its_seed() -> None:
    first = {"a": record("a", "d", 0.9), "b": record("b", "d", None)}
    seeds = {0: first, 1: {"a": record("a", "d", 0.7, 1), "b": record("b", "d", 0.8, 1)}}
    assert compare.outcome(seeds, "a", "b") == 0.5 and compare.outcome(seeds, "b", "a") == 0.5
    late = {0: {"a": record("a", "d", 0.9, in_time=None), "b": record("b", "d", 0.8)}}
    assert compare.outcome(late, "a", "b") == 1.0 and compare.outcome(late, "a", "b", in_time=True) == 0.0


def test_a_win_rate_is_over_competitions_with_its_bootstrap() -> None:
    scores = [("w", 0.9)] * 9 + [("l", 0.1)] * 3
    rows = [record("a", f"d{i}", score) for i, (_, score) in enumerate(scores)]
    rows += [record("b", f"d{i}", 0.5) for i in range(12)] + [record("b", "alone", 0.5)]
    share = compare.duel(rows, "a", "b")
    assert share is not None and (share.mean, share.wins, share.ties, share.losses) == (0.75, 9, 0, 3)
    # the exact percentiles of a binomial of 12 draws at 3/4
    tail = [sum(math.comb(12, k) * 0.75**k * 0.25 ** (12 - k) for k in range(n + 1)) for n in range(13)]
    exact = [next(n for n in range(13) if tail[n] >= q) / 12 for q in (0.025, 0.975)]
    assert [share.low, share.high] == pytest.approx(exact, abs=1e-9)
    assert compare.duel(rows, "a", "nobody") is None


def test_ranks_are_of_blocks_that_all_have_played() -> None:
    rows = [record("a", "d", 0.9), record("b", "d", 0.8), record("a", "half", 0.1), record("a", "d", 0.2, seed=1)]
    found = summary.of(rows, ["a", "b"])
    assert found["blocks"] == 1 and list(found["data"]) == ["d"]
    assert found["systems"]["a"]["rank"] == 1.0 and found["systems"]["a"]["cells"] == 3
    assert found["systems"]["b"]["ratio"] == pytest.approx(2.0)


def test_tables_tell_who_failed_and_who_was_late() -> None:
    rows = [record("podium", "d", 0.9), record("podium", "e", 0.9, past_s=1.9)]
    rows += [record("flaml", "d", None), record("flaml", "e", 0.8, past_s=2.1)]
    found = summary.of(rows, ["podium", "flaml"])
    assert (found["systems"]["flaml"]["failed"], found["systems"]["flaml"]["late"]) == (1, 1)
    assert found["systems"]["podium"]["late"] == 0
    lines = summary.tell(found)
    assert any("–" in line and line.startswith("d ") for line in lines)
    assert "100% [100%, 100%] 2-0-0" in lines[-1]


def test_the_curve_begins_at_nothing_and_ends_at_the_ratio() -> None:
    steps = [(10.0, 0.6), (60.0, 0.9)]
    block = {"podium": record("podium", "<d>", 0.9, versions=steps), "flaml": record("flaml", "<d>", 0.8)}
    assert picture.curve([block], "podium", [0, 10, 59, 60]) == pytest.approx([0.0, 0.25, 0.25, 1.0])
    assert picture.curve([block], "flaml", [49, 50, 100]) == pytest.approx([0.0, 0.5, 0.5])
    failed = record("podium", "e", None)
    drawn = picture.plot(
        [*block.values(), failed, record("flaml", "e", 0.5)], ["podium", "flaml"], {"podium": "P & co"}
    )
    root = ElementTree.fromstring(drawn)
    assert len([line for line in root if line.tag.endswith("polyline")]) == 2
    ElementTree.fromstring(picture.plot([], ["podium"], {}))

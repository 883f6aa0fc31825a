"""What a machine can afford: one finding, from the recipes' own formula."""

from __future__ import annotations

from dataclasses import replace

from podium.campaign.affordable import affordable
from podium.protocol import Column
from podium.records import Competition, DataFacts, Hardware

COMPETITION = Competition(
    "toy", ".", "binary_classification", "auc", "higher", ("y",), "id", ("id", "y"), "probability", ("0", "1")
)
FACTS = DataFacts(10_000, 500, 4_000, 5, tuple(Column(f"x{i}", "numeric", 9_000) for i in range(20)), 1, 2)


def test_seconds_and_memory_grow_with_the_data() -> None:
    (small,) = affordable(COMPETITION, FACTS, Hardware(2, 8000))
    (large,) = affordable(COMPETITION, replace(FACTS, n_train=1_000_000, n_test=500_000), Hardware(2, 8000))
    assert small.check == large.check == "hardware" and small.severity == "info"
    assert "2 cores, 7.8 GB" in small.message and "5 folds of 8,000 rows × 20 columns" in small.message
    assert (large.figure or 0) > 10 * (small.figure or 1)


def test_too_little_memory_is_warned_of() -> None:
    (found,) = affordable(COMPETITION, replace(FACTS, n_train=5_000_000), Hardware(2, 1000, ("a GPU",)))
    assert found.severity == "warn" and "does not fit into memory" in found.message and "1 GPU" in found.message


def test_the_same_machine_gives_the_same_figures() -> None:
    assert affordable(COMPETITION, FACTS, Hardware(2, 8000)) == affordable(COMPETITION, FACTS, Hardware(2, 8000))

"""Seconds that every metric takes, on generated data of a size a large competition has.

    python bench/metrics.py [--rows 1000000] [--only NAME …] [--json]

Rows are units: rows of a table, users with 10 ranked items, texts, images of 64 x 64 pixels (a hundredth as many),
images with 5 boxes and 10 detections (a hundredth as many). The best of two calls counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from podium import metrics
from podium.metrics.metric import Metric
from podium.metrics.shapes import Boxes, Masks, Ranking, Series, Text, Tokens

COMPOSED = ("mean:qwk", "sum:0.5*auc+0.5*average_precision")
THRESHOLDS = "crps@0:19"  # of the 600 that a competition had, 20: the time goes with their number
FEWER = {"masks": 100, "boxes": 100}  # how many rows make one image
CLASSES, TARGETS, ITEMS = 5, 3, 10
Pair = tuple[Any, Any]


def labels(rng: np.random.Generator, n: int) -> Pair:
    truth = rng.integers(0, CLASSES, n)
    return truth, np.where(rng.random(n) < 0.7, truth, rng.integers(0, CLASSES, n))


def label_sets(rng: np.random.Generator, n: int) -> Pair:
    truth = rng.integers(0, 2, (n, CLASSES))
    return truth, np.where(rng.random((n, CLASSES)) < 0.7, truth, 1 - truth)


def probabilities(rng: np.random.Generator, n: int) -> Pair:
    weights = rng.random((n, CLASSES))
    return rng.integers(0, CLASSES, n), weights / weights.sum(axis=1, keepdims=True)


def scores(rng: np.random.Generator, n: int) -> Pair:
    truth = rng.integers(0, 2, n)
    return truth, rng.random(n) + 0.3 * truth


def values(rng: np.random.Generator, n: int) -> Pair:
    truth = np.exp(rng.normal(size=n))
    return truth, truth * np.exp(0.3 * rng.normal(size=n))


def rankings(rng: np.random.Generator, n: int) -> Pair:
    wanted = Ranking(rng.integers(0, 50_000, 3 * n), np.arange(0, 3 * n + 1, 3))
    given = rng.integers(0, 50_000, (n, ITEMS))
    given[:, 4] = wanted.items[::3]
    return wanted, Ranking(given.reshape(-1), np.arange(0, ITEMS * n + 1, ITEMS))


def texts(rng: np.random.Generator, n: int) -> Pair:
    words = np.array(["a", "model", "of", "the", "world", "scores", "text", "by", "its", "words"])
    picks = rng.integers(0, len(words), (n, 5))
    changed = np.where(rng.random((n, 5)) < 0.3, (picks + 1) % len(words), picks)
    return tuple(Text(tuple(" ".join(row) for row in words[side].tolist())) for side in (picks, changed))  # type: ignore[return-value]


def masks(rng: np.random.Generator, n: int) -> Pair:
    truth = rng.random((n, 64, 64)) < 0.3
    return Masks.from_array(truth), Masks.from_array(truth ^ (rng.random((n, 64, 64)) < 0.05))


def boxes(rng: np.random.Generator, n: int) -> Pair:
    low = rng.random((5 * n, 2)) * 500
    corners = np.hstack([low, low + 20 + 60 * rng.random((5 * n, 2))])
    truth = Boxes.of(np.repeat(np.arange(n), 5), rng.integers(0, 3, 5 * n), corners, n)
    twice = np.tile(np.arange(5 * n), 2)
    near = truth.corners[twice] + 3 * rng.normal(size=(10 * n, 4))
    return truth, Boxes.of(truth.image[twice], truth.label[twice], near, n, rng.random(10 * n))


def distributions(rng: np.random.Generator, n: int) -> Pair:
    return rng.integers(0, 20, n), np.sort(rng.random((n, 20)), axis=1)


def forecasts(rng: np.random.Generator, n: int) -> Pair:
    truth, given = values(rng, n)
    series = np.arange(n) // 28
    return Series.of(truth, series, 1.0 + series % 7, 1.0 + series % 3), given


SHAPES: dict[str, Callable[[np.random.Generator, int], Pair]] = {
    "label": labels, "probability": probabilities, "score": scores, "value": values, "ranking": rankings, "text": texts,
    "masks": masks, "boxes": boxes, "distribution": distributions, "samples": distributions,
}  # fmt: skip


def case(metric: Metric, rng: np.random.Generator, n: int) -> Pair:
    """Truth and prediction of n rows that this metric takes."""
    if metric.name == "crps_normal":
        truth, given = values(rng, n)
        return truth, np.column_stack([given, np.ones(n)])
    if metric.needs == "quantiles":
        truth, given = values(rng, n)
        return truth, np.column_stack([(0.5 + float(q)) * given for q in metric.name.partition("@")[2].split(",")])
    if metric.name == "bits_per_byte":
        codes, table = probabilities(rng, n)
        return Tokens(codes, np.ones(n, dtype=np.int64)), table
    if metric.name == "f1_samples" or metric.name.startswith("fbeta_samples"):
        return label_sets(rng, n)
    if metric.name.startswith("mean:"):
        pairs = [labels(rng, n) for _ in range(TARGETS)]
        return tuple(np.column_stack([pair[side] for pair in pairs]) for side in (0, 1))  # type: ignore[return-value]
    if metric.task_types == ("forecasting",):
        return forecasts(rng, n)
    return SHAPES[metric.needs](rng, max(n // FEWER.get(metric.needs, 1), 10))


def every_name() -> list[str]:
    """Every metric, one of each family, and two compositions."""
    families = [THRESHOLDS if name.startswith("crps@") else name.replace("@5", "@10") for name in metrics.families()]
    return [*metrics.names(), *families, *COMPOSED]


def measure(name: str, rows: int) -> dict[str, Any]:
    """The metric's best time of two calls, in seconds, and the units it scored."""
    metric = metrics.get(name)
    truth, prediction = case(metric, np.random.default_rng(0), rows)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        value = metric.function(truth, prediction)
        seconds.append(time.perf_counter() - start)
    return {
        "metric": name,
        "needs": metric.needs,
        "units": len(truth),
        "seconds": round(min(seconds), 4),
        "score": value,
    }


def main() -> None:
    """Measure, and print a table or one JSON document."""
    parser = argparse.ArgumentParser(description="Seconds that every metric takes.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", default=every_name())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = [measure(name, options.rows) for name in options.only]
    if options.json:
        print(json.dumps({"schema_version": 1, "rows": options.rows, "metrics": found}))
        return
    print(f"{'metric':36}{'needs':14}{'units':>10}{'seconds':>10}{'score':>12}")
    for row in found:
        print(f"{row['metric']:36}{row['needs']:14}{row['units']:10}{row['seconds']:10.3f}{row['score']:12.4f}")


if __name__ == "__main__":
    main()

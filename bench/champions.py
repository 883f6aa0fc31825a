"""False champions and missed ones, rule by rule: `python bench/champions.py [--streams 2000] [--learners 60]`.

First table: streams of 100 challengers by simulation. A stream's p-values come from normal z-scores that share the
champion's own luck (or do not); challengers are all equal to the champion (null), or mostly worse, as in campaigns, with
five that are four standard errors better (real), or one such after sixty (late). Shown: the share of streams with a false
champion, and the share of truly better challengers that are found.

Second table: the paired test on out-of-fold rows against the corrected resampled t-test (Nadeau and Bengio 2003), on real
learners: the same forest with another seed (the truth is "no better"), and a larger one (the truth is "better").
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics import get
from podium.metrics.uncertainty import difference, upper_tail
from podium.referee.significance import ALPHA, Paired, is_champion

Floats = NDArray[np.float64]
Rule = Callable[[Sequence[float]], list[bool]]
N = 100


def ours(stream: Sequence[float]) -> list[bool]:
    return [is_champion(Paired(1.0, 1.0, p), stream[:at]) for at, p in enumerate(stream)]


def over_tried(stream: Sequence[float]) -> list[bool]:
    return [p <= ALPHA / (at + 1) for at, p in enumerate(stream)]


def bonferroni(stream: Sequence[float]) -> list[bool]:
    """Which must know that a hundred will come."""
    return [p <= ALPHA / N for p in stream]


def spending(stream: Sequence[float]) -> list[bool]:
    """Levels that fall as 1 / n²: plain alpha-spending."""
    return [p <= ALPHA * 6 / math.pi**2 / (at + 1) ** 2 for at, p in enumerate(stream)]


def lord(stream: Sequence[float]) -> list[bool]:
    """LORD++ (Ramdas et al. 2017): false discovery rate, wealth regained by each discovery."""
    j = np.arange(1, N + 1)
    share = 0.0722 * np.log(np.maximum(j, 2)) / (j * np.exp(np.sqrt(np.log(j))))
    won: list[int] = []
    for at, p in enumerate(stream):
        level = share[at] * ALPHA / 2
        level += ALPHA / 2 * share[at - won[0] - 1] if won else 0.0
        level += ALPHA * sum(share[at - w - 1] for w in won[1:])
        if p <= level:
            won.append(at)
    return [at in won for at in range(len(stream))]


RULES: dict[str, Rule] = {
    "none (p <= 5 %)": lambda stream: [p <= ALPHA for p in stream],
    "5 % / number so far": over_tried,
    "Bonferroni over 100": bonferroni,
    "alpha-spending 1/n²": spending,
    "LORD++": lord,
    "ADDIS-spending (ours)": ours,
}


def stream(kind: str, shared: float, rng: np.random.Generator) -> tuple[list[float], NDArray[np.bool_]]:
    """p-values of 100 challengers in order, and which are truly better."""
    gains = np.zeros(N)
    if kind != "null":
        gains = np.where(rng.random(N) < 0.8, -rng.gamma(2.0, 1.5, N), 0.0)
    if kind == "real":
        gains[rng.choice(N, 5, replace=False)] = 4.0
    if kind == "late":
        gains[rng.integers(60, N)] = 4.0
    z = gains + math.sqrt(1 - shared) * rng.normal(size=N) - math.sqrt(shared) * rng.normal()
    return [upper_tail(float(one)) for one in z], gains > 0


def multiplicity(streams: int) -> None:
    print(f"{'rule':<24} " + " ".join(f"{kind:>14}" for kind in ("null", "null, shared", "real", "late")))
    for name, rule in RULES.items():
        cells = []
        for kind, shared in (("null", 0.0), ("null", 0.5), ("real", 0.5), ("late", 0.5)):
            rng, false, found = np.random.default_rng(1), [], []
            for _ in range(streams):
                ps, better = stream(kind, shared, rng)
                crowned = np.array(rule(ps))
                false.append(bool((crowned & ~better).any()))
                found += crowned[better].tolist()
            cells.append(f"{np.mean(false):.3f}" + (f" / {np.mean(found):.2f}" if found else ""))
        print(f"{name:<24} " + " ".join(f"{cell:>14}" for cell in cells), flush=True)


def oof(x: Floats, y: NDArray[Any], fold_of: NDArray[np.int64], trees: int, seed: int) -> Floats:
    from sklearn.ensemble import ExtraTreesClassifier

    out = np.zeros((len(y), 1))
    for fold in range(5):
        model = ExtraTreesClassifier(trees, random_state=1000 * seed + fold, min_samples_leaf=3)
        model.fit(x[fold_of != fold], y[fold_of != fold])
        out[fold_of == fold, 0] = model.predict_proba(x[fold_of == fold])[:, 1]
    return out


def nadeau_bengio(y: NDArray[Any], a: Floats, b: Floats, fold_of: NDArray[np.int64]) -> float:
    """One-sided p of "a is no better than b" by log loss, from five fold differences."""
    metric = get("log_loss")
    rows = [fold_of == fold for fold in range(5)]
    gains = np.array([metric.function(y[r], b[r]) - metric.function(y[r], a[r]) for r in rows])
    stderr = math.sqrt((1 / 5 + 1 / 4) * float(gains.var(ddof=1)))
    return upper_tail(float(gains.mean()) / stderr, 4.0) if stderr > 0 else 1.0


def learners(sets: int) -> None:
    """Rates of p <= 5 % and p <= 0.5 % over generated data sets of 600 rows."""
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(600, 8))
        y = (rng.random(600) < 1 / (1 + np.exp(-2 * x[:, 0] * x[:, 1] - x[:, 2]))).astype(np.int64)
        fold_of = rng.permutation(600) % 5
        base = oof(x, y, fold_of, 8, seed)
        for truth, trees in (("another seed", 8), ("better: 40 trees", 40)):
            other = oof(x, y, fold_of, trees, seed + 500)
            rows = difference(get("log_loss"), y, other, base).p_positive()
            found.setdefault((truth, "paired rows"), []).append(rows)
            found.setdefault((truth, "Nadeau-Bengio"), []).append(nadeau_bengio(y, other, base, fold_of))
    print(f"\n{'truth':<20} {'test':<16} {'p <= 5 %':>10} {'p <= 0.5 %':>12}")
    for (truth, test), ps in found.items():
        rates = np.mean(np.array(ps)[:, None] <= [0.05, 0.005], axis=0)
        print(f"{truth:<20} {test:<16} {rates[0]:>10.2f} {rates[1]:>12.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--learners", type=int, default=60)
    asked = parser.parse_args()
    multiplicity(asked.streams)
    if asked.learners:
        learners(asked.learners)
    return 0


if __name__ == "__main__":
    sys.exit(main())

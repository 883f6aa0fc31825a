"""Forecasting with level shifts: in most series, a few weeks before the end, and promotions that are known of the future.

Who takes the mean of the past misses the shift; who takes the last week misses which days have a promotion.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.testing.contests import Planted

SHOPS, DAYS, AHEAD = 24, 140, 14
SHIFTED, FACTOR = 0.7, 1.9
LIFT, OFTEN, NOISE = 1.7, 0.25, 0.05
WEEK = np.array([0.8, 0.85, 0.9, 1.0, 1.1, 1.3, 1.05])

Floats = NDArray[np.float64]
ABOUT = """# Days ahead

Forecast the next 14 values of each of 24 shops. train.csv is long: shop, day (1, 2, ...), promo, sales. Promotions of the days
ahead are known: test.csv has them.

## Evaluation

Submissions are evaluated on SMAPE between forecasts and actual values.

## Submission File

A header and a row a row of test: `id,sales`.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    rng = np.random.default_rng(seed)
    public = folder / "public"
    public.mkdir(parents=True)
    total = DAYS + AHEAD
    promo = (rng.random((SHOPS, total)) < OFTEN).astype(np.int64)
    level = np.repeat(rng.lognormal(4.0, 0.6, SHOPS)[:, None], total, axis=1)
    for shop in np.flatnonzero(rng.random(SHOPS) < SHIFTED):
        level[shop, DAYS - int(rng.integers(18, 26)) :] *= FACTOR
    sales = level * WEEK[np.arange(total) % 7] * LIFT**promo * np.exp(NOISE * rng.standard_normal((SHOPS, total)))
    shops = [f"shop{k:02d}" for k in range(SHOPS)]
    past, ahead = slice(0, DAYS), slice(DAYS, total)
    pl.DataFrame({
        "shop": np.repeat(shops, DAYS), "day": np.tile(np.arange(1, DAYS + 1), SHOPS),
        "promo": promo[:, past].ravel(), "sales": sales[:, past].ravel().round(2),
    }).write_csv(public / "train.csv")  # fmt: skip
    ids = [f"{shop}_{h}" for shop in shops for h in range(1, AHEAD + 1)]
    pl.DataFrame({
        "id": ids, "shop": np.repeat(shops, AHEAD), "horizon": np.tile(np.arange(1, AHEAD + 1), SHOPS),
        "promo": promo[:, ahead].ravel(),
    }).write_csv(public / "test.csv")  # fmt: skip
    pl.DataFrame({"id": ids, "sales": np.zeros(len(ids))}).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(ABOUT)
    hidden = dict(zip(ids, sales[:, ahead].ravel().tolist(), strict=True))
    (folder / "private").mkdir()
    pl.DataFrame({"id": ids, "sales": list(hidden.values())}).write_csv(folder / "private" / "answers.csv")

    def score(path: Path) -> float:
        given = pl.read_csv(path)
        truth = np.array([hidden[name] for name in given["id"].to_list()])
        return smape(truth, given["sales"].to_numpy())

    last_week = np.tile(sales[:, DAYS - 7 : DAYS], AHEAD // 7)
    naive = smape(sales[:, ahead], last_week)
    return Planted(
        public, score, False, naive, 9.0, "level shifts shortly before the end, promotions known of the future"
    )


def smape(truth: Floats, found: Floats) -> float:
    """200 |p - t| / (|p| + |t|), the mean over points."""
    return float((200.0 * np.abs(found - truth) / np.maximum(np.abs(found) + np.abs(truth), 1e-12)).mean())

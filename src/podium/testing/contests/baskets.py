"""Recommendation: which three things each customer buys next, where many buy the same again and some are new.

Planted: half of the customers rebuy from a basket of their own, whatever is popular; those without a history (about one in
seven of those asked) take what is bought in their region. Who leaves out what was had before, or ignores the customers'
table, falls behind.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from podium.metrics import get
from podium.metrics.shapes import Ranking
from podium.testing.contests import Planted

CUSTOMERS, ITEMS, REGIONS, EVENTS, HELD, NEW = 330, 60, 4, 12, 3, 0.15
K = 5
NAIVE, REACH = 0.325, 0.46  # what is bought in the region, nothing of one's own again; own baskets and regions seen

DESCRIPTION = f"""# Baskets

Recommend products. The last {HELD} purchases of each customer in test are hidden: those products are relevant. Some customers
are new: nothing of them is in train.

## Files

`train.csv` (purchases), `customers.csv`, `sample_submission.csv`

## Metric

**MAP@{K}** - mean average precision at {K} over customers.

## Submission

`customer_id,products`: up to {K} products separated by spaces, best first.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    """A contest of {CUSTOMERS} customers in `folder`."""
    rng = np.random.default_rng([seed, 808])
    public = folder / "public"
    public.mkdir(parents=True, exist_ok=True)
    region = rng.integers(0, REGIONS, CUSTOMERS)
    bought = _purchases(rng, region)
    new = rng.random(CUSTOMERS) < NEW
    names = rng.permutation(10_000)[:ITEMS].astype(str)
    ids = rng.permutation(90_000)[:CUSTOMERS] + 10_000
    asked = np.sort(np.concatenate([np.flatnonzero(new), rng.permutation(np.flatnonzero(~new))[:160]]))
    rows = [
        (int(ids[customer]), 19_000 + int(day), names[item])
        for customer in np.flatnonzero(~new)
        for day, item in enumerate(bought[customer][: EVENTS - (HELD if customer in asked else 0)])
    ]
    frame = pl.DataFrame(rows, schema=["customer_id", "day", "product_id"], orient="row")
    frame.sort("day", maintain_order=True).write_csv(public / "train.csv")
    pl.DataFrame({"customer_id": ids, "region": [f"R{one}" for one in region]}).write_csv(public / "customers.csv")
    common = " ".join(frame["product_id"].value_counts(sort=True)["product_id"].head(K).to_list())
    sample = pl.DataFrame({"customer_id": ids[asked], "products": [common] * len(asked)})
    sample.write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(DESCRIPTION)
    relevant = [" ".join(dict.fromkeys(names[bought[one][-HELD:]])) for one in asked]
    answers = folder / "answers.csv"
    pl.DataFrame({"customer_id": ids[asked], "products": relevant}).write_csv(answers)
    return Planted(
        public, partial(_score, answers), True, NAIVE, REACH, "repeat purchases, and customers without a history"
    )


def _purchases(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """Items `(customers, EVENTS)`, oldest first: of a basket of one's own, or of the region."""
    taste = rng.dirichlet(np.full(ITEMS, 0.08), REGIONS)
    repeats = rng.random(len(region)) < 0.5
    out = np.empty((len(region), EVENTS), dtype=np.int64)
    for customer, (where, again) in enumerate(zip(region, repeats, strict=True)):
        own = rng.choice(ITEMS, 3, replace=False)
        regional = rng.choice(ITEMS, EVENTS, p=taste[where])
        out[customer] = np.where(again & (rng.random(EVENTS) < 0.85), own[rng.integers(0, 3, EVENTS)], regional)
    return out


def _score(answers: Path, submission: Path) -> float:
    told = pl.read_csv(answers, infer_schema=False)
    given = pl.read_csv(submission, infer_schema=False)
    both = told.join(given, on="customer_id", how="left", suffix="_given")
    truth = Ranking.from_strings(both["products"].to_list())
    return get(f"map@{K}")(truth, Ranking.from_strings(both["products_given"].fill_null("").to_list()))

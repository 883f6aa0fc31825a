"""Several labels in a cell, scored by macro F1.

Planted: most labels are rare, and told by a little more than chance. Where a label is put down only when it is likelier than
not, the rare ones are never put down.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from podium.competition.label_cells import CellForm, bits_of
from podium.metrics import get
from podium.testing.contests import Planted

TRAIN, ASKED = 500, 400
LABELS = ("oak", "fern", "moss", "reed", "larch")
SHIFT = (0.0, -1.6, -2.0, -2.2, -2.4)  # log-odds of a label where nothing is known
FORM = CellForm("; ", none="none")
NAIVE, REACH = 0.36, 0.42  # logistic regression at one half; thresholds that serve the rare

DESCRIPTION = """# Plots of land

Which plants grow there? A plot may have several.

## Target

`plants`

## Metric

**Macro F1** - unweighted mean of the F1 of each plant.

## Submission

`id,plants`: names apart by semicolons, `none` where there is none.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    """A contest of plants in `folder`."""
    rng = np.random.default_rng([seed, 611])
    public = folder / "public"
    public.mkdir(parents=True, exist_ok=True)
    n = TRAIN + ASKED
    soil = rng.normal(size=(n, len(LABELS)))
    odds = 1.1 * soil + 0.5 * np.roll(soil, 1, axis=1) + np.array(SHIFT)
    bits = rng.random((n, len(LABELS))) < 1.0 / (1.0 + np.exp(-odds))
    cells = [FORM.join([LABELS[at] for at in np.flatnonzero(row)]) for row in bits]
    frame = pl.DataFrame(
        {
            "id": rng.permutation(9000)[:n] + 1000,
            **{f"soil_{k}": soil[:, k].round(4) for k in range(len(LABELS))},
            "plants": cells,
        }
    )
    train, test = frame.head(TRAIN), frame.tail(ASKED)
    train.write_csv(public / "train.csv")
    test.drop("plants").write_csv(public / "test.csv")
    test.select("id", pl.lit("none").alias("plants")).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(DESCRIPTION)
    test.write_csv(folder / "answers.csv")
    return Planted(
        public, partial(_score, folder / "answers.csv"), True, NAIVE, REACH, "rare labels want low thresholds"
    )


def _score(answers: Path, submission: Path) -> float:
    told = pl.read_csv(answers)
    given = pl.read_csv(submission).rename({"plants": "given"})
    both = told.join(given, on="id", how="left")
    truth, said = (bits_of(both[name].to_list(), LABELS, FORM).astype(np.int64) for name in ("plants", "given"))
    return get("f1_macro")(truth, said)
